import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTarget, validAuthority } from './target.ts'

describe('a target', () => {
  test.each(['/', '/a/../b', '/%2e%2e/\\x', "/it's?q='", '//double//', '/p?a=/../b', '/\xe9'])(
    'in origin form goes on byte for byte: %s',
    raw => {
      expect(readTarget('GET', raw)).toEqual({ uri: raw, authority: undefined })
    },
  )

  test.each([
    ['http://a.test', '/', 'a.test'],
    ['HTTP://A.test/', '/', 'A.test'],
    ['https://a.test:8443/p?q', '/p?q', 'a.test:8443'],
    ['http://a.test?q', '/?q', 'a.test'],
    ['http://[::1]:80/p/../q', '/p/../q', '[::1]:80'],
  ])('in absolute form is taken apart: %s', (raw, uri, authority) => {
    expect(readTarget('GET', raw)).toEqual({ uri, authority })
  })

  test('of OPTIONS may be an asterisk, also in absolute form', () => {
    expect(readTarget('OPTIONS', '*')).toEqual({ uri: '*', authority: undefined })
    expect(readTarget('OPTIONS', 'http://a.test')).toEqual({ uri: '*', authority: 'a.test' })
    expect(readTarget('OPTIONS', 'http://a.test/')).toEqual({ uri: '/', authority: 'a.test' })
  })

  test.each([
    ['GET', '*'],
    ['GET', ''],
    ['GET', 'a.test/p'],
    ['GET', '/p#fragment'],
    ['GET', '/p q'],
    ['GET', '/p\tq'],
    ['GET', '/p\x00'],
    ['GET', '/p\x7f'],
    ['GET', '/p\r\nX: y'],
    ['GET', '/\u0100'],
    ['GET', 'ftp://a.test/'],
    ['GET', 'http:///p'],
    ['GET', 'http://user@a.test/'],
    ['GET', 'http://[bad/'],
    ['CONNECT', 'a.test:443'],
    ['CONNECT', 'http://a.test/'],
  ])('that is not valid is refused: %s %j', (method, raw) => {
    expect(readTarget(method, raw)).toBeUndefined()
  })

  test('property: whatever bytes come, the uri that goes on begins with a slash, or is an asterisk, and has no blank', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'OPTIONS', 'POST'),
        fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()),
        (method, raw) => {
          const uri = readTarget(method, raw)?.uri
          if (uri === undefined) return
          expect(uri).toMatch(/^(\/[\x21-\x7e\x80-\xff]*|\*)$/)
          expect(uri).not.toContain('#')
          expect(uri === '*' || raw.includes(uri) || raw.includes(uri.slice(1))).toBe(true)
        },
      ),
    )
  })
})

describe('a Host', () => {
  test.each(['a', 'a.test', 'a.test:', 'a.test:80', '127.0.0.1:8080', '[::1]', '[::1]:65535', 'xn--a_b'])(
    'is valid: %j',
    value => {
      expect(validAuthority(value)).toBe(true)
    },
  )

  test.each([
    '',
    ':80',
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a:b',
    'a:123456',
    '::1',
    '[::1',
    '[zz]',
    'a\x00',
    'a'.repeat(513),
  ])('is not valid: %j', value => {
    expect(validAuthority(value)).toBe(false)
  })
})
