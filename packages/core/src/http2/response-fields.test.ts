import { expect, test } from 'vitest'
import { plainFields, responseFields } from './response-fields.ts'

test('names are in lower case, and several values of a name are kept apart', () => {
  expect(
    responseFields(200, ['Set-Cookie', 'a=1', 'X-A', '1', 'SET-COOKIE', 'b=2', 'set-cookie', 'c=3']),
  ).toEqual({
    ':status': 200,
    'set-cookie': ['a=1', 'b=2', 'c=3'],
    'x-a': '1',
  })
})

test('what is about a connection stays behind, and what Connection names, unless it is indispensable', () => {
  const headers = [
    'Connection',
    'x-hop, content-type',
    'X-Hop',
    '1',
    'Content-Type',
    'a/b',
    'TE',
    'x',
    'Trailer',
    'x',
  ]
  expect(responseFields(200, headers, undefined, '', new Set(['trailer']))).toEqual({
    ':status': 200,
    'content-type': 'a/b',
  })
})

test('edits are made, and lines of our own added', () => {
  const edits = { remove: ['X-Gone'], set: [['X-New', '1']], append: [['Set-Cookie', 's=1']] } as const
  expect(
    responseFields(200, ['x-gone', '1', 'X-NEW', '0', 'set-cookie', 'a=1'], edits, 'Via: 1.1 me\r\n'),
  ).toEqual({
    ':status': 200,
    'x-new': '1',
    'set-cookie': ['a=1', 's=1'],
    via: '1.1 me',
  })
})

test.each(['a\nb', 'a\rb', 'a\0b', '\u010a'])('a value of the server with %j in it is refused', value => {
  expect(responseFields(200, ['x-a', value])).toBeUndefined()
})

test('an edit that is no field leaves the rest as it is', () => {
  expect(responseFields(200, [], { set: [['x-a', 'a\nb']] })).toEqual({ ':status': 200 })
})

test('two lengths that differ are refused, and equal ones are one', () => {
  expect(responseFields(200, ['content-length', '1', 'Content-Length', '1'])).toMatchObject({
    'content-length': '1',
  })
  expect(responseFields(200, ['content-length', '1', 'Content-Length', '2'])).toBeUndefined()
})

test('trailers that cannot be sent are left out', () => {
  const trailers = ['X-Sum', '1', 'Bad Name', '1', 'x-bad', 'a\nb', 'Connection', 'x', ':status', '200']
  expect(plainFields(trailers)).toEqual({ 'x-sum': '1' })
})
