/**
 * A request as HTTP/2 has it, checked, and read in the form that routes, balancers and engines see: that of HTTP/1.1,
 * with the `Host` that `:authority` stands for, and the cookies in one line again (RFC 9113 section 8.2.3).
 *
 * nghttp2 has refused before, as malformed: pseudo-fields that are missing, unknown, doubled or out of place, names in
 * upper case, fields about the connection, `te` but for `trailers`, two lengths, a length that the content does not keep.
 * Fields with bytes that HTTP does not allow it leaves out. Here follows what it lets through: targets and authorities
 * that are not valid, a `host` that names another one, schemes that are not HTTP's, and too many fields.
 */
import { constants } from 'node:http2'
import type { Limits } from '@evener/http1'
import type { Tracked } from '@evener/session'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { AnswerStatus } from '../http/answer.ts'
import type { Forwarding } from '../http/forwarded.ts'
import { headerValue } from '../http/headers.ts'
import type { Refusal } from '../http/node-request.ts'
import type { ClientRequest } from '../http/request.ts'
import type { Framing } from '../http/request-body.ts'
import { readTarget, validAuthority } from '../http/target.ts'
import { webSocketKey } from '../http/websocket.ts'

export class Http2Request implements ClientRequest {
  readonly method: string
  readonly uri: string
  readonly authority: string
  readonly versionMajor = 2
  readonly versionMinor = 1
  readonly rawHeaders: readonly string[]
  readonly upgrade: string | undefined
  readonly expectContinue: boolean
  readonly connection: ConnectionFacts
  tracked: readonly (Tracked | undefined)[] | undefined
  /** How its body is delimited, for a server that is asked in HTTP/1.1. */
  readonly framing: Framing
  /** Its length, where it says it; else -1. */
  readonly contentLength: number
  readonly #forwarding: Forwarding

  /** See {@link readHttp2Request}. */
  constructor(
    method: string,
    uri: string,
    read: ReadFields,
    framing: Framing,
    upgrade: string | undefined,
    connection: ConnectionFacts,
    forwarding: Forwarding,
  ) {
    this.method = method
    this.uri = uri
    this.authority = read.authority
    this.rawHeaders = read.headers
    this.framing = framing
    this.contentLength = read.contentLength
    this.expectContinue = read.expects && framing !== 'none'
    this.upgrade = upgrade
    this.connection = connection
    this.#forwarding = forwarding
    if (upgrade === 'websocket') {
      read.headers.push('sec-websocket-key', webSocketKey())
      if (this.header('sec-websocket-version') === undefined) read.headers.push('sec-websocket-version', '13')
    }
  }

  get peerAddress(): string {
    return this.connection.peerAddress
  }

  get sourceAddress(): string {
    return this.#forwarding.sourceOf(this.peerAddress, this.rawHeaders)
  }

  get secure(): boolean {
    return this.#forwarding.secureOf(this.peerAddress, this.rawHeaders, this.connection.tls !== undefined)
  }

  header(name: string): string | undefined {
    return headerValue(this.rawHeaders, name)
  }
}

/** What is taken from a request's fields in one pass. */
interface ReadFields {
  readonly headers: string[]
  readonly authority: string
  readonly contentLength: number
  readonly expects: boolean
}

/** What requests of one connection are checked against. */
export interface Http2RequestRules {
  readonly limits: Limits
  readonly maxHeaderListBytes: number
  readonly forwarding: Forwarding
  /** Whether clients may change to this protocol (RFC 8441). */
  allowsProtocol(protocol: string): boolean
}

/**
 * Check a request's fields and read them.
 * @param fields names and values in turn, pseudo-fields first, as `node:http2` gives them
 * @param flags of the HEADERS frame
 */
export function readHttp2Request(
  fields: readonly string[],
  flags: number,
  connection: ConnectionFacts,
  rules: Http2RequestRules,
): Http2Request | Refusal {
  let method = ''
  let scheme = ''
  let path = ''
  let authority: string | undefined
  let host: string | undefined
  let protocol: string | undefined
  let cookieAt = -1
  let contentLength = -1
  let expects = false
  let bytes = 0
  // The place of the host, which is known when all fields are.
  const headers = ['host', '']
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    bytes += name.length + value.length + 32
    if (name.charCodeAt(0) === 0x3a) {
      if (name === ':method') method = value
      else if (name === ':path') path = value
      else if (name === ':authority') authority = value
      else if (name === ':scheme') scheme = value
      else protocol = value
    } else if (name === 'host') host = value
    else if (name === 'cookie') {
      if (cookieAt === -1) {
        cookieAt = headers.length + 1
        headers.push(name, value)
      } else headers[cookieAt] += `; ${value}`
    } else if (name === 'sec-websocket-key' && protocol !== undefined) {
      // RFC 8441 has none, and the server is to answer ours.
    } else {
      if (name === 'content-length') contentLength = Number(value)
      else if (name === 'expect') {
        if (value.toLowerCase() !== '100-continue') return refuse(417)
        expects = true
      }
      headers.push(name, value)
    }
  }
  if (bytes > rules.maxHeaderListBytes || headers.length / 2 > rules.limits.maxHeaders) return refuse(431)
  if (method === 'CONNECT' && protocol === undefined) return refuse(501, 'CONNECT is not served here.')
  if (!token.test(method)) return refuse(400, 'The method is not valid.')
  if (scheme !== 'http' && scheme !== 'https') return refuse(400, 'The scheme is not served here.')
  const target = path.startsWith('/') || path === '*' ? readTarget(method, path) : undefined
  if (target === undefined) return refuse(400, 'The request target is not valid.')
  if (path.length > rules.limits.maxStartLineBytes) return refuse(431)
  const named = authority || host
  if (named === undefined || !validAuthority(named)) return refuse(400, 'The authority is not valid.')
  if (host !== undefined && host !== named && !sameEntity(host, named, scheme)) {
    return refuse(400, 'The host field and the authority name different hosts.')
  }
  headers[1] = named
  const read = { headers, authority: named, contentLength, expects }
  if (protocol !== undefined) {
    const upgrade = protocol.toLowerCase()
    if (!rules.allowsProtocol(upgrade)) return refuse(501, 'The protocol is not served here.')
    return new Http2Request('GET', target.uri, read, 'none', upgrade, connection, rules.forwarding)
  }
  const whole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 || contentLength === 0
  const framing = whole ? 'none' : contentLength === -1 ? 'chunked' : 'length'
  return new Http2Request(method, target.uri, read, framing, undefined, connection, rules.forwarding)
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether both name the same host and port: in any case, and with the scheme's own port written out or not. */
function sameEntity(a: string, b: string, scheme: string): boolean {
  return normalized(a, scheme) === normalized(b, scheme)
}

function normalized(authority: string, scheme: string): string {
  const [, host = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority) as RegExpExecArray
  return `${host.toLowerCase()}:${port.replace(/^0+(?=\d)/, '') || (scheme === 'https' ? '443' : '80')}`
}

function refuse(status: AnswerStatus, message = ''): Refusal {
  return { status, message }
}
