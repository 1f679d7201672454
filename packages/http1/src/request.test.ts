import { describe, expect, test } from 'vitest'
import type { MessageError } from './error.ts'
import type { LimitOptions } from './limits.ts'
import { type RequestHead, RequestReader } from './request.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function accepted(text: string): RequestHead {
  const head = new RequestReader().read(bytes(text))
  if (head?.kind !== 'request') throw new Error(`refused: ${head?.message ?? 'incomplete'}`)
  return head
}

function refused(text: string, limits?: LimitOptions): MessageError {
  const head = new RequestReader(limits).read(bytes(text))
  if (head?.kind !== 'error') throw new Error(`accepted, or incomplete: ${JSON.stringify(text)}`)
  return head
}

/** A head with these lines after the request line. */
const withLines = (...lines: string[]) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`

describe('a request head that is accepted', () => {
  test('gives its parts', () => {
    const head = accepted(
      'POST /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 5\r\nX:  y \t\r\n\r\nhello',
    )
    expect(head).toMatchObject({
      method: 'POST',
      target: '/a?b=c',
      form: 'origin',
      originTarget: '/a?b=c',
      minorVersion: 1,
      host: 'example.com:8080',
      framing: 'length',
      contentLength: 5,
      keepAlive: true,
      upgrade: '',
      expectContinue: false,
      hopHeaders: undefined,
    })
    expect(head.header('x')).toBe('y')
    expect(head.header('absent')).toBeUndefined()
    expect(head.byteLength).toBe(76)
  })

  test('leaves the bytes after it to the body, or to the next head', () => {
    const reader = new RequestReader()
    const pipelined = bytes(`${withLines()}${withLines('X: y')}`)
    expect(reader.read(pipelined)?.kind).toBe('request')
    const { consumed } = reader
    expect(consumed).toBe(withLines().length)
    const second = reader.read(pipelined, consumed)
    expect(second?.kind === 'request' && second.header('x')).toBe('y')
    expect(reader.consumed).toBe(pipelined.length)
    expect(reader.idle).toBe(true)
  })

  test('keeps nothing of a buffer that is filled anew', () => {
    const reader = new RequestReader()
    const shared = Buffer.alloc(8)
    const text = withLines('X: something longer')
    let head: ReturnType<RequestReader['read']>
    for (let at = 0; at < text.length; at += shared.length) {
      const length = shared.write(text.slice(at, at + shared.length), 'latin1')
      head = reader.read(shared, 0, length)
    }
    expect(head?.kind === 'request' && head.header('x')).toBe('something longer')
  })

  test.each([
    ['GET http://a/x?y HTTP/1.1', 'a', 'absolute', '/x?y', 'a'],
    ['GET http://a:80/ HTTP/1.1', 'A', 'absolute', '/', 'a:80'],
    ['GET HTTPS://a:443?q HTTP/1.1', 'a', 'absolute', '/?q', 'a:443'],
    ['GET http://a HTTP/1.1', 'a', 'absolute', '/', 'a'],
    ['OPTIONS http://a HTTP/1.1', 'a', 'absolute', '*', 'a'],
    ['OPTIONS * HTTP/1.1', 'a', 'asterisk', '*', 'a'],
    ['CONNECT a:443 HTTP/1.1', 'a:443', 'authority', 'a:443', 'a:443'],
    ['CONNECT [::1]:443 HTTP/1.1', '[::1]', 'authority', '[::1]:443', '[::1]:443'],
    ['GET /|{}[]^"<> HTTP/1.1', 'a', 'origin', '/|{}[]^"<>', 'a'],
  ])('%s with Host %s has the form %s', (line, host, form, originTarget, asked) => {
    expect(accepted(`${line}\r\nHost: ${host}\r\n\r\n`)).toMatchObject({ form, originTarget, host: asked })
  })

  test('may follow one empty line', () => {
    const reader = new RequestReader()
    expect(reader.read(bytes('\r'))).toBeUndefined()
    expect(reader.idle).toBe(false)
    expect(reader.read(bytes('\n'))).toBeUndefined()
    expect(reader.idle).toBe(false)
    expect(reader.read(bytes(withLines()))?.kind).toBe('request')
    expect(accepted(`\r\n${withLines()}`).lines.text).toBe(withLines())
  })

  test('needs no Host in HTTP/1.0, and does not persist unless it asks to', () => {
    expect(accepted('GET / HTTP/1.0\r\n\r\n')).toMatchObject({ host: '', keepAlive: false, minorVersion: 0 })
    expect(accepted('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').keepAlive).toBe(true)
  })

  test('says whether it wants to upgrade or to be told to continue, in HTTP/1.1 only', () => {
    const lines = 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n'
    expect(accepted(`GET / HTTP/1.1\r\nHost: a\r\n${lines}`)).toMatchObject({
      upgrade: 'websocket',
      expectContinue: true,
    })
    expect(accepted(`GET / HTTP/1.0\r\n${lines}`)).toMatchObject({ upgrade: '', expectContinue: false })
    expect(accepted(withLines('Upgrade: websocket')).upgrade).toBe('')
  })

  test('with Connection says what ends at this hop', () => {
    expect(accepted(withLines('Connection: X-Mine, close, content-length'))).toMatchObject({
      keepAlive: false,
      hopHeaders: ['x-mine'],
    })
  })

  test.each([
    ['Content-Length: 0', 'none', 0],
    ['content-length: 007', 'length', 7],
    ['Content-Length: 9007199254740991', 'length', Number.MAX_SAFE_INTEGER],
    ['Transfer-Encoding: chunked', 'chunked', 0],
    ['TRANSFER-ENCODING:  Chunked', 'chunked', 0],
    ['Transfer-Encoding:chunked', 'chunked', 0],
    ['X: y', 'none', 0],
  ])('%s has the framing %s', (line, framing, contentLength) => {
    expect(accepted(withLines(line))).toMatchObject({ framing, contentLength })
  })

  test('of CONNECT is followed by a tunnel', () => {
    const head = accepted('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n')
    expect(head).toMatchObject({ framing: 'tunnel', contentLength: 0 })
  })
})

describe('a request head is refused for', () => {
  test.each([
    ['\r\n\r\nGET / HTTP/1.1\r\n', 'EMPTY_LINES', 400],
    ['\rGET / HTTP/1.1\r\n', 'BARE_CR', 400],
    ['\nGET / HTTP/1.1\r\n', 'BARE_LF', 400],
    ['GET / HTTP/1.1\n', 'BARE_LF', 400],
    ['GET / HTTP/1.1\rHost', 'BARE_CR', 400],
    ['GET /\x00 HTTP/1.1\r\n', 'CONTROL_BYTE', 400],
    ['GET /\x80 HTTP/1.1\r\n', 'START_LINE', 400],
    ['GET\t/ HTTP/1.1\r\n', 'START_LINE', 400],
    ['\x16\x03\x01', 'CONTROL_BYTE', 400],
    ['GET /\r\n\r\n', 'START_LINE', 400],
    ['GET\r\n\r\n', 'METHOD', 400],
    [' / HTTP/1.1\r\n\r\n', 'METHOD', 400],
    ['G@T / HTTP/1.1\r\n\r\n', 'METHOD', 400],
    ['GET  / HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET / HTTP/1.1 \r\n\r\n', 'START_LINE', 400],
    ['GET /  HTTP/1.1\r\n\r\n', 'START_LINE', 400],
    ['GET / http/1.1\r\n\r\n', 'START_LINE', 400],
    ['GET /#x HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET / HTTP/1.2\r\n\r\n', 'VERSION', 505],
    ['GET / HTTP/0.9\r\n\r\n', 'VERSION', 505],
    ['PRI * HTTP/2.0\r\n\r\n', 'VERSION', 505],
    ['GET * HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET x HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET ftp://a/ HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET http:///x HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET http://u@a/ HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET *x HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['CONNECT / HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['CONNECT a HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['CONNECT a:0 HTTP/1.1\r\n\r\n', 'TARGET', 400],
    ['GET / HTTP/1.1\r\n Host: a\r\n', 'OBSOLETE_FOLD', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n', 'OBSOLETE_FOLD', 400],
    ['GET / HTTP/1.1\r\n: x\r\n', 'EMPTY_NAME', 400],
    ['GET / HTTP/1.1\r\n(x): x\r\n', 'HEADER_NAME', 400],
    ['GET / HTTP/1.1\r\nx(: x\r\n', 'HEADER_NAME', 400],
    ['GET / HTTP/1.1\r\nHost : x\r\n', 'SPACE_BEFORE_COLON', 400],
    ['GET / HTTP/1.1\r\nHost\t: x\r\n', 'SPACE_BEFORE_COLON', 400],
    ['GET / HTTP/1.1\r\nHost\r\n', 'NO_COLON', 400],
    ['GET / HTTP/1.1\r\nHost\n', 'BARE_LF', 400],
    ['GET / HTTP/1.1\r\n\n', 'BARE_LF', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\n\rX', 'BARE_CR', 400],
    ['GET / HTTP/1.1\r\nX: a\rb\r\n', 'BARE_CR', 400],
    ['GET / HTTP/1.1\r\nX: a\x7f\r\n', 'CONTROL_BYTE', 400],
    ['GET / HTTP/1.1\r\n\r\n', 'HOST_MISSING', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n', 'HOST_DUPLICATE', 400],
    ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 'HOST_INVALID', 400],
    ['GET / HTTP/1.0\r\nHost: a b\r\n\r\n', 'HOST_INVALID', 400],
    ['GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n', 'HOST_MISMATCH', 400],
    ['GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n', 'HOST_MISMATCH', 400],
    ['CONNECT a:443 HTTP/1.1\r\nHost: a:80\r\n\r\n', 'HOST_MISMATCH', 400],
    ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 1\r\n\r\n', 'BODY_FORBIDDEN', 400],
    ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n', 'BODY_FORBIDDEN', 400],
    [withLines('Connection: a b'), 'CONNECTION', 400],
    [withLines('Content-Length: +5'), 'CONTENT_LENGTH', 400],
    [withLines('Content-Length:'), 'CONTENT_LENGTH', 400],
    [withLines('Content-Length: 5 5'), 'CONTENT_LENGTH', 400],
    [withLines('Content-Length: 5, x'), 'CONTENT_LENGTH', 400],
    [withLines('Content-Length: 5, 5'), 'CONTENT_LENGTH_DUPLICATE', 400],
    [withLines('Content-Length: 5', 'Content-Length: 5'), 'CONTENT_LENGTH_DUPLICATE', 400],
    [withLines('Content-Length: 9007199254740992'), 'CONTENT_LENGTH_TOO_LARGE', 413],
    [withLines(`Content-Length: ${'9'.repeat(400)}`), 'CONTENT_LENGTH_TOO_LARGE', 413],
    [withLines('Content-Length: 5', 'Transfer-Encoding: chunked'), 'LENGTH_AND_ENCODING', 400],
    ['GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'ENCODING_IN_1_0', 400],
    [withLines('Transfer-Encoding: chunked, chunked'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: chunked, gzip'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: identity'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: chunked;q=1'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: chunked\t'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: chunked '), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding:\tchunked'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding:'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: ,chunked'), 'TRANSFER_ENCODING', 400],
    [withLines('Transfer-Encoding: gzip, chunked'), 'UNKNOWN_CODING', 501],
    [withLines('Transfer-Encoding: xchunked'), 'UNKNOWN_CODING', 501],
  ])('%j: %s, %i', (text, code, status) => {
    expect(refused(text)).toMatchObject({ code: `EVENER_HTTP1_${code}`, status })
  })

  test.each([
    [`GET /${'a'.repeat(100)} HTTP/1.1\r\n`, 'START_LINE_TOO_LONG', 414, 64],
    [`GET / HTTP/1.1\r\nHost: ${'a'.repeat(100)}\r\n`, 'LINE_TOO_LONG', 431, 16 + 80],
    [`GET / HTTP/1.1\r\n${'Xyz: 1\r\n'.repeat(12)}`, 'TOO_MANY_HEADERS', 431, 16 + 11 * 8],
    [`GET / HTTP/1.1\r\n${'X: 123456789012\r\n'.repeat(11)}`, 'HEAD_TOO_LARGE', 431, 150],
  ])('%j: %s, %i at byte %i', (text, code, status, offset) => {
    const limits = { maxHeadBytes: 150, maxStartLineBytes: 64, maxLineBytes: 80, maxHeaders: 11 }
    expect(refused(text, limits)).toMatchObject({ code: `EVENER_HTTP1_${code}`, status, offset })
  })

  test('and stays refused', () => {
    const reader = new RequestReader()
    const first = reader.read(bytes('\x00'))
    expect(reader.read(bytes(withLines()))).toBe(first)
    const late = new RequestReader()
    const missing = late.read(bytes('GET / HTTP/1.1\r\n\r\n'))
    expect(late.read(bytes(withLines()))).toBe(missing)
  })

  test('with the place of the fault', () => {
    expect(refused(withLines('Content-Length: 1', 'X: y', 'Content-Length: 2')).offset).toBe(25 + 19 + 6)
    expect(refused('GET / HTTP/1.1\r\nHo st: a\r\n').offset).toBe(18)
    expect(refused(withLines('Host: a')).message).toMatch('byte 25 of the request')
  })
})

test('a head that comes a byte at a time costs a bounded store, and no more than the limit is ever kept', () => {
  const reader = new RequestReader({ maxHeadBytes: 4096, maxStartLineBytes: 4096 })
  const one = Buffer.from('a')
  expect(reader.read(bytes('GET /'))).toBeUndefined()
  for (let count = 5; count < 4096; count++) expect(reader.read(one)).toBeUndefined()
  expect(reader.read(one)).toMatchObject({ status: 414, offset: 4096 })
})

test('an empty portion changes nothing', () => {
  const reader = new RequestReader()
  expect(reader.read(Buffer.alloc(0))).toBeUndefined()
  expect(reader.idle).toBe(true)
  expect(reader.read(bytes('GET / HT'))).toBeUndefined()
  expect(reader.read(Buffer.alloc(0))).toBeUndefined()
  expect(reader.read(bytes('TP/1.1\r\nHost: a\r\n\r\n'))?.kind).toBe('request')
})
