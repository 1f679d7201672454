/** A balancer, or an affinity, that wants to see the first bytes of a connection before it chooses. */
import { first, hash, rdpCookie } from '@evener/algorithms'
import { rdpToken } from '@evener/session'
import { expectEventually, VirtualClock } from '@evener/testing'
import { expect, test } from 'vitest'
import type { BackendRequest } from '../balance/dispatch.ts'
import type { TcpProxyOptions } from './tcp-proxy.ts'
import { backendOf, namedEcho, proxyOf } from './test-support.ts'

const opening = (user: string) => `\x03\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=${user}\r\n`
const bytes = (text: string) => Buffer.from(text, 'latin1')
const names = ['s1', 's2', 's3', 's4']

/** The server that a user belongs to. */
function ownerOf(user: string): string {
  const balancer = hash<string>({ key: text => text })
  balancer.rebuild(names.map(id => ({ id, weight: 1, load: 0, saturated: false })))
  return balancer.pick(user)?.id as string
}

async function world(options: Partial<TcpProxyOptions> = {}) {
  const servers = await Promise.all(names.map(namedEcho))
  const clock = new VirtualClock()
  const backend = backendOf(servers, { balancer: rdpCookie<BackendRequest>(), clock })
  const { dial, proxy } = await proxyOf({ route: backend, clock, ...options })
  return { backend, clock, dial, proxy }
}

test.each([
  ['', {}, ''],
  [
    ', behind a PROXY header',
    { acceptProxy: { trust: ['127.0.0.1'] } },
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
  ],
  [', looked at before', { inspect: 'client-hello' as const }, ''],
])('users find back to their server%s, and it hears every byte', async (_title, options, before) => {
  const { dial } = await world(options)
  for (const user of ['ann', 'bob', 'cleo']) {
    const client = dial().say(bytes(before + opening(user)))
    await client.hears(`${ownerOf(user)}:${opening(user)}`)
    client.say('more')
    await client.hears('more')
  }
})

test.each([
  ['', {}],
  [', looked at before', { inspect: 'client-hello' as const }],
])('a request in pieces is waited for%s', async (_title, options) => {
  const { dial, backend } = await world(options)
  const text = opening('dora')
  const whole = bytes(text)
  const client = dial().say(whole.subarray(0, 5))
  await expectEventually(() => backend.counters.requestsNow === 1)
  client.say(whole.subarray(5, 25))
  await new Promise(resolve => setImmediate(resolve))
  expect(backend.servers.every(server => server.counters.requests === 0)).toBe(true)
  client.say(whole.subarray(25))
  await client.hears(`${ownerOf('dora')}:${text}`)
})

test.each([
  ['', {}],
  [', looked at before', { inspect: 'client-hello' as const }],
])('who says nothing, or stops half way, is served in turn after a while%s', async (_title, options) => {
  const { dial, backend, clock } = await world(options)
  const client = dial().say('\x03\0')
  await expectEventually(() => backend.counters.requestsNow === 1)
  await clock.advanceAsync(5_000)
  await client.hears('s1:\x03\0')
  client.say('x')
  await client.hears('s1:\x03\0x')
})

test('who ends its side half way is served in turn', async () => {
  const { dial } = await world({ inspect: 'client-hello' })
  const client = dial()
  client.socket.end('\x03\0\0')
  await client.hears('s1:\x03\0\0')
})

test('a client that goes away meanwhile leaves nothing behind', async () => {
  for (const options of [{}, { inspect: 'client-hello' as const }]) {
    const { dial, backend, proxy, clock } = await world(options)
    const client = dial().say('\x03\0')
    await expectEventually(() => backend.counters.requestsNow === 1)
    client.socket.resetAndDestroy()
    await expectEventually(() => backend.counters.requestsNow === 0 && proxy.active === 0)
    expect(backend.counters.aborted).toBe(1)
    expect(backend.servers.every(server => server.counters.requests === 0)).toBe(true)
    expect(clock.pending).toBe(0)
  }
})

/** The opening of a client that was told to go to this port of 127.0.0.1. */
const tokenFor = (port: number) => {
  const swapped = ((port & 255) << 8) | (port >> 8)
  return `\x03\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: msts=${0x0100007f}.${swapped}.0000\r\n`
}

test.each([
  ['', {}],
  [', looked at before', { inspect: 'client-hello' as const }],
])('a client that brings a token comes to the server it names%s', async (_title, options) => {
  const servers = await Promise.all(names.map(namedEcho))
  const backend = backendOf(servers, { balancer: first(), affinity: rdpToken() })
  const { dial } = await proxyOf({ route: backend, ...options })
  const text = tokenFor(servers[2]!.port)
  // In two pieces: the first says only that there will be a token.
  const client = dial().say(bytes(text.slice(0, 24)))
  await expectEventually(() => backend.counters.requestsNow === 1)
  await new Promise(resolve => setImmediate(resolve))
  expect(backend.servers.every(server => server.counters.requests === 0)).toBe(true)
  client.say(bytes(text.slice(24)))
  await client.hears(`s3:${text}`)
  await dial()
    .say(bytes(tokenFor(1)))
    .hears(`s1:${tokenFor(1)}`)
  await dial().say('no Remote Desktop at all').hears('s1:no Remote Desktop at all')
  expect(backend.counters.sticky).toBe(1)
})

test('a token is taken before the user’s name, and either is enough', async () => {
  const servers = await Promise.all(names.map(namedEcho))
  const backend = backendOf(servers, { balancer: rdpCookie<BackendRequest>(), affinity: rdpToken() })
  const { dial } = await proxyOf({ route: backend })
  await dial()
    .say(bytes(tokenFor(servers[3]!.port)))
    .hears(`s4:${tokenFor(servers[3]!.port)}`)
  await dial()
    .say(bytes(opening('ann')))
    .hears(`${ownerOf('ann')}:${opening('ann')}`)
})
