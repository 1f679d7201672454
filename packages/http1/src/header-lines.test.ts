import { describe, expect, test } from 'vitest'
import type { HeaderLines } from './header-lines.ts'
import { CONTENT_LENGTH, HOST, TE } from './names.ts'
import { RequestReader } from './request.ts'

function linesOf(...lines: string[]): HeaderLines {
  const text = `GET / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`
  const head = new RequestReader().read(Buffer.from(text, 'latin1'))
  if (head?.kind !== 'request') throw new Error(head?.message)
  return head.lines
}

describe('header lines', () => {
  const lines = linesOf(
    'X-A: 1',
    'x-b:\t two words \t',
    'X-a:',
    'Cookie: a=b',
    'cookie: c=d',
    'X-Latin: \xe9',
  )

  test('are found whatever the case of their names', () => {
    expect(lines.get('x-b')).toBe('two words')
    expect(lines.has('x-latin')).toBe(true)
    expect(lines.has('x-z')).toBe(false)
    expect(lines.get('x-z')).toBeUndefined()
    expect(lines.indexOf('x-a')).toBe(1)
    expect(lines.indexOf('x-a', 2)).toBe(3)
  })

  test('of one name are joined, cookies in their own way', () => {
    expect(lines.get('x-a')).toBe('1, ')
    expect(lines.get('cookie')).toBe('a=b; c=d')
    expect(lines.all('cookie')).toEqual(['a=b', 'c=d'])
    expect(lines.all('x-z')).toEqual([])
  })

  test('keep one character for each byte', () => {
    expect(lines.get('x-latin')).toBe('\u00e9')
  })

  test('are listed as they came', () => {
    expect(lines.count).toBe(7)
    expect(lines.name(2)).toBe('x-b')
    expect(lines.pairs().slice(0, 6)).toEqual(['Host', 'a', 'X-A', '1', 'x-b', 'two words'])
    expect(lines.text.slice(lines.start, lines.start + 7)).toBe('Host: a')
    expect(lines.text.slice(lines.end)).toBe('\r\n')
  })

  test('with a known name are marked', () => {
    expect(lines.indexOfKnown(HOST)).toBe(0)
    expect(lines.indexOfKnown(HOST, 1)).toBe(-1)
    expect(lines.indexOfKnown(TE)).toBe(-1)
    expect(lines.known(HOST)).toBe('a')
    expect(lines.known(TE)).toBe('')
    expect(lines.offsetOfLast(CONTENT_LENGTH)).toBe(lines.end)
  })
})

test('names that only look alike are told apart', () => {
  // `[` and `{` differ by the bit that separates cases, as letters do.
  expect(linesOf('x^: 1').get('x~')).toBeUndefined()
  expect(linesOf('TF: 1', 'Keep-Alivf: 1', 'Upgradf: 1', 'Trailes: 1', 'Hosu: 1', 'Expecu: 1').present).toBe(
    1 << HOST,
  )
})
