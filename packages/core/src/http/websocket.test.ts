import { describe, expect, test } from 'vitest'
import { headerValue } from './headers.ts'
import type { ClientRequest } from './request.ts'
import { webSocketAccept, webSocketKey, wrongAgreement, wrongHandshake } from './websocket.ts'

// RFC 6455 section 1.3.
const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

function asking(headers: Record<string, string | string[]> = {}, method = 'GET'): ClientRequest {
  const all = { 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13', ...headers }
  const rawHeaders = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().flatMap(value => [name, value]),
  )
  return { method, header: (name: string) => headerValue(rawHeaders, name) } as ClientRequest
}

const agreed = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', accept]

test('the key of the RFC is answered as the RFC says', () => {
  expect(webSocketAccept(key)).toBe(accept)
})

test('a key made here is one, and another one each time', () => {
  const [one, two] = [webSocketKey(), webSocketKey()]
  expect(wrongHandshake(asking({ 'Sec-WebSocket-Key': one }))).toBeUndefined()
  expect(one).not.toBe(two)
})

describe('a client’s handshake', () => {
  test.each([
    ['as the RFC has it', {}],
    [
      'with protocols and extensions',
      { 'Sec-WebSocket-Protocol': 'a, b', 'Sec-WebSocket-Extensions': 'x;y=1' },
    ],
    ['with protocols in two fields, and empty elements', { 'Sec-WebSocket-Protocol': ['a,, b', 'c'] }],
  ])('%s is one', (_name, headers) => {
    expect(wrongHandshake(asking(headers as Record<string, string>))).toBeUndefined()
  })

  test.each([
    ['key', { 'Sec-WebSocket-Key': '' }],
    ['key', { 'Sec-WebSocket-Key': `${key}x` }],
    ['key', { 'Sec-WebSocket-Key': [key, key] }],
    ['list of protocols', { 'Sec-WebSocket-Protocol': 'a b' }],
    ['list of protocols', { 'Sec-WebSocket-Protocol': 'a, b, a' }],
  ])('without a valid %s is refused with 400', (what, headers) => {
    expect(wrongHandshake(asking(headers as Record<string, string>))).toEqual({
      status: 400,
      message: `The WebSocket handshake has no valid ${what}.`,
    })
  })

  test('by another method is refused with 400', () => {
    expect(wrongHandshake(asking({}, 'POST'))).toMatchObject({ status: 400 })
  })

  test('of no version is refused with 400, of another one with 426', () => {
    expect(wrongHandshake(asking({ 'Sec-WebSocket-Version': [] }))).toMatchObject({ status: 400 })
    for (const version of ['8', '013', '', '13, 8'])
      expect(wrongHandshake(asking({ 'Sec-WebSocket-Version': version }))).toMatchObject({ status: 426 })
  })
})

describe('a server’s 101', () => {
  test.each([
    ['nothing more', {}, []],
    ['one of the protocols', { 'Sec-WebSocket-Protocol': 'a, b' }, ['Sec-WebSocket-Protocol', 'b']],
    [
      'one of the extensions',
      { 'Sec-WebSocket-Extensions': 'x, permessage-deflate; client_max_window_bits' },
      ['Sec-WebSocket-Extensions', 'permessage-deflate; server_max_window_bits=10'],
    ],
  ])('that grants %s is believed', (_name, asked, granted) => {
    expect(wrongAgreement(asking(asked), [...agreed, ...granted])).toBeUndefined()
  })

  test.each([
    ['upgraded', {}, ['Connection', 'close', 'Sec-WebSocket-Accept', accept]],
    ['upgraded', {}, ['Sec-WebSocket-Accept', accept]],
    ['key', {}, agreed.slice(0, 4)],
    ['key', {}, [...agreed, 'Sec-WebSocket-Accept', accept]],
    ['key', { 'Sec-WebSocket-Key': webSocketKey() }, agreed],
    ['protocol', {}, [...agreed, 'Sec-WebSocket-Protocol', 'a']],
    ['protocol', { 'Sec-WebSocket-Protocol': 'a, b' }, [...agreed, 'Sec-WebSocket-Protocol', 'a, b']],
    ['protocol', { 'Sec-WebSocket-Protocol': 'a' }, [...agreed, 'Sec-WebSocket-Protocol', 'A']],
    ['protocol', { 'Sec-WebSocket-Protocol': 'a' }, [...agreed, 'Sec-WebSocket-Protocol', '']],
    ['extension', { 'Sec-WebSocket-Extensions': 'x' }, [...agreed, 'Sec-WebSocket-Extensions', 'x, y']],
  ])('that is wrong about the %s is not', (what, asked, headers) => {
    expect(wrongAgreement(asking(asked), headers)).toContain(what)
  })
})
