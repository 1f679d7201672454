import { describe, expect, test } from 'vitest'
import {
  allowedTrailers,
  edit,
  endToEnd,
  headerValue,
  headerValues,
  Names,
  pairs,
  remove,
} from './headers.ts'

describe('endToEnd', () => {
  test('leaves out what is about the connection, and keeps order, case and repetition of the rest', () => {
    const headers = [
      ...['Host', 'a.test', 'Connection', 'close', 'X-A', '1', 'Keep-Alive', 'timeout=5', 'TE', 'trailers'],
      ...['Proxy-Connection', 'close', 'x-a', '2', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2c'],
    ]
    expect(endToEnd(headers)).toEqual(['Host', 'a.test', 'X-A', '1', 'x-a', '2'])
  })

  test('leaves out what Connection lists, in whatever case, over several lines', () => {
    const headers = [
      'Connection',
      'keep-alive, X-One',
      'X-One',
      '1',
      'X-TWO',
      '2',
      'connection',
      ' x-two ,, ',
      'X-Three',
      '3',
    ]
    expect(endToEnd(headers)).toEqual(['X-Three', '3'])
  })

  test.each(['Host', 'Content-Length', 'Content-Type', 'Content-Encoding', 'Cookie', 'Authorization'])(
    'keeps %s even where Connection lists it',
    name => {
      expect(endToEnd(['Connection', name, name, 'value'])).toEqual([name, 'value'])
    },
  )

  test('keep-alive and close are no names', () => {
    expect(endToEnd(['Connection', 'Keep-Alive', 'X-A', '1', 'Connection', 'CLOSE'])).toEqual(['X-A', '1'])
  })

  test('leaves out further names on request, and never changes what it was given', () => {
    const headers = ['X-A', '1', 'Expect', '100-continue']
    expect(endToEnd(headers, new Names(['expect']))).toEqual(['X-A', '1'])
    expect(headers).toHaveLength(4)
  })
})

describe('values', () => {
  const headers = ['X-A', '1', 'Cookie', 'a=1', 'x-a', '2', 'cookie', 'b=2']

  test('of one name are joined as its kind has it', () => {
    expect(headerValue(headers, 'x-a')).toBe('1, 2')
    expect(headerValue(headers, 'cookie')).toBe('a=1; b=2')
    expect(headerValue(headers, 'x-b')).toBeUndefined()
    expect(headerValue(headers, 'host')).toBeUndefined()
  })

  test('can be had each for itself', () => {
    expect(headerValues(headers, 'x-a')).toEqual(['1', '2'])
    expect(headerValues(headers, 'x-b')).toEqual([])
  })

  test('come as pairs', () => {
    expect(pairs(['X-A', '1', 'x-a', '2'])).toEqual([
      ['X-A', '1'],
      ['x-a', '2'],
    ])
  })
})

describe('edits', () => {
  test('take out, then replace, then add', () => {
    const headers = ['X-A', '1', 'X-B', '2', 'x-a', '3', 'X-C', '4']
    edit(headers, { remove: ['x-B'], set: [['X-A', 'new']], append: [['X-C', '5']] })
    expect(headers).toEqual(['X-C', '4', 'X-A', 'new', 'X-C', '5'])
  })

  test('of nothing change nothing', () => {
    const headers = ['X-A', '1']
    edit(headers, undefined)
    edit(headers, {})
    expect(headers).toEqual(['X-A', '1'])
  })

  test('remove takes out all of the names', () => {
    const headers = ['A', '1', 'b', '2', 'a', '3']
    remove(headers, new Set(['a']))
    expect(headers).toEqual(['b', '2'])
  })
})

test('trailers pass, but for those that are believed only as headers', () => {
  const trailers = [
    'X-Sum',
    '1',
    'Content-Length',
    '5',
    'Transfer-Encoding',
    'chunked',
    'X-Forwarded-For',
    'a',
    'Cookie',
    'b',
  ]
  expect(allowedTrailers([...trailers, 'Set-Cookie', 'c', 'Host', 'd', 'Server-Timing', 'e'])).toEqual([
    ...['X-Sum', '1', 'Server-Timing', 'e'],
  ])
})
