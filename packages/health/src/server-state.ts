/**
 * The header by which a check tells a server how it is seen: `X-Haproxy-Server-State: UP 2/3; name=app/s1; …`.
 *
 * Named as HAProxy names it, so that servers that read it go on reading it. A check knows nothing of its server's state;
 * who does gives it by `sendState`. Source: HAProxy manual, `http-check send-state`.
 */

/** How a server is seen, for the header. What is undefined is not sent. */
export interface ServerState {
  /** `UP`, `DOWN`, `NOLB` (up, and not for new clients) or `no check`. */
  readonly state: 'UP' | 'DOWN' | 'NOLB' | 'no check'
  /** Where on the way to the other state: `[2, 3]` is "2/3". */
  readonly progress?: readonly [number, number] | undefined
  /** The server's address and port. */
  readonly address?: string | undefined
  readonly port?: number | undefined
  /** Backend and server: `app/s1`. */
  readonly name?: string | undefined
  /** Which balancer says so. */
  readonly node?: string | undefined
  /** The server's weight, and that of all that can be used. */
  readonly weight?: readonly [number, number] | undefined
  /** The server's connections, and the backend's. */
  readonly connections?: readonly [number, number] | undefined
  /** How many requests wait for the server. */
  readonly queued?: number | undefined
  /** How far it is in its slow start, in percent. */
  readonly throttlePercent?: number | undefined
}

export const STATE_HEADER = 'X-Haproxy-Server-State'

/** The header's value. What could end or forge a field in it is left out. */
export function writeServerState(server: ServerState): string {
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
