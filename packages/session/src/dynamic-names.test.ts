import { describe, expect, test } from 'vitest'
import { dynamicNames } from './dynamic-names.ts'
import { namesFrom } from './server-names.ts'

const v4 = { id: 'a', host: '127.0.0.1', port: 8080 }
const v6 = { id: 'b', host: '2001:db8::7', port: 443 }
const named = { id: 'c', host: 'app.internal', port: 80 }

describe('names made of addresses', () => {
  test('lead there and back, and differ by address, port and key', () => {
    const names = dynamicNames('a key', undefined)
    names.rebuild([v4, v6, { ...v4, id: 'd', port: 8081 }])
    const values = ['a', 'b', 'd'].map(id => names.valueOf(id) as string)
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{16}$/)
    expect(new Set(values).size).toBe(3)
    expect(values.map(value => names.idOf(value))).toEqual(['a', 'b', 'd'])
    const other = dynamicNames(Buffer.from('another key'), undefined)
    other.rebuild([v4])
    expect(other.valueOf('a')).not.toBe(values[0])
  })

  test('are those that HAProxy gives', () => {
    const names = dynamicNames('a key that both know', undefined)
    names.rebuild([v4, v6])
    expect([names.valueOf('a'), names.valueOf('b')]).toEqual(['32e07cc6247cecb5', 'a812f051fdf4dfaf'])
  })

  test('do not depend on how an address is written', () => {
    const names = dynamicNames('a key', undefined)
    names.rebuild([
      v6,
      { id: 'long', host: '2001:0DB8:0:0:0:0:0:7', port: 443 },
      { id: 'zone', host: 'fe80::1%lo', port: 1 },
    ])
    expect(names.valueOf('long')).toBe(names.valueOf('b'))
    expect(names.valueOf('zone')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('go with the servers, and there are none for host names and sockets', () => {
    const names = dynamicNames('a key', undefined)
    expect(names.valueOf('a')).toBeUndefined()
    names.rebuild([v4, named, { id: 'socket', host: '', port: 0 }])
    const value = names.valueOf('a') as string
    expect([names.valueOf('c'), names.valueOf('socket')]).toEqual([undefined, undefined])
    names.rebuild([{ ...v4, port: 9090 }])
    expect(names.idOf(value)).toBeUndefined()
    expect(names.idOf(names.valueOf('a') as string)).toBe('a')
  })

  test('leave a server the value that the table gives it', () => {
    const names = dynamicNames('a key', namesFrom({ c: 's3', a: 's1' }))
    names.rebuild([v4, v6, named])
    expect([names.valueOf('a'), names.valueOf('c')]).toEqual(['s1', 's3'])
    expect(names.idOf('s3')).toBe('c')
    expect(names.idOf(names.valueOf('b') as string)).toBe('b')
  })

  test('that two servers share lead to the first that can be used', () => {
    const names = dynamicNames('a key', undefined)
    names.rebuild([v4, { ...v4, id: 'twin' }])
    const value = names.valueOf('twin') as string
    expect(names.idOf(value)).toBe('a')
    expect(names.idOf(value, id => id !== 'a')).toBe('twin')
    expect(names.idOf(value, () => false)).toBeUndefined()
  })
})

test.each([
  ['', '0 bytes long'],
  ['x'.repeat(1025), '1025 bytes long'],
  [7, 'of type number'],
  [undefined, 'of type undefined'],
])('a key cannot be such', (key, shown) => {
  expect(() => dynamicNames(key, undefined)).toThrow(
    `dynamic.key is ${shown}; allowed is a string or a Uint8Array`,
  )
})
