import { describe, expect, test } from 'vitest'
import { cookieWriter } from './set-cookie.ts'

describe('a Set-Cookie line', () => {
  test('has safe attributes by default', () => {
    const writer = cookieWriter({ name: 'SRV' })
    expect(writer.set('s1', false)).toEqual(['SRV=s1; path=/; HttpOnly; SameSite=Lax'])
    expect(writer.set('s1', true)).toEqual(['SRV=s1; path=/; HttpOnly; Secure; SameSite=Lax'])
  })

  test('has no attribute but the path when all are turned off, as HAProxy by default', () => {
    const writer = cookieWriter({ name: 'SRV', httpOnly: false, secure: false, sameSite: false })
    expect(writer.set('s1', true)).toEqual(['SRV=s1; path=/'])
  })

  test('has every attribute asked for, in the order of HAProxy', () => {
    const writer = cookieWriter({
      name: '__Secure-SRV',
      httpOnly: true,
      secure: true,
      sameSite: 'None',
      domain: '.example.com',
      path: '/shop',
      attributes: ['Partitioned', 'Priority=High'],
    })
    expect(writer.set('s1', false)).toEqual([
      '__Secure-SRV=s1; path=/shop; domain=.example.com; HttpOnly; Secure; SameSite=None; Partitioned; Priority=High',
    ])
  })

  test('is written once for each domain', () => {
    const writer = cookieWriter({ name: 'SRV', domain: ['a.example', 'b.example'] })
    expect(writer.set('s1', false)).toEqual([
      'SRV=s1; path=/; domain=a.example; HttpOnly; SameSite=Lax',
      'SRV=s1; path=/; domain=b.example; HttpOnly; SameSite=Lax',
    ])
  })

  test('that takes a cookie away has the same path and domain', () => {
    const writer = cookieWriter({ name: 'SRV', domain: 'a.example', path: '/x' })
    expect(writer.expire(true)).toEqual([
      'SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/x; domain=a.example; HttpOnly; Secure; SameSite=Lax',
    ])
  })

  test('keeps the rules of the name prefixes', () => {
    expect(() => cookieWriter({ name: '__Host-SRV', secure: true })).not.toThrow()
    expect(() => cookieWriter({ name: '__Host-SRV' })).toThrow('secure is "auto"; allowed is true')
    expect(() => cookieWriter({ name: '__Secure-SRV', secure: false })).toThrow('secure is false')
    expect(() => cookieWriter({ name: '__Host-SRV', secure: true, path: '/x' })).toThrow(
      'name is "__Host-SRV"',
    )
    expect(() => cookieWriter({ name: '__host-SRV', secure: true, domain: 'a.example' })).toThrow('name is')
  })
})

const INJECTED = ['x; Secure', 'x\r\nSet-Cookie: y=1', 'x\u0000', 'x\u007f', 'x\u00e9', '']

describe('an attribute is refused', () => {
  test.each([...INJECTED, '$x', 'a=b', 'a b', 'a,b', 'x'.repeat(257), 7, undefined])(
    'as a name: %j',
    name => {
      expect(() => cookieWriter({ name: name as string })).toThrow(/^name is /)
    },
  )

  test.each([...INJECTED, 'x', '/x;y', '/\r\n', '/é', `/${'x'.repeat(1024)}`, 7])('as a path: %j', path => {
    expect(() => cookieWriter({ name: 'SRV', path: path as string })).toThrow(/^path is /)
  })

  test.each([...INJECTED, '.', 'a..b', 'a.', 'a b', 'a/b', 'x'.repeat(254), [], ['a', 'b;c'], [7], 7, null])(
    'as a domain: %j',
    domain => {
      expect(() => cookieWriter({ name: 'SRV', domain: domain as string })).toThrow(/^domain is /)
    },
  )

  test('as a domain: more than 16', () => {
    expect(() => cookieWriter({ name: 'SRV', domain: new Array(17).fill('a.example') })).toThrow(
      'domain is a list of 17',
    )
  })

  test.each([...INJECTED, ' x', 'Path=/', 'secure', 'HttpOnly', 'SameSite = Lax', 'domain=x', 7])(
    'as a further one: %j',
    attribute => {
      expect(() => cookieWriter({ name: 'SRV', attributes: ['Partitioned', attribute as string] })).toThrow(
        /^attributes\[1\] is /,
      )
    },
  )

  test('as a list of further ones that is none', () => {
    expect(() => cookieWriter({ name: 'SRV', attributes: 'Partitioned' as never })).toThrow(/^attributes is /)
  })

  test.each(['lax', 'Lax; Secure', true, 7])('as SameSite: %j', sameSite => {
    expect(() => cookieWriter({ name: 'SRV', sameSite: sameSite as 'Lax' })).toThrow(/^sameSite is /)
  })

  test('as SameSite None without Secure, which browsers drop', () => {
    expect(() => cookieWriter({ name: 'SRV', sameSite: 'None' })).toThrow(/sameSite is "None".* secure: true/)
    expect(() => cookieWriter({ name: 'SRV', sameSite: 'None', secure: true })).not.toThrow()
  })

  test.each(['yes', 1, null])('as secure and httpOnly: %j', value => {
    if (value !== null)
      expect(() => cookieWriter({ name: 'SRV', secure: value as never })).toThrow(/^secure is /)
    expect(() => cookieWriter({ name: 'SRV', httpOnly: value as never })).toThrow(/^httpOnly is /)
  })
})
