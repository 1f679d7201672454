/** What can be said of a server when it is made, and the parts of reading it that stand for themselves. */
import {
  type CheckOptions,
  type ObserveOptions,
  readTargetTls,
  type TargetTls,
  tlsConnectOptions,
  tlsOptionNames,
} from '@evener/health'
import { EvenerError } from '../base/errors.ts'
import { integer, knownOptions } from '../base/options.ts'
import type { SendProxy } from '../base/send-proxy.ts'
import type { Server } from './server.ts'
import type { AdminState } from './server-state.ts'

/** What of the checks is different for one server: all options of `checks` but those that only make sense for all. */
export interface ServerCheckOptions extends CheckOptions, ObserveOptions {}

/**
 * What HTTP is spoken to a server in: `http1`; `h2`, by ALPN where TLS is spoken, else with prior knowledge (h2c); or
 * what the server chooses by ALPN, `auto`.
 */
export type HttpProtocol = 'http1' | 'h2' | 'auto'

export const adminStates: readonly AdminState[] = ['ready', 'drain', 'maintenance']

export const protocols: readonly HttpProtocol[] = ['http1', 'h2', 'auto']

/** The options of a server. */
export interface ServerOptions {
  /** Unique in its backend: 1 to 128 visible ASCII characters. It may appear in a cookie or a header. */
  readonly id: string
  /** `host:port`, `[ipv6]:port`, `http://…`, `https://…` (TLS towards the server) or `unix:/path`. */
  readonly address: string
  /** The share of traffic relative to the others: 0 to 256, 1 by default. With 0, only sticky clients come. */
  readonly weight?: number | undefined
  /** Requests served at once; more wait in the queue. 0, the default, means no limit. HAProxy's `maxconn`. */
  readonly maxConnections?: number | undefined
  /** Requests that may wait for this very server; more go to another one. 0, the default: no limit. HAProxy's `maxqueue`. */
  readonly maxQueue?: number | undefined
  /** Used only when no primary server is left. False by default. */
  readonly backup?: boolean | undefined
  /** How TLS is spoken to an `https:` address, or to a unix socket; verified by default. */
  readonly tls?: TargetTls | undefined
  /**
   * What HTTP is spoken in: `http1`, the default; `h2`, without TLS with prior knowledge (h2c); `auto`, for servers with
   * TLS: HTTP/2 if it agrees, else HTTP/1.1. HAProxy's `proto h2` and `alpn h2,http/1.1`.
   */
  readonly protocol?: HttpProtocol | undefined
  /**
   * Begin each connection with a PROXY header that says who the client is; none by default. The server has to expect one.
   * A connection is then used only for requests of the client that it speaks for. Not with HTTP/2 towards the server,
   * which carries many clients on one connection, and not by the engine `http-proxy-3`. HAProxy's `send-proxy`,
   * `send-proxy-v2` and `proxy-v2-options`.
   */
  readonly sendProxy?: SendProxy | undefined
  /** After coming up, the time in milliseconds over which the weight grows to its full value. None by default. */
  readonly slowStartMs?: number | undefined
  /** The state to begin with; `ready` by default. */
  readonly state?: AdminState | undefined
  /** Where checks connect, if not to the address itself. */
  readonly checkAddress?: string | undefined
  /**
   * Where the backend has `checks`: `false` leaves this server unchecked, and so always up; `true`, the default, checks it
   * as all others; an object says what is different for this one.
   */
  readonly check?: boolean | ServerCheckOptions | undefined
  /**
   * Begin checks with a PROXY header too, one that speaks for nobody (`LOCAL`). True by default where `sendProxy` is
   * given, unless checks connect elsewhere. HAProxy's `check-send-proxy`.
   */
  readonly checkSendProxy?: boolean | undefined
  /**
   * Where its agent listens, `host:port` or `unix:/path`: a small program beside the server that says how it does. Without
   * it there is no agent check. The backend's `agent` says how agents are asked. HAProxy's `agent-addr`, `agent-port`.
   */
  readonly agentAddress?: string | undefined
  /**
   * Be as healthy as another server, and in drain or maintenance with it, instead of being checked: a server of any
   * backend, or the id of one of the same. When that one is removed, all stays as it was. None by default. HAProxy's `track`.
   */
  readonly track?: Server | string | undefined
  /** What happens to its requests and connections when it goes down: they go on by default. HAProxy's `on-marked-down`. */
  readonly onMarkedDown?: 'shutdown-sessions' | undefined
  /**
   * What happens to those of the backup servers when this one comes up: they go on by default. HAProxy's `on-marked-up`.
   */
  readonly onMarkedUp?: 'shutdown-backup-sessions' | undefined
  /**
   * While it is down, treat it as a server of weight 0: the clients that belong to it still come. False by default.
   * Keepalived's `inhibit_on_failure`.
   */
  readonly inhibitOnFailure?: boolean | undefined
  /**
   * It serves only while the backend's quorum is lost, or nobody else is left. False by default. Keepalived's
   * `sorry_server`.
   */
  readonly sorry?: boolean | undefined
}

export const serverOptionNames: readonly (keyof ServerOptions)[] = [
  'id',
  'address',
  'weight',
  'maxConnections',
  'maxQueue',
  'backup',
  'tls',
  'protocol',
  'sendProxy',
  'slowStartMs',
  'state',
  'checkAddress',
  'check',
  'checkSendProxy',
  'agentAddress',
  'track',
  'onMarkedDown',
  'onMarkedUp',
  'inhibitOnFailure',
  'sorry',
]

/** Names, types, and whether certificates and keys can be read: found here, and not when the first client comes. */
export function checkTls(field: string, tls: TargetTls, host: string): void {
  knownOptions(field, tls, tlsOptionNames)
  try {
    tlsConnectOptions(readTargetTls(field, tls), host)
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string }
    const text = code === 'EVENER_INVALID_OPTION' ? message : `${field}: cannot be read: ${message}`
    throw new EvenerError('EVENER_INVALID_OPTION', text, { cause })
  }
}

export function weightOf(field: string, weight: unknown): number {
  return integer(`${field}.weight`, weight, 1, 0, 256)
}
