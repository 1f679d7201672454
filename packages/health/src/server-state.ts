/**
 * How a server is seen, and the header by which a check tells it: `X-Haproxy-Server-State: UP 2/3; name=app/s1; …`.
 *
 * Named as HAProxy names it, so that servers that read it go on reading it. A check knows nothing of its server's state;
 * who does gives it with the target (`seen`), or by `sendState`. Source: HAProxy manual, `http-check send-state`.
 */
import type { Target } from './contract.ts'

/** How a server is seen by who balances over it. What is undefined is not told. */
export interface ServerState {
  /** `UP`, `DOWN`, `NOLB` (up, and not for new clients) or `no check`. */
  readonly state: 'UP' | 'DOWN' | 'NOLB' | 'no check'
  /** Where on the way to the other state: `[2, 3]` is "2/3". */
  readonly progress?: readonly [number, number] | undefined
  /** The server's address and port; `unix` for both with a unix socket. */
  readonly address?: string | undefined
  readonly port?: number | 'unix' | undefined
  /** Backend and server: `app/s1`. */
  readonly name?: string | undefined
  /** The backend alone. Not in the header; external commands are told. */
  readonly backend?: string | undefined
  /** Which balancer says so. */
  readonly node?: string | undefined
  /** The server's weight, and that of all that can be used. */
  readonly weight?: readonly [number, number] | undefined
  /** The server's connections, and the backend's. */
  readonly connections?: readonly [number, number] | undefined
  /** How many the server may have; 0 for any number. Not in the header; external commands are told. */
  readonly maxConnections?: number | undefined
  /** How many requests wait for the server. */
  readonly queued?: number | undefined
  /** How far it is in its slow start, in percent. */
  readonly throttlePercent?: number | undefined
}

/** Who says how a server is seen: a function, or with `true` the target. */
export type SendState = true | ((target: Target) => ServerState)

/** The header, by its name; none where nobody knows how the server is seen. */
export function stateHeader(sendState: SendState | undefined, target: Target): Record<string, string> {
  const state = sendState === true ? target.seen?.() : sendState?.(target)
  return state === undefined ? {} : { 'X-Haproxy-Server-State': writeServerState(state) }
}

/** The header's value. What could end or forge a field in it is left out. */
function writeServerState(server: ServerState): string {
  const { progress, weight, connections, throttlePercent } = server
  const fields = {
    address: server.address,
    port: server.port,
    name: server.name,
    node: server.node,
    weight: weight?.join('/'),
    scur: connections?.join('/'),
    qcur: server.queued,
    throttle: throttlePercent === undefined ? undefined : `${throttlePercent}%`,
  }
  const state = progress === undefined ? server.state : `${server.state} ${progress.join('/')}`
  const written = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value).replace(/[^\x21-\x3a\x3c-\x7e]/g, '')}`)
  return [state, ...written].join('; ')
}
