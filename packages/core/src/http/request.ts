/** A request as routes, balancers and affinities see it, whatever door it came in by. */
import type { RequestHead } from '@evener/http1'
import type { HeaderEdits, Tracked } from '@evener/session'
import type { BackendRequest } from '../balance/dispatch.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'

/** The head of a client's request, checked. */
export interface ClientRequest extends BackendRequest {
  /** The method as it was sent: `GET`, `PROPFIND`, … */
  readonly method: string
  /** The target in origin form, path and query byte for byte as they were received; `*` for `OPTIONS *`. */
  readonly uri: string
  /** The authority: from an absolute-form target if there was one, else from `Host`; empty where HTTP/1.0 sent none. */
  readonly authority: string
  /** 2 for HTTP/2; 1, or undefined, for HTTP/1. */
  readonly versionMajor?: 1 | 2 | undefined
  /** HTTP/1.0 or HTTP/1.1; a request of HTTP/2 is read as one of HTTP/1.1, and has 1. */
  readonly versionMinor: 0 | 1
  /** Header names and values in turn, in their order and case. */
  readonly rawHeaders: readonly string[]
  /** The client's address; where the peer is a trusted proxy, the address that it vouches for. */
  readonly sourceAddress: string
  /** The address of the other end of the connection. */
  readonly peerAddress: string
  /** True where the client's connection is encrypted, or a trusted proxy says that it was. */
  readonly secure: boolean
  /** The protocol that the client asks to change to, in lower case, where it does. */
  readonly upgrade: string | undefined
  /** True where the client waits for a 100 before it sends its body, and nobody has sent one yet. */
  readonly expectContinue?: boolean | undefined
  /** What is known of the client's connection: its addresses, and what TLS settled. */
  readonly connection?: ConnectionFacts | undefined
  /** What it tracks in stick tables, by the number of the door's tracker; for `sc` and `rateLimit` of @evener/session. */
  readonly tracked?: readonly (Tracked | undefined)[] | undefined
  /** Whether rules changed the head: `rawHeaders` and `header` are with it. */
  readonly edited?: boolean | undefined
  /** What they changed; undefined where nothing. */
  readonly edits?: HeaderEdits | undefined
  /** Whether a rule wrote a field of this name. */
  wrote?(lowerName: string): boolean
  /** The request as it came, where rules have changed it. */
  readonly came?: ClientRequest | undefined
  /** The head as the codec read it, where it did: engines that write bytes go on from there. */
  readonly parsed?: RequestHead | undefined
}

/** The path of a target, without its query. */
export function pathOf(uri: string): string {
  const query = uri.indexOf('?')
  return query === -1 ? uri : uri.slice(0, query)
}

/** Methods whose second execution does no harm: RFC 9110 section 9.2.2 and the WebDAV ones that say so (RFC 4918, 5323). */
const idempotentMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'PROPFIND',
  'PROPPATCH',
  'REPORT',
  'SEARCH',
  'COPY',
  'MOVE',
  'MKCOL',
  'UNLOCK',
  'ACL',
])

/** Whether a request with this method may be sent a second time without having been asked to. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method)
}
