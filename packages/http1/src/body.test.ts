import { expect, test } from 'vitest'
import { bodyOf, emptyBody } from './body.ts'

const bytes = Buffer.from('hello world')

test('a body of a known length takes its bytes and leaves the others', () => {
  const body = bodyOf({ kind: 'request', framing: 'length', contentLength: 7 }, { decode: true })
  expect(body.consume(bytes, 0, 5)).toBe(5)
  expect(body).toMatchObject({ done: false, contentBytes: 5, content: [0, 5] })
  expect(body.consume(bytes, 5, 11)).toBe(7)
  expect(body).toMatchObject({ done: true, contentBytes: 7, content: [5, 7], trailers: undefined })
  expect(body.finish()).toBeUndefined()
  expect(body.consume(bytes, 7, 11)).toBe(7)
  expect(body.content).toEqual([])
})

test('a body of a known length that is cut short is an error', () => {
  const body = bodyOf({ kind: 'response', framing: 'length', contentLength: 7 })
  body.consume(bytes, 0, 5)
  expect(body.content).toEqual([])
  expect(body.finish()).toMatchObject({ code: 'EVENER_HTTP1_TRUNCATED', status: 502, offset: 5 })
  expect(body.done).toBe(false)
})

test('a body that lasts until the connection ends takes all, and is done then', () => {
  const body = bodyOf({ kind: 'response', framing: 'until-close', contentLength: 0 })
  expect(body.consume(bytes, 2, 11)).toBe(11)
  expect(body.done).toBe(false)
  expect(body.finish()).toBeUndefined()
  expect(body).toMatchObject({ done: true, contentBytes: 9 })
})

test.each(['none', 'tunnel'] as const)('with %s there is no body, and one object for all', framing => {
  const body = bodyOf({ kind: 'request', framing, contentLength: 0 })
  expect(body).toBe(emptyBody)
  expect(body.consume(bytes, 3, 11)).toBe(3)
  expect(body.done).toBe(true)
  expect(body.finish()).toBeUndefined()
})
