import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCookieText } from './cookie-mark.ts'
import { SessionOptionError } from './errors.ts'
import { idsAsNames, namesFrom } from './server-names.ts'

describe('ids as names', () => {
  test('an ordinary id is its own name', () => {
    for (const id of ['app1', '10.0.0.1:80', '[::1]:80', 'a/b~c'])
      expect([idsAsNames.valueOf(id), idsAsNames.idOf(id)]).toEqual([id, id])
  })

  test('whatever an id is, its name can stand in a cookie, and leads back to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), id => {
        const name = idsAsNames.valueOf(id)!
        expect(isCookieText(name)).toBe(true)
        expect(idsAsNames.idOf(name)).toBe(id)
      }),
    )
  })

  test('the empty id has no name', () => {
    expect(idsAsNames.valueOf('')).toBeUndefined()
  })

  test.each(['%', '%4', '%41', '%c3%a9', '%C3', 'a%zz', '%2525%'])('%j is the name of none', name => {
    expect(idsAsNames.idOf(name)).toBeUndefined()
  })
})

describe('names from a table', () => {
  const names = namesFrom({ app1: 's1', app2: 's2', spare: 's1' })

  test('lead there and back', () => {
    expect(names.valueOf('app2')).toBe('s2')
    expect(names.idOf('s2')).toBe('app2')
  })

  test('that two servers share lead to the first', () => {
    expect(names.idOf('s1')).toBe('app1')
  })

  test('that two servers share lead to the next where the first cannot be used', () => {
    expect(names.idOf('s1', id => id !== 'app1')).toBe('spare')
    expect(names.idOf('s1', () => false)).toBeUndefined()
    expect(idsAsNames.idOf('app1', () => false)).toBeUndefined()
    expect(idsAsNames.idOf('app1', () => true)).toBe('app1')
  })

  test('know nothing that is not in the table, not what every object has either', () => {
    for (const text of ['app1', 'nobody', '__proto__', 'constructor', '']) {
      expect(names.idOf(text)).toBeUndefined()
    }
    expect(names.valueOf('toString')).toBeUndefined()
  })

  test.each(['', 'a b', 'a;b', 'a|b', 'a,b', 'a"b', 'a\\b', 'a\r\nb', 'é', 'x'.repeat(257), 7, null])(
    'cannot be %j',
    value => {
      expect(() => namesFrom({ app1: value as string })).toThrow(SessionOptionError)
      expect(() => namesFrom({ app1: value as string })).toThrow(/^values\.app1 is /)
    },
  )

  test.each([null, 's1', ['s1']])('cannot come from %j', values => {
    expect(() => namesFrom(values as never)).toThrow(/values is .* an object from server ids/)
  })
})
