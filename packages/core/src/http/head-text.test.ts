import { describe, expect, test } from 'vitest'
import { changedNames, FieldSet, headText, textOfPairs } from './head-text.ts'

const first = 'HTTP/1.1 200 OK\r\n'
const nothing = new FieldSet([])
const head = { rawHeaders: ['X-A', '1', 'Connection', 'close, X-C', 'X-B', '2', 'x-a', '3', 'X-C', '4'] }

describe('a head as text', () => {
  test('goes on in its order and case, but for what is dropped and what Connection names', () => {
    const drop = new FieldSet(['connection', 'x-b'])
    expect(headText(first, head, drop, undefined, 'X-New: n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 3\r\nX-New: n\r\n\r\n',
    )
  })

  test('takes edits: removed, replaced, appended', () => {
    const edits = {
      remove: ['x-B'],
      set: [['X-a', 'new']] as const,
      append: [
        ['Set-Cookie', 'a'],
        ['Set-Cookie', 'b'],
      ] as const,
    }
    const text = headText(first, { rawHeaders: ['X-A', '1', 'X-B', '2'] }, nothing, edits, '')
    expect(text).toBe('HTTP/1.1 200 OK\r\nX-a: new\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n')
    expect(changedNames(edits)).toEqual(['x-b', 'x-a'])
  })

  test('leaves out an edit that would break the message', () => {
    const edits = { append: [['X-A', 'a\r\nX-Evil: 1']] as const }
    expect(headText(first, { rawHeaders: [] }, nothing, edits, '')).toBe('HTTP/1.1 200 OK\r\n\r\n')
  })

  test('keeps what a message cannot do without, even where Connection names it', () => {
    const named = { rawHeaders: ['Connection', 'Content-Type', 'Content-Type', 'text/html'] }
    expect(headText(first, named, nothing, { remove: [] }, '')).toContain('Content-Type: text/html\r\n')
  })
})

test('names and values become lines', () => {
  expect(textOfPairs(['A', '1', 'b', '2'])).toBe('A: 1\r\nb: 2\r\n')
})
