import { expect, test } from 'vitest'
import { looksLikeHttp2Preface } from './preface.ts'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

test('the preface is told from its last byte on, and whatever follows it', () => {
  for (let length = 0; length < preface.length; length++) {
    expect(looksLikeHttp2Preface(preface.subarray(0, length))).toBeUndefined()
  }
  expect(looksLikeHttp2Preface(preface)).toBe(true)
  expect(looksLikeHttp2Preface(Buffer.concat([preface, Buffer.of(0, 0, 0, 4)]))).toBe(true)
})

test.each(['GET / HTTP/1.1\r\n', 'P', 'PUT', 'PROPFIND', 'PRI * HTTP/1.1', 'PRI * HTTP/2.0\r\n\r\nXX'])(
  '%j begins something else, or may yet',
  text => {
    expect(looksLikeHttp2Preface(Buffer.from(text))).toBe(text === 'P' ? undefined : false)
  },
)
