import { expect, test } from 'vitest'
import { isIdempotent, pathOf } from './request.ts'

test.each([
  ['/p', '/p'],
  ['/p?q', '/p'],
  ['/p?q?r', '/p'],
  ['/?', '/'],
  ['*', '*'],
])('the path of %s is %s', (uri, path) => {
  expect(pathOf(uri)).toBe(path)
})

test('methods may be repeated where RFC 9110 says so, in their exact case', () => {
  expect(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'].every(isIdempotent)).toBe(true)
  expect(['POST', 'PATCH', 'CONNECT', 'LOCK', 'get', ''].some(isIdempotent)).toBe(false)
})
