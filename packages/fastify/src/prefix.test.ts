import { describe, expect, test } from 'vitest'
import { Prefix } from './prefix.ts'

describe('what is left of a target', () => {
  test.each([
    ['/api', '/api/users?id=1', '/users?id=1'],
    ['/api', '/api', '/'],
    ['/api', '/api/', '/'],
    ['/api', '/api?id=1', '/?id=1'],
    ['/api/', '/api/users', '/users'],
    ['/v1/api', '/v1/api/users', '/users'],
    ['', '/users', '/users'],
    ['/', '/users', '/users'],
    ['', '*', '*'],
  ])('under %j, %j becomes %j', (prefix, target, rest) => {
    expect(new Prefix(prefix).strip(target)).toBe(rest)
  })

  test.each([
    ['a prefix in another case', '/api', '/API/users', '/users'],
    ['an escaped prefix', '/api', '/%61pi/users', '/users'],
    ['a prefix with a name for any segment', '/:tenant/api', '/acme%20inc/api/users', '/users'],
    ['doubled slashes before the prefix', '/api', '//api/users', '/users'],
    ['doubled slashes behind it', '/api', '/api//users', '//users'],
    ['dots, escapes and quotes', '/api', "/api/../%2e/'x%2Fy", "/../%2e/'x%2Fy"],
    ['a path that ends early', '/v1/api', '/v1', '/'],
    ['a target in absolute form', '/api', 'http://a.test:80/api/users?id=1', 'http://a.test:80/users?id=1'],
    ['an absolute target of nothing more', '/api', 'HTTP://a.test/api', 'HTTP://a.test/'],
  ])('is byte for byte what the client sent: %s', (_, prefix, target, rest) => {
    expect(new Prefix(prefix).strip(target)).toBe(rest)
  })
})

describe('what may lie under a prefix', () => {
  test.each([
    ['/api', '/api'],
    ['/api', '/api/socket?room=1'],
    ['/api', '/api?room=1'],
    ['/api', '/API/socket'],
    ['/api', '/%61pi/socket'],
    ['/api', 'http://a.test/api/socket'],
    ['/:tenant/api', '/acme/api/socket'],
    ['', '/anything'],
  ])('%j covers %j', (prefix, target) => {
    expect(new Prefix(prefix).covers(target)).toBe(true)
  })

  test.each([
    ['/api', '/apis'],
    ['/api', '/'],
    ['/api', '/other/api'],
    ['/api/v1', '/api'],
    ['/api', '/%zz/x'],
    ['/:tenant', '/'],
  ])('%j does not cover %j', (prefix, target) => {
    expect(new Prefix(prefix).covers(target)).toBe(false)
  })
})
