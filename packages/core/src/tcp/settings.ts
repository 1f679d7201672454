/** What all sessions of a TCP proxy share: its options, compiled, and whom they tell. */
import type { ConnectionScope, Surroundings } from '@evener/rules'
import type { Backend } from '../balance/backend.ts'
import type { AcceptProxy } from '../base/accept-proxy.ts'
import type { Clock } from '../base/clock.ts'
import type { ProxyHeaderMaker } from '../base/send-proxy.ts'
import type { Tracking } from '../base/tracking.ts'
import type { DoorLog } from '../log/door-log.ts'
import type { TcpRuleLists } from '../rules/rule-lists.ts'
import type { UniqueId } from '../rules/unique-id.ts'
import type { InspectSettings } from './client-hello.ts'
import type { RelayLimits } from './relay.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { TcpProxyCounters } from './tcp-counters.ts'
import type { TcpSession } from './tcp-session.ts'

/** Why a connection ended before it had a server. */
export type TcpRefusal =
  | 'connections-full'
  | 'connection-rule'
  | 'proxy-header'
  | 'client-hello'
  | 'session-rule'
  | 'content-rule'
  | 'no-route'

export interface TcpSettings {
  readonly clock: Clock
  readonly counters: TcpProxyCounters
  readonly acceptProxy: AcceptProxy | undefined
  readonly inspect: InspectSettings | undefined
  /** How long the first bytes may take, in milliseconds. */
  readonly inspectMs: number
  readonly sendProxy: ProxyHeaderMaker | undefined
  /** Its rules; undefined where there are none. */
  readonly rules: TcpRuleLists | undefined
  readonly around: Surroundings
  /** What gives connections a name of their own. */
  readonly uniqueId: UniqueId<ConnectionScope> | undefined
  /** How many connections had a {@link ClientSession}. */
  sessions: number
  /** Its log; undefined where nothing is logged. */
  readonly log: DoorLog | undefined
  /** What is tracked in stick tables. */
  readonly tracking: Tracking<TcpConnection> | undefined
  readonly noDelay: boolean
  readonly keepAliveMs: number
  /** How long silence may last on connections to this backend. The same object each time. */
  limitsFor(backend: Backend): RelayLimits
  /** The backend, or undefined where none serves this connection. Never throws. */
  route(connection: TcpConnection): Backend | undefined
  /** Something that the host has plugged in threw. */
  failed(error: unknown): void
  /** It was refused before it had a server. */
  refused(session: TcpSession, reason: TcpRefusal, code: string, message: string): void
  /** A session has a connection to a server; and has it no more. */
  joined(session: TcpSession): void
  left(session: TcpSession): void
  /** A session is over, and the client's connection is closed. */
  closed(session: TcpSession): void
}
