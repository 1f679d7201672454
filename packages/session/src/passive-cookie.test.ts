import { expect, test } from 'vitest'
import { encodeDate } from './cookie-date.ts'
import { passiveCookie } from './passive-cookie.ts'
import { requestWith, seenLines } from './test-support.ts'

const name = 'SRV'
const values = { app1: 's1', app2: 's2' }

test('a cookie that an application writes brings its client back, and nothing is changed', () => {
  const affinity = passiveCookie({ name, values })
  expect(affinity.find(requestWith('a=1; SRV=s2'))).toBe('app2')
  expect(affinity.find(requestWith('SRV=s9'))).toBeUndefined()
  expect(affinity.conceal).toBeUndefined()
  for (const cookie of [undefined, 'SRV=s1'])
    expect(seenLines(affinity, cookie, 'app1', 'SRV=s1; Path=/')).toEqual(['SRV=s1; Path=/'])
  expect(affinity.bind(requestWith(), 'app1', undefined)).toBeUndefined()
})

test('with indirect, a client on its server gets no cookie of the server; with preserve, it stays as it is', () => {
  const indirect = passiveCookie({ name, values, indirect: true })
  expect(seenLines(indirect, 'SRV=s1', 'app1', 'SRV=s1', 'x=1')).toEqual(['x=1'])
  expect(seenLines(indirect, 'SRV=s1', 'app1', 'x=1')).toEqual(['x=1'])
  expect(seenLines(indirect, 'SRV=s1', 'app2', 'SRV=s2')).toEqual(['SRV=s2'])
  expect(seenLines(indirect, undefined, 'app1', 'SRV=s1')).toEqual(['SRV=s1'])
  const preserve = passiveCookie({ name, values, indirect: true, preserve: true })
  expect(seenLines(preserve, 'SRV=s1', 'app1', 'SRV=s1')).toEqual(['SRV=s1'])
})

test('dates in it are held to the limits', () => {
  const affinity = passiveCookie({ name, values, maxLifeMs: 3_600_000, now: () => 1_700_000_000_000 })
  const at = (ago: number) => encodeDate(1_700_000_000 - ago)
  expect(affinity.find(requestWith(`SRV=s1|${at(0)}|${at(3_600)}`))).toBe('app1')
  expect(affinity.find(requestWith(`SRV=s1|${at(0)}|${at(3_604)}`))).toBeUndefined()
})

test('addresses name the servers with dynamic, which is told of them', () => {
  const affinity = passiveCookie({ name, dynamic: { key: 'a key that both know' } })
  affinity.rebuild?.([{ id: 'app1', host: '127.0.0.1', port: 8080 }])
  expect(affinity.find(requestWith('SRV=32e07cc6247cecb5'))).toBe('app1')
  expect(passiveCookie({ name }).rebuild).toBeUndefined()
})

test.each([
  [{ name, preserve: true }, 'preserve is true; allowed is false without indirect'],
  [{ name, signing: {} }, 'passiveCookie has no option "signing"'],
  [{ name, indirect: 1 }, 'indirect is 1'],
])('an option is refused: %j', (options, message) => {
  expect(() => passiveCookie(options as never)).toThrow(message)
})
