/** The seam between an exchange and the door that its request came in by. */
import type { Duplex } from 'node:stream'
import type { HeaderEdits } from '@evener/session'
import type { Answer } from './answer.ts'
import type { Passing, ResponseHead } from './engine.ts'
import type { Headers } from './headers.ts'

/** The client's connection, once it has changed protocols. */
export interface ClientTunnel {
  readonly socket: Duplex
  /** What the client sent behind its request. */
  readonly firstBytes: Buffer
}

/**
 * The client, as an exchange writes to it. The door in turn calls the exchange's `clientReady`, `clientGone`,
 * `clientProgress` and `requestComplete`.
 */
export interface ClientSide {
  /** A 1xx response other than 101. Left out where the client would not understand it (HTTP/1.0). */
  informational(status: number, headers: Headers): void
  /**
   * The head of the server's response: what is about one connection is taken out, then the edits are made.
   * @param added further lines, each with its CRLF
   * @returns in which form the body is wanted; undefined where the head cannot be sent (a byte in it that HTTP does not
   *   allow), and then nothing was sent
   */
  respond(head: ResponseHead, edits: HeaderEdits | undefined, added: string): Passing | undefined
  /** A piece of its body. False: hold on until `clientReady`; the piece is still needed. */
  write(chunk: Buffer): boolean
  /** Nothing more is at hand for now: what was held together for one write goes out. */
  flush(): void
  /** The response is whole. */
  end(trailers: readonly string[]): void
  /** An answer of Evener's own, instead of a response. */
  answer(answer: Answer): void
  /** Break the connection off, so that the client sees that its response is not whole. */
  abort(): void
  /**
   * Send a 101 with these headers, and hand the connection over.
   * @returns `gone` where the client is; `unsendable` where the head cannot be sent, and then nothing was sent
   */
  switchProtocols(reason: string, headers: Headers): ClientTunnel | 'gone' | 'unsendable'
}
