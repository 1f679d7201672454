/**
 * What a line of the log can say: what was written down of a request, or of a connection at layer 4, once it is over.
 *
 * Whoever carries the request provides it. Times are whole milliseconds; -1 says that it never came to that (manual
 * section 8.4). Texts are as they were received: those who write a line escape them.
 */
import type { ConnectionScope, ContentScope, RequestView, ResponseView, ServerView } from '../scope.ts'

export interface LogRecord {
  readonly mode: 'http' | 'tcp'
  /** HAProxy's `%f`. */
  readonly frontend: string
  /** Clients are spoken to by TLS: `%ft` ends with `~`. */
  readonly secure: boolean
  /** `%b`; the frontend's name where it came to none. */
  readonly backend: string
  /** `%s`; undefined is written `<NOSRV>`. */
  readonly server: string | undefined
  /** `%si`, `%sp`. */
  readonly serverAddress: string | undefined
  readonly serverPort: number | undefined
  /** `%bi`, `%bp`: our own end of the connection with the server. */
  readonly sourceAddress: string | undefined
  readonly sourcePort: number | undefined

  /** `%Th`: PROXY header and TLS; 0 from the second request on. */
  readonly handshakeMs: number
  /** `%Ti`: from there, or from the response before, to the first byte of the request. */
  readonly idleMs: number
  /** `%TR`: to the end of the head. */
  readonly requestMs: number
  /** `%Tw`: to the server that it was given. */
  readonly queueMs: number
  /** `%Tc`: to the connection. */
  readonly connectMs: number
  /** `%Tr`: to the head of the response; -1 at layer 4. */
  readonly responseMs: number
  /** `%Ta`, never -1: from the first byte of the request to the last of the response. */
  readonly activeMs: number
  /** The request is still under way (`option logasap`): `%Ta`, `%Tt`, `%Tu`, `%B` have a plus in front. */
  readonly partial: boolean

  /** `%ST`; 0 or -1 where none was sent. */
  readonly status: number
  /** `%B`: to the client, heads included. */
  readonly bytesRead: number
  /** `%U`: from the client, heads included. */
  readonly bytesUploaded: number
  /** `%tsc`, of which `%ts` are the first two characters (manual section 8.5). */
  readonly termination: string

  /** `%ac`, `%fc`, `%bc`, `%sc`: connections at this moment, of the process, the frontend, the backend, the server. */
  readonly processConnections: number
  readonly frontendConnections: number
  readonly backendConnections: number
  readonly serverConnections: number
  /** `%rc`, with a plus in front where it went to another server. */
  readonly retries: number
  readonly redispatched: boolean
  /** `%sq`, `%bq`: how many were before it in the queue. */
  readonly serverQueue: number
  readonly backendQueue: number

  /** `%CC`, `%CS`: what `capture cookie` saw, name and value. */
  readonly requestCookie: string | undefined
  readonly responseCookie: string | undefined
  /** `%hr`, `%hs`: one for each capture; undefined where nothing is captured at all. */
  readonly requestCaptures: readonly (string | undefined)[] | undefined
  readonly responseCaptures: readonly (string | undefined)[] | undefined

  /** `%r`: method, target and version as received; undefined, written `<BADREQ>`, where no head could be read. */
  readonly requestLine: string | undefined
  /** `%ID`. */
  readonly uniqueId: string | undefined
  /** `%rt`: how many requests, or sessions at layer 4, began before it. */
  readonly requestNumber: number
  /** `%lc`: how many lines this frontend has logged before it. */
  readonly logNumber: number
}

/** What is known when it is over. A part that it never came to is undefined; what needs it then has no value. */
export interface LogScope extends ConnectionScope {
  readonly record: LogRecord
  readonly content?: ContentScope['content'] | undefined
  readonly request?: RequestView | undefined
  readonly response?: ResponseView | undefined
  readonly server?: ServerView | undefined
}
