import { expect, test } from 'vitest'
import { connectionOptions, noOptions, persists } from './connection.ts'

test.each([
  ['keep-alive', { close: false, keepAlive: true, upgrade: false, named: undefined }],
  ['CLOSE', { close: true, keepAlive: false, upgrade: false, named: undefined }],
  ['close, Keep-Alive', { close: true, keepAlive: true, upgrade: false, named: undefined }],
  [
    'keep-alive, Upgrade, HTTP2-Settings',
    { close: false, keepAlive: true, upgrade: true, named: ['http2-settings'] },
  ],
  ['TE, Connection, Proxy-Connection', { close: false, keepAlive: false, upgrade: false, named: undefined }],
])('%s', (value, options) => {
  expect(connectionOptions(value)).toEqual(options)
})

test.each(['host', 'content-length', 'transfer-encoding'])('%s cannot be named away', name => {
  expect(connectionOptions(`close, ${name}`)?.named).toBeUndefined()
})

test('a value that is no list of tokens is refused', () => {
  expect(connectionOptions('close; x')).toBeUndefined()
})

test('close wins, and HTTP/1.0 persists only if it says so', () => {
  expect(persists(noOptions, 1)).toBe(true)
  expect(persists(noOptions, 0)).toBe(false)
  expect(persists(connectionOptions('close, keep-alive')!, 1)).toBe(false)
  expect(persists(connectionOptions('close, keep-alive')!, 0)).toBe(false)
  expect(persists(connectionOptions('keep-alive')!, 0)).toBe(true)
})
