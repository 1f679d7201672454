/**
 * The request line: method, target, version, and which of the four forms the target has.
 *
 * Invariant: a target that passes has the form its method asks for: `host:port` for CONNECT, `*` for OPTIONS alone,
 * else a path or an absolute http(s) URI without user information; single spaces; HTTP/1.0 or 1.1.
 * Cost: one look-up per byte of the line, no allocation until all is well.
 * Source: RFC 9112, 2.3 (version), 3 (request line), 3.2.1 to 3.2.4 (the four forms); RFC 9110, 4.2.4 (no userinfo).
 */
import { hostEnd } from './authority.ts'
import { ASTERISK, SLASH, SPACE, TARGET, TOKEN } from './bytes.ts'
import type { MessageErrorCode } from './error.ts'

/** How the target is written; RFC 9112, 3.2. */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk'

/** The parts of a valid request line. */
export interface RequestLine {
  method: string
  target: string
  form: TargetForm
  /** Host and port as the target gives them; '' when it does not. */
  authority: string
  /** The target as an origin server is asked for it: a path with its query, `*`, or the authority for CONNECT. */
  originTarget: string
  minorVersion: 0 | 1
  faultOffset: number
}

/**
 * Read the request line at the start of `text`, which ends before `lineEnd`, into `line`. `bytes[origin]` is
 * the text's first byte.
 *
 * @returns what is wrong, `line.faultOffset` then saying where; or `undefined`
 */
export function readRequestLine(
  line: RequestLine,
  bytes: Uint8Array,
  origin: number,
  text: string,
  lineEnd: number,
): MessageErrorCode | undefined {
  let at = 0
  while (TOKEN[bytes[origin + at]!] === 1) at++
  if (at === 0 || bytes[origin + at] !== SPACE) return fail(line, 'EVENER_HTTP1_METHOD', at)
  const isGet = at === 3 && bytes[origin] === 0x47 && bytes[origin + 1] === 0x45 && bytes[origin + 2] === 0x54
  const method = isGet ? 'GET' : text.slice(0, at)
  const targetAt = at + 1
  const targetEnd = lineEnd - 9
  at = targetAt
  while (at < lineEnd && TARGET[bytes[origin + at]!] === 1) at++
  if (at === targetAt) return fail(line, 'EVENER_HTTP1_TARGET', at)
  if (at !== targetEnd || bytes[origin + at] !== SPACE) {
    if (at === lineEnd || bytes[origin + at] === SPACE) return failVersion(line, text, at, lineEnd)
    return fail(line, 'EVENER_HTTP1_TARGET', at)
  }
  const minorVersion = bytes[origin + lineEnd - 1]! - 0x30
  if ((minorVersion !== 1 && minorVersion !== 0) || !isVersion(bytes, origin + at + 1)) {
    return failVersion(line, text, at, lineEnd)
  }
  line.minorVersion = minorVersion
  line.method = method
  line.target = text.slice(targetAt, targetEnd)
  line.authority = ''
  line.originTarget = line.target
  if (method === 'CONNECT') return readAuthorityForm(line, targetAt)
  if (bytes[origin + targetAt] === SLASH) {
    line.form = 'origin'
    return undefined
  }
  if (bytes[origin + targetAt] === ASTERISK && line.target === '*') {
    line.form = 'asterisk'
    return method === 'OPTIONS' ? undefined : fail(line, 'EVENER_HTTP1_TARGET', targetAt)
  }
  return readAbsoluteForm(line, targetAt)
}

const VERSION = Uint8Array.from('HTTP/1.', letter => letter.charCodeAt(0))

/** Whether `HTTP/1.` stands here. Bytes compared one by one took half the time of `startsWith`. */
function isVersion(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < VERSION.length; index++) if (bytes[at + index] !== VERSION[index]) return false
  return true
}

function readAuthorityForm(line: RequestLine, targetAt: number): MessageErrorCode | undefined {
  const { target } = line
  const end = hostEnd(target, 0, target.length)
  // A port must be there (RFC 9112, 3.2.3), and port 0 can be dialled by nobody.
  if (end < 0 || Number(target.slice(end + 1)) === 0) return fail(line, 'EVENER_HTTP1_TARGET', targetAt)
  line.form = 'authority'
  line.authority = target
  return undefined
}

const SCHEME = /^https?:\/\//i

function readAbsoluteForm(line: RequestLine, targetAt: number): MessageErrorCode | undefined {
  const { target } = line
  const scheme = SCHEME.exec(target)?.[0]
  if (scheme === undefined) return fail(line, 'EVENER_HTTP1_TARGET', targetAt)
  const from = scheme.length
  let to = from
  while (to < target.length && target[to] !== '/' && target[to] !== '?') to++
  if (hostEnd(target, from, to) < 0) return fail(line, 'EVENER_HTTP1_TARGET', targetAt + from)
  line.form = 'absolute'
  line.authority = target.slice(from, to)
  const rest = target.slice(to)
  // RFC 9112, 3.2.4: OPTIONS for a whole server becomes `*` where the authority is dropped.
  line.originTarget = rest.startsWith('/')
    ? rest
    : rest === '' && line.method === 'OPTIONS'
      ? '*'
      : `/${rest}`
  return undefined
}

function fail(line: RequestLine, code: MessageErrorCode, offset: number): MessageErrorCode {
  line.faultOffset = offset
  return code
}

/** What follows the target: another version is answered with 505, anything else is no request line. */
function failVersion(line: RequestLine, text: string, at: number, lineEnd: number): MessageErrorCode {
  const other = /^ HTTP\/[0-9]\.[0-9]$/.test(text.slice(at, lineEnd))
  return fail(line, other ? 'EVENER_HTTP1_VERSION' : 'EVENER_HTTP1_START_LINE', at)
}
