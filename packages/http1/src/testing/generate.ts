/**
 * Message streams for differential tests: near enough to HTTP that parsers get far into them, wrong often enough, and
 * in the places where parsers are known to disagree (line ends, white space, lengths, codings, chunk framing).
 *
 * Everything is latin1 text until the end, one character a byte.
 */
import { below, onceIn, oneOf, type Random } from './random.ts'

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'PATCH']
const TARGETS = [
  '/',
  '/a?b=c',
  '*',
  'http://a/x',
  'http://a:80/',
  'http://b',
  'a:443',
  '/#x',
  '/%41',
  '//a',
  '/ b',
  '',
]
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
]
const HOSTS = ['a', 'a', 'a', 'a:80', '[::1]:8080', 'b', '', 'a,b', 'a b', 'u@a']
const CODINGS = [
  'chunked',
  'chunked',
  'chunked',
  'Chunked',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  'xchunked',
]
const ODD_CODINGS = [
  'chunked, chunked',
  'chunked\t',
  'chunked ',
  '\tchunked',
  ' chunked',
  'chunked;q=1',
  '"chunked"',
  '\x0bchunked',
  'chunked\x00',
  ',chunked',
  'chunked,',
  '',
]
const ODD_LENGTHS = [
  '+5',
  '-1',
  '5, 5',
  '5,5',
  '0x5',
  '5 5',
  '05',
  '',
  '18446744073709551621',
  '9007199254740992',
  '5\t',
]
const ODD_LINES = [
  ' folded: x',
  '\tfolded',
  'no colon',
  ': nameless',
  'Space : x',
  'Na\x00me: x',
  'X:',
  'X: \x80\xff',
  'X: a\x01b',
  'Content-Length : 5',
  'Transfer-Encoding : chunked',
  'Content_Length: 5',
  'X: y\rContent-Length: 3',
  'X: y\nTransfer-Encoding: chunked',
]
const PLAIN_LINES = [
  'Accept: */*',
  'Cookie: a=b; c="d"',
  'X-Forwarded-For: 1.2.3.4',
  'User-Agent: fuzz',
  'TE: trailers',
  'Expect: 100-continue',
]
const CONNECTIONS = [
  'close',
  'keep-alive',
  'close, keep-alive',
  'upgrade',
  'te',
  'content-length',
  'a b',
  ',',
]
/** Without one, nobody is asked to change protocols. */
const WEB_SOCKET_KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
const EXTENSIONS = [
  ';a',
  ';a=b',
  ';a="b;c"',
  ';a="\\""',
  ';a="',
  '; a',
  ';',
  ' ',
  ' ;a',
  ';a=',
  ';a=b=c',
  ';a"b"',
  ';\x00',
  '\t',
  ';a=b\nX',
  ';a=b\rX',
]
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r\n', '\r\n ', ' \r\n', '\r\n\r\n', '']
const STATUSES = [
  '200',
  '200',
  '200',
  '404',
  '100',
  '101',
  '103',
  '204',
  '304',
  '500',
  '99',
  '600',
  '20',
  '2000',
  '0x0',
]

/** How often something odd is chosen: once in `oddity`. */
const oddity = 14

function lineEnd(random: Random): string {
  return onceIn(random, oddity * 4) ? oneOf(random, LINE_ENDS) : '\r\n'
}

function content(random: Random, length: number): string {
  const pieces = [
    'x',
    'hello',
    '\r\n',
    '0\r\n\r\n',
    'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    '\x00',
    '5\r\n',
  ]
  let text = ''
  while (text.length < length) text += oneOf(random, pieces)
  return text.slice(0, length)
}

function chunks(random: Random): string {
  let text = ''
  for (let count = below(random, 4); count > 0; count--) {
    const size = 1 + below(random, 40)
    let written = size.toString(16)
    if (onceIn(random, oddity))
      written = oneOf(random, [
        `0${written}`,
        `+${written}`,
        `0x${written}`,
        '',
        '-1',
        'fffffffffffffffff',
        written.toUpperCase(),
      ])
    const extension = onceIn(random, 6) ? oneOf(random, EXTENSIONS) : ''
    text += written + extension + lineEnd(random) + content(random, size) + lineEnd(random)
  }
  const last = onceIn(random, oddity)
    ? oneOf(random, ['00', '0;a=b', '0 ', '', '-0', '000000000000000000000'])
    : '0'
  const trailers = onceIn(random, 6)
    ? oneOf(random, ['X: y', 'Content-Length: 5', ...ODD_LINES]) + lineEnd(random)
    : ''
  return text + last + lineEnd(random) + trailers + lineEnd(random)
}

function headersAndBody(random: Random, lines: string[]): string {
  let body = ''
  const kind = below(random, 4)
  if (kind === 1 || onceIn(random, oddity)) {
    const length = below(random, 60)
    body = content(random, length)
    const declared = onceIn(random, oddity)
      ? oneOf(random, ODD_LENGTHS)
      : String(length + (onceIn(random, oddity) ? 1 : 0))
    lines.push(
      `${oneOf(random, ['Content-Length', 'content-length'])}:${oneOf(random, ['', ' ', '\t'])}${declared}`,
    )
    if (onceIn(random, oddity)) lines.push(`Content-Length: ${below(random, 2) === 0 ? length : 3}`)
  }
  if (kind === 2 || onceIn(random, oddity)) {
    body = chunks(random)
    lines.push(
      `Transfer-Encoding: ${oneOf(random, onceIn(random, oddity) ? ODD_CODINGS : onceIn(random, 6) ? CODINGS : ['chunked'])}`,
    )
    if (onceIn(random, oddity)) lines.push(`Transfer-Encoding: ${oneOf(random, CODINGS)}`)
  }
  for (let count = below(random, 3); count > 0; count--)
    lines.splice(below(random, lines.length + 1), 0, oneOf(random, PLAIN_LINES))
  if (onceIn(random, oddity)) lines.splice(below(random, lines.length + 1), 0, oneOf(random, ODD_LINES))
  if (onceIn(random, 5)) lines.push(`Connection: ${oneOf(random, CONNECTIONS)}`)
  if (onceIn(random, oddity)) lines.push('Upgrade: websocket', WEB_SOCKET_KEY, 'Sec-WebSocket-Version: 13')
  return lines.map(line => line + lineEnd(random)).join('') + lineEnd(random) + body
}

function request(random: Random): string {
  const odd = onceIn(random, 4)
  const space = onceIn(random, oddity * 4) ? oneOf(random, ['  ', '\t', '']) : ' '
  const method = oneOf(random, odd ? METHODS : ['GET', 'POST'])
  const target = oneOf(random, odd ? TARGETS : ['/', '/a?b=c'])
  const version = onceIn(random, 6) ? oneOf(random, VERSIONS) : 'HTTP/1.1'
  const lines = onceIn(random, oddity) ? [] : [`Host: ${oneOf(random, onceIn(random, 6) ? HOSTS : ['a'])}`]
  if (onceIn(random, oddity * 2)) lines.push('Host: a')
  const before = onceIn(random, oddity) ? oneOf(random, ['\r\n', '\r\n\r\n', '\n', ' ']) : ''
  return `${before}${method}${space}${target} ${version}${lineEnd(random)}${headersAndBody(random, lines)}`
}

function response(random: Random): string {
  const version = onceIn(random, 6) ? oneOf(random, VERSIONS) : 'HTTP/1.1'
  const status = onceIn(random, 2) ? '200' : oneOf(random, STATUSES)
  const reason = onceIn(random, 6) ? oneOf(random, ['', ' ', ' \x80', ' a\x00', '\t']) : ' OK'
  return `${version} ${status}${reason}${lineEnd(random)}${headersAndBody(random, [])}`
}

/** One to three requests as one connection would carry them, possibly damaged. */
export function requestStream(random: Random): Buffer {
  return stream(random, request)
}

/** One to three responses as one connection would carry them, possibly damaged. */
export function responseStream(random: Random): Buffer {
  return stream(random, response)
}

function stream(random: Random, message: (random: Random) => string): Buffer {
  let text = ''
  for (let count = 1 + below(random, 3); count > 0; count--) text += message(random)
  const bytes = Buffer.from(text, 'latin1')
  return onceIn(random, 4) ? mutate(random, bytes) : bytes
}

const TELLING_BYTES = [0, 9, 10, 10, 13, 13, 32, 34, 44, 45, 48, 49, 58, 59, 61, 92, 127, 128, 255]

/** Damage bytes: one to four of them changed, left out, put in, or a range repeated. The input is not changed. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let count = 1 + below(random, 4); count > 0; count--) {
    const at = below(random, result.length + 1)
    const inserted = Buffer.from([oneOf(random, TELLING_BYTES)])
    const from = below(random, result.length + 1)
    const kind = below(random, 4)
    const skipped = kind === 0 || kind === 1 ? 1 : 0
    const put =
      kind === 1 ? Buffer.alloc(0) : kind === 3 ? result.subarray(from, from + below(random, 20)) : inserted
    result = Buffer.concat([result.subarray(0, at), put, result.subarray(at + skipped)])
  }
  return result
}
