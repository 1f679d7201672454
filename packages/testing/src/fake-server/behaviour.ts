/**
 * What a fake server does with a request: a function, so that a test can write its own in a line and build on those
 * of the kit.
 */
import type { FakeConnection } from './connection.ts'
import type { FakeRequest } from './request.ts'

/** What a behaviour may return: nothing, or the behaviour to go on with. */
// biome-ignore lint/suspicious/noConfusingVoidType: a behaviour that returns nothing is the usual one
export type Continuation = void | Behaviour

/**
 * Called with each request as soon as its head is there; the body is read by `request.readBody()` or `request.pieces()`,
 * and whatever of it is left afterwards is read by the server.
 *
 * A behaviour may return another one to go on with: `request => (request.target === '/' ? answer() : stall('before-head'))`.
 */
export interface Behaviour {
  (request: FakeRequest, connection: FakeConnection): Continuation | Promise<Continuation>
  /** Called instead, as soon as a connection is accepted: no request is parsed on it. */
  readonly onAccept?: (connection: FakeConnection) => void | Promise<void>
}
