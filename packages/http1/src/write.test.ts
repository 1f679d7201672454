import { describe, expect, test } from 'vitest'
import { chunkHead, LAST_CHUNK, lastChunk } from './chunk-encoder.ts'
import { DropList, hopByHop } from './drop-list.ts'
import { reasonPhrase } from './reason.ts'
import { type RequestHead, RequestReader } from './request.ts'
import { forwardHead, headerLine, headerLines, requestLine, statusLine } from './write.ts'

function headOf(...lines: string[]): RequestHead {
  const text = `GET /x HTTP/1.1\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`
  const head = new RequestReader().read(Buffer.from(text, 'latin1'))
  if (head?.kind !== 'request') throw new Error(head?.message)
  return head
}

const firstLine = 'GET /x HTTP/1.1\r\n'

describe('a head that goes on', () => {
  test('is the text that came when nothing is dropped or added', () => {
    const head = headOf('Host: a', 'X: y')
    expect(forwardHead(firstLine, head.lines, hopByHop(), undefined, '')).toBe(head.lines.text)
    expect(hopByHop().dropsAny(head.lines)).toBe(false)
    expect(hopByHop('X-Other', 'z').dropsAny(head.lines)).toBe(false)
  })

  test('loses what ends at this hop, and what Connection names, and gains what is added', () => {
    const head = headOf(
      'Connection: keep-alive, X-Mine',
      'Host: a',
      'Keep-Alive: 5',
      'X-Mine: 1',
      'A: 1',
      'B: 2',
      'x-forwarded-for: 6.6.6.6',
      'TE: trailers',
      'Proxy-Connection: keep-alive',
      'C: 3',
      'Upgrade: h2c',
    )
    const drop = hopByHop('X-Forwarded-For')
    expect(drop.dropsAny(head.lines)).toBe(true)
    expect(
      forwardHead(
        requestLine('GET', '/y'),
        head.lines,
        drop,
        head.hopHeaders,
        'X-Forwarded-For: 1.2.3.4\r\n',
      ),
    ).toBe('GET /y HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n')
  })

  test('may lose its first or last line, or all of them', () => {
    const head = headOf('Host: a', 'X-One: 1', 'X-Two: 2')
    expect(forwardHead('', head.lines, new DropList(['host', 'x-two']), undefined, '')).toBe(
      'X-One: 1\r\n\r\n',
    )
    expect(forwardHead('', head.lines, new DropList(['host', 'x-one', 'x-two']), undefined, '')).toBe('\r\n')
    expect(new DropList(['x-two']).dropsAny(head.lines)).toBe(true)
    expect(new DropList(['x-tww', 'x-a']).dropsAny(head.lines)).toBe(false)
  })

  test('is dropped from by names that a header can have', () => {
    expect(() => new DropList(['x y'])).toThrow(/"x y" is no header name/)
    expect(() => new DropList([''])).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }))
  })
})

describe('nothing a program gives can break out of its line', () => {
  test.each(['', 'a b', 'a:', 'a\r\n', '\u0130'])('name %j', name => {
    expect(() => headerLine(name, 'x')).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_HEADER' }))
  })
  test.each(['a\r\nb', 'a\n', '\x00', '\x7f', '\u20ac', '\u010d\u010a'])('value %j', value => {
    expect(() => headerLine('x', value)).toThrow('the value of x')
  })
  test.each([
    ['G T', '/'],
    ['GET', ''],
    ['GET', '/ HTTP/1.1\r\nX: y'],
    ['GET', '/\u010a'],
  ])('request line %j %j', (method, target) => {
    expect(() => requestLine(method, target)).toThrow(expect.objectContaining({ name: 'HeaderValueError' }))
  })
  test.each([99, 600, 200.5, Number.NaN])('status %d', status => {
    expect(() => statusLine(status)).toThrow('from 100 to 599')
  })
  test('reason', () => {
    expect(() => statusLine(200, 'a\nb')).toThrow('reason')
  })
})

test('lines are written as they should be read', () => {
  expect(headerLine('Content-Length', 5)).toBe('Content-Length: 5\r\n')
  expect(headerLines(['A', 'b', 'C', 1])).toBe('A: b\r\nC: 1\r\n')
  expect(statusLine(404)).toBe('HTTP/1.1 404 Not Found\r\n')
  expect(statusLine(299)).toBe('HTTP/1.1 299 \r\n')
  expect(statusLine(200, 'Fine')).toBe('HTTP/1.1 200 Fine\r\n')
  expect(reasonPhrase(503)).toBe('Service Unavailable')
})

describe('chunks', () => {
  test('are framed by their size', () => {
    expect(chunkHead(255)).toBe('ff\r\n')
    expect(() => chunkHead(0)).toThrow(RangeError)
    expect(() => chunkHead(1.5)).toThrow(RangeError)
  })
  test('end with the trailers, if any', () => {
    expect(lastChunk([])).toBe(LAST_CHUNK)
    expect(lastChunk(['X', 'y'])).toBe('0\r\nX: y\r\n\r\n')
    expect(() => lastChunk(['X', 'y\r\n'])).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_HEADER' }),
    )
  })
})
