/** How long things may take, with HAProxy's words: one place for names, defaults and checks. */
import { duration, knownOptions } from '../base/options.ts'

/** The timeouts of a backend. Milliseconds; `Infinity` switches one off. */
export interface BackendTimeouts {
  /** Waiting for a place on a server; then 503. 60 s by default. */
  readonly queueMs?: number | undefined
  /** Connecting to a server, TLS included; then another attempt, at last 504. 5 s by default. */
  readonly connectMs?: number | undefined
  /** The server's silence: before its answer begins (unless `responseMs` says otherwise), or within it. 60 s by default. */
  readonly serverMs?: number | undefined
  /** From the end of the request to the head of the answer; then 504. `serverMs` by default. */
  readonly responseMs?: number | undefined
  /** Silence on both sides of a tunnel (WebSocket). One hour by default. */
  readonly tunnelMs?: number | undefined
}

/** The same, all known. */
export type Timeouts = { readonly [K in keyof BackendTimeouts]-?: number }

/** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
export function readTimeouts(field: string, options: BackendTimeouts = {}): Timeouts {
  knownOptions(field, options, ['queueMs', 'connectMs', 'serverMs', 'responseMs', 'tunnelMs'])
  const serverMs = duration(`${field}.serverMs`, options.serverMs, 60_000)
  return {
    queueMs: duration(`${field}.queueMs`, options.queueMs, 60_000),
    connectMs: duration(`${field}.connectMs`, options.connectMs, 5_000),
    serverMs,
    responseMs: duration(`${field}.responseMs`, options.responseMs, serverMs),
    tunnelMs: duration(`${field}.tunnelMs`, options.tunnelMs, 3_600_000),
  }
}
