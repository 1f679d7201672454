/**
 * What a client of layer 4 has sent so far: HAProxy's `req.len`, `req.payload` and what it sees in a TLS or RDP greeting.
 *
 * A value that cannot be told from so few bytes and might be from more says so (`undecided`), and the rule that asked is
 * asked again. Nothing is read from, or looked for in, more than the carrier waits for.
 */
import { integerOption } from '../options.ts'
import type { ContentScope, ContentView } from '../scope.ts'
import { fetch, fetchEach, type Value } from '../value.ts'
import { clientHello, type Hello, needsMore, notHello } from './client-hello.ts'

/** How many bytes have come. */
export const len = (): Value<number, ContentScope> =>
  fetch('req.len', 'int', 'content', ({ content }: ContentScope) => content.bytes.length)

/** Bytes from an offset on. @param length 0: all that have come */
export function payload(offset: number, length: number): Value<string, ContentScope> {
  integerOption('req.payload offset', offset, 0, 2 ** 31 - 1)
  integerOption('req.payload length', length, 0, 2 ** 31 - 1)
  return fetch(`req.payload(${offset},${length})`, 'bin', 'content', ({ content }: ContentScope) =>
    part(content, offset, length === 0 ? Math.max(content.bytes.length - offset, 1) : length),
  )
}

/**
 * Bytes whose number stands before them: `length` bytes at `lengthOffset`, the highest first.
 * @param dataOffset where they begin: behind their number by default; with a sign in front, so far from there
 */
export function payloadLv(
  lengthOffset: number,
  length: number,
  dataOffset?: number | `+${number}` | `-${number}`,
): Value<string, ContentScope> {
  integerOption('req.payload_lv offset1', lengthOffset, 0, 2 ** 31 - 1)
  integerOption('req.payload_lv length', length, 1, 4)
  const behind = lengthOffset + length
  const isRelative = typeof dataOffset === 'string'
  const given = dataOffset === undefined ? behind : Number(dataOffset) + (isRelative ? behind : 0)
  const start = integerOption('req.payload_lv offset2', given, 0, 2 ** 31 - 1)
  const third = dataOffset === undefined ? '' : `,${dataOffset}`
  return fetch(
    `req.payload_lv(${lengthOffset},${length}${third})`,
    'bin',
    'content',
    ({ content }: ContentScope) => {
      const { bytes } = content
      if (bytes.length < behind) return wait(content)
      const size = bytes.readUIntBE(lengthOffset, length)
      return size === 0 ? undefined : part(content, start, size)
    },
  )
}

/** The host that a ClientHello names (RFC 6066), in its own case. */
export const sslSni = (): Value<string, ContentScope> =>
  fetch('req.ssl_sni', 'str', 'content', ({ content }: ContentScope) => whole(content)?.serverName)

/** The protocol that a ClientHello offers first (RFC 7301); in a test, each. */
export const sslAlpn = (): Value<string, ContentScope> =>
  fetchEach(
    'req.ssl_alpn',
    'str',
    'content',
    ({ content }: ContentScope) => whole(content)?.alpn[0],
    (scope, visit) => whole(scope.content)?.alpn.some(name => visit(name, scope)) === true,
  )

/** 1 for a ClientHello; nothing for what is none. */
export const sslHelloType = (): Value<number, ContentScope> =>
  fetch('req.ssl_hello_type', 'int', 'content', ({ content }: ContentScope) =>
    greeted(content) === undefined ? undefined : 1,
  )

/** The version that a ClientHello asks for: 65536 times its major number and its minor: 0x30003 for TLS 1.2 and later. */
export const sslVer = (): Value<number, ContentScope> =>
  fetch('req.ssl_ver', 'int', 'content', ({ content }: ContentScope) => greeted(content)?.version)

/** Whether a ClientHello names elliptic curves (RFC 8422). */
export const sslEcExt = (): Value<boolean, ContentScope> =>
  fetch('req.ssl_ec_ext', 'bool', 'content', ({ content }: ContentScope) => whole(content)?.hasCurves)

/** Session tickets in a ClientHello (RFC 5077): 0 not known, 1 known, 2 one is there. */
export const sslStExt = (): Value<number, ContentScope> =>
  fetch('req.ssl_st_ext', 'int', 'content', ({ content }: ContentScope) => {
    const hello = whole(content)
    return hello === undefined ? undefined : hello.ticketLength < 0 ? 0 : hello.ticketLength === 0 ? 1 : 2
  })

/** The cookie that an RDP client begins with: of that name, or whichever it is. */
export function rdpCookie(name = ''): Value<string, ContentScope> {
  return fetch(
    name === '' ? 'req.rdp_cookie' : `req.rdp_cookie(${name})`,
    'str',
    'content',
    ({ content }: ContentScope) => {
      const found = rdpCookieIn(content.bytes, name)
      return found === tooShort ? wait(content) : found
    },
  )
}

/** 1 where it is there, 0 where it is not; nothing where too little has come to tell. */
export function rdpCookieCnt(name = ''): Value<number, ContentScope> {
  const text = name === '' ? 'req.rdp_cookie_cnt' : `req.rdp_cookie_cnt(${name})`
  return fetch(text, 'int', 'content', ({ content }: ContentScope) => {
    const found = rdpCookieIn(content.bytes, name)
    return found === tooShort ? wait(content) : found === undefined ? 0 : 1
  })
}

/** True where what has come begins a request of HTTP; nothing where it does not. */
export const protoHttp = (): Value<boolean, ContentScope> =>
  fetch('req.proto_http', 'bool', 'content', ({ content }: ContentScope) => {
    const text = content.bytes.toString('latin1', 0, 4096)
    if (requestLine.test(text)) return true
    return requestLineSoFar.test(text) ? wait(content) : undefined
  })

const requestLine = /^(?:\r?\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e]+ HTTP\/\d\.\d\r?\n/
const requestLineSoFar = /^(?:\r?\n)*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: [\x21-\x7e]*(?: [HTP/\d.]*\r?)?)?)?$/

/** True once no more can come, or may be waited for. */
export const waitEnd = (): Value<boolean, ContentScope> =>
  fetch('wait_end', 'bool', 'content', ({ content }: ContentScope) =>
    content.complete ? true : wait(content),
  )

function part(content: ContentView, offset: number, length: number): string | undefined {
  const end = offset + length
  return content.bytes.length < end ? wait(content) : content.bytes.toString('latin1', offset, end)
}

function wait(content: ContentView): undefined {
  if (!content.complete) content.undecided = true
  return undefined
}

function greeted(content: ContentView): Hello | undefined {
  const hello = clientHello(content.bytes)
  if (hello === needsMore) return wait(content)
  return hello === notHello ? undefined : hello
}

/** One whose extensions fit together. */
function whole(content: ContentView): Hello | undefined {
  const hello = greeted(content)
  return hello?.isWhole === true ? hello : undefined
}

const tooShort = Symbol('more bytes are needed')

/** MS-RDPBCGR section 2.2.1.1: TPKT, X.224, and `Cookie: name=value` with CR LF. */
function rdpCookieIn(bytes: Buffer, name: string): string | undefined | typeof tooShort {
  if (bytes.length < 12) return tooShort
  const size = bytes.readUInt16BE(2)
  if (bytes[0] !== 3 || bytes[4] !== size - 5 || bytes[5] !== 0xe0) return undefined
  if (bytes.length < size) return tooShort
  const match = /^Cookie: ([^=]*)=([^\r\n]*)\r\n/i.exec(bytes.toString('latin1', 11, size))
  if (match === null || (name !== '' && match[1]?.toLowerCase() !== name.toLowerCase())) return undefined
  return match[2]
}
