import { describe, expect, it } from 'vitest'
import { StatusReader } from './status-reader.ts'

const read = (...pieces: string[]) => {
  const reader = new StatusReader()
  return pieces.map(piece => reader.push(Buffer.from(piece, 'latin1')))
}

describe('the head of an answer whose status alone counts', () => {
  it('is its status and its reason', () => {
    expect(read('HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n')).toEqual([
      { status: 204, reason: 'No Content' },
    ])
    expect(read('HTTP/1.0 200\r\n\r\n')).toEqual([{ status: 200, reason: '' }])
    expect(read('HTTP/1.1 200 \r\nA:\r\n\r\nbody')).toEqual([{ status: 200, reason: '' }])
  })
  it('may come in any pieces', () => {
    const text = 'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 503 Busy\r\nA: b\r\n\r\n'
    for (let cut = 1; cut < text.length; cut++) {
      expect(read(text.slice(0, cut), text.slice(cut))[1]).toEqual({ status: 503, reason: 'Busy' })
    }
    expect(read(...text).at(-1)).toEqual({ status: 503, reason: 'Busy' })
  })
  it('may have its length several times, if it is the same', () => {
    const length = 'Content-Length: 3\r\n'
    expect(read(`HTTP/1.1 200 OK\r\n${length}${length}\r\n`)).toEqual([{ status: 200, reason: 'OK' }])
  })
  it.each([
    ['another protocol', '+PONG\r\n'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a status of another class', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nrubbish\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a zero byte', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\nA: b\n\r\n\r\n'],
    ['no end', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(16_384)}`],
  ])('is junk with %s', (_, text) => {
    expect(read(text)).toEqual([{ junk: expect.any(String) }])
  })
  it('holds no more than its limit, however much comes', () => {
    const reader = new StatusReader()
    const piece = Buffer.alloc(100, 'HTTP/1.1 100 Continue\r\n\r\n')
    for (let count = 0; count < 10_000; count++) expect(reader.push(piece.subarray(0, 25))).toBeUndefined()
    expect(reader.push(Buffer.alloc(50_000_000, 'x'))).toEqual({ junk: expect.any(String) })
  })
})
