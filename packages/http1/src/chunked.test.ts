import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Body, bodyOf } from './body.ts'
import type { LimitOptions } from './limits.ts'
import { decodeChunked } from './testing/naive.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function chunkedBody(limits?: LimitOptions): Body {
  return bodyOf(
    { kind: 'request', framing: 'chunked', contentLength: 0 },
    { decode: true, ...(limits && { limits }) },
  )
}

/** Feed `text` in portions of `size`; what came out, and how many bytes were the body's. */
function feed(body: Body, text: string, size = text.length): { content: string; length: number } {
  let content = ''
  for (let from = 0; from < text.length; from += size) {
    const portion = bytes(text.slice(from, from + size))
    const after = body.consume(portion, 0, portion.length)
    if (after < 0) return { content, length: -1 }
    for (let index = 0; index < body.content.length; index += 2) {
      content += portion.toString('latin1', body.content[index], body.content[index + 1])
    }
    if (body.done) return { content, length: from + after }
  }
  return { content, length: text.length }
}

describe.each([1, 2, 3, 7, 1000])('a chunked body in portions of %i', size => {
  test('ends where its last chunk ends', () => {
    const text = '5\r\nhello\r\n1;a="b;\\"";c=d;e\r\n!\r\n0\r\n\r\n'
    const body = chunkedBody()
    expect(feed(body, `${text}GET /`, size)).toEqual({ content: 'hello!', length: text.length })
    expect(body).toMatchObject({ done: true, contentBytes: 6, trailers: undefined, error: undefined })
    expect(body.finish()).toBeUndefined()
  })

  test('gives its trailers', () => {
    const text = '0\r\nX-Sum: abc\r\nY: \r\n\r\n'
    const body = chunkedBody()
    expect(feed(body, `${text}GET /`, size).length).toBe(text.length)
    expect(body.trailers?.pairs()).toEqual(['X-Sum', 'abc', 'Y', ''])
  })

  test.each([
    ['\r\n', 'CHUNK_SIZE', 400, 0],
    ['5 \r\nhello\r\n', 'CHUNK_SIZE', 400, 1],
    ['+5\r\n', 'CHUNK_SIZE', 400, 0],
    ['0x5\r\n', 'CHUNK_SIZE', 400, 1],
    ['5\nhello', 'CHUNK_SIZE', 400, 1],
    ['5\rhello', 'BARE_CR', 400, 2],
    [`${'0'.repeat(17)}\r\n`, 'CHUNK_SIZE', 400, 16],
    ['ffffffffffffffff\r\n', 'BODY_TOO_LARGE', 413, 16],
    ['5\r\nhelloX', 'CHUNK_END', 400, 8],
    ['5\r\nhello\rX', 'CHUNK_END', 400, 9],
    ['5;\r\n', 'CHUNK_EXTENSION', 400, 2],
    ['5;a=\r\n', 'CHUNK_EXTENSION', 400, 4],
    ['5; a\r\n', 'CHUNK_EXTENSION', 400, 2],
    ['5;a="x\r\n', 'CHUNK_EXTENSION', 400, 6],
    ['5;a="x"y\r\n', 'CHUNK_EXTENSION', 400, 7],
    ['5;a="\\\n"\r\n', 'CHUNK_EXTENSION', 400, 6],
    ['5;a=b=c\r\n', 'CHUNK_EXTENSION', 400, 5],
    ['0\r\n\rX', 'BARE_CR', 400, 4],
    ['0\r\nX : y\r\n', 'SPACE_BEFORE_COLON', 400, 4],
    ['0\r\n folded\r\n', 'OBSOLETE_FOLD', 400, 3],
    ['0\r\nX: y\r\nContent-Length: 5\r\n\r\n', 'TRAILER_FORBIDDEN', 400, 3],
  ])('%j is refused: %s, %i, at byte %i', (text, code, status, offset) => {
    const body = chunkedBody()
    expect(feed(body, `1\r\na\r\n${text}`, size).length).toBe(-1)
    expect(body.error).toMatchObject({ code: `EVENER_HTTP1_${code}`, status, offset: 6 + offset })
    expect(body.consume(bytes('0'), 0, 1)).toBe(-1)
    expect(body.finish()).toBe(body.error)
    expect(body.done).toBe(false)
  })

  test.each([
    ['1;aaaaaaaa\r\nx\r\n0\r\n\r\n', 'CHUNK_EXTENSION_TOO_LONG', 413],
    ['1;aaaa\r\nx\r\n1;aaaa\r\nx\r\n1;aaaa\r\nx\r\n0\r\n\r\n', 'CHUNK_EXTENSION_TOO_LONG', 413],
    [
      '1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n1;a\r\nx\r\n',
      'CHUNK_EXTENSION_TOO_LONG',
      413,
    ],
    ['5\r\nhello\r\n6\r\nworld!\r\n', 'BODY_TOO_LARGE', 413],
    ['0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n', 'TOO_MANY_HEADERS', 431],
    ['0\r\nA: 123456789012345\r\n', 'HEAD_TOO_LARGE', 431],
  ])('%j is over a limit: %s', (text, code, status) => {
    const limits = {
      maxExtensionBytes: 8,
      maxTotalExtensionBytes: 13,
      maxBodyBytes: 10,
      maxTrailers: 2,
      maxTrailerBytes: 18,
    }
    const body = chunkedBody(limits)
    expect(feed(body, text, size).length).toBe(-1)
    expect(body.error).toMatchObject({ code: `EVENER_HTTP1_${code}`, status })
  })
})

test('a body cut short is an error that says so', () => {
  const body = chunkedBody()
  feed(body, '5\r\nhel')
  expect(body.finish()).toMatchObject({ code: 'EVENER_HTTP1_TRUNCATED', offset: 6 })
})

test('a body that is done takes no more', () => {
  const body = chunkedBody()
  feed(body, '0\r\n\r\n')
  expect(body.consume(bytes('xyz'), 1, 3)).toBe(1)
  expect(body.content).toEqual([])
})

test('without decode nothing is told of where the content lies', () => {
  const body = bodyOf({ kind: 'response', framing: 'chunked', contentLength: 0 })
  expect(body.consume(bytes('5\r\nhello\r\n'), 0, 10)).toBe(10)
  expect(body.content).toEqual([])
  expect(body.contentBytes).toBe(5)
  expect(body.consume(bytes('x'), 0, 1)).toBe(-1)
  expect(body.error?.status).toBe(502)
})

describe('the scanner agrees with a naive decoder', () => {
  const chunk = fc.record({
    data: fc.string({
      minLength: 1,
      maxLength: 300,
      unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
    }),
    extension: fc.constantFrom('', ';a', ';a=b', ';a="b;c=\\"d"'),
  })

  test('on what was encoded, in any portions', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.integer({ min: 1, max: 80 }), (chunks, size) => {
        const content = chunks.map(({ data }) => data).join('')
        const text = `${chunks.map(({ data, extension }) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`).join('')}0\r\n\r\n`
        expect(feed(chunkedBody(), text + text, size)).toEqual({ content, length: text.length })
        expect(decodeChunked(text + text)).toEqual({ content, length: text.length })
      }),
      { seed: 2, numRuns: 300 },
    )
  })

  test('on anything: what it accepts, the other accepts with the same content', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      'a',
      '\r\n',
      '\r\n',
      '\r',
      '\n',
      ';',
      '=',
      '"',
      ' ',
      'x',
      '0\r\n\r\n',
      '1\r\nx\r\n',
      'X: y',
      ':',
    )
    let complete = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (pieces, size) => {
        const text = `1\r\nx\r\n${pieces.join('')}`
        const body = chunkedBody()
        const found = feed(body, text, size)
        const naive = decodeChunked(text)
        if (body.done) {
          complete++
          expect(naive).toEqual(found)
        } else if (body.error === undefined) expect(naive).toBeUndefined()
      }),
      { seed: 3, numRuns: 3000 },
    )
    expect(complete).toBeGreaterThan(100)
  })
})
