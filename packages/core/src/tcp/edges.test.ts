/** Corners of layer 4: what hosts plug in and breaks, families that do not match, readers that never read. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProxyHeader, ProxyHeaderReader } from '@evener/proxy-protocol'
import type { Affinity } from '@evener/session'
import { expectEventually, VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { acceptProxyOptions } from '../base/accept-proxy.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { sendProxyOptions } from '../base/send-proxy.ts'
import { afterwards, backendOf, namedEcho, proxyOf, tcpServer } from './test-support.ts'

const facts = (peerAddress: string, localAddress: string): ConnectionFacts => ({
  peerAddress,
  peerPort: 1,
  localAddress,
  localPort: 2,
  tls: undefined,
  proxyHeader: undefined,
})

describe('PROXY headers', () => {
  const read = (bytes: Buffer | undefined) => new ProxyHeaderReader().read(bytes as Buffer) as ProxyHeader

  test('say nothing of a client on a unix socket, and mix families as IPv6', () => {
    const make = sendProxyOptions('sendProxy', 2)
    expect(read(make?.(facts('', ''), undefined))).toMatchObject({ family: 'unknown' })
    expect(read(make?.(facts('192.0.2.1', '2001:db8::1'), undefined))).toMatchObject({
      family: 'tcp6',
      sourceAddress: expect.stringContaining('192.0.2.1'),
      destinationAddress: '2001:db8::1',
    })
    expect(sendProxyOptions('sendProxy', 1)?.(facts('', ''), undefined).toString()).toBe('PROXY UNKNOWN\r\n')
    expect(sendProxyOptions('sendProxy', undefined)).toBeUndefined()
  })

  test('carry no text that a client made up to break them', () => {
    const make = sendProxyOptions('sendProxy', { version: 2, authority: true })
    for (const name of ['a\r\nb', '', 'x'.repeat(300)]) {
      expect(read(make?.(facts('192.0.2.1', '192.0.2.2'), name)).tlvs.authority).toBeUndefined()
    }
    expect(read(make?.(facts('192.0.2.1', '192.0.2.2'), 'x.test')).tlvs.authority).toBe('x.test')
  })

  test.each([
    [{ trust: ['192.0.2.0/99'] }, 'accept.trust[0]'],
    [{ trust: 'all' }, 'accept.trust'],
    [{ trust: ['::1'], versions: [3] }, 'accept.versions'],
    [{ trust: ['::1'], others: 'pass' }, 'accept.others'],
    [{ trust: ['::1'], maxBytes: 10 }, 'accept.maxBytes'],
    [{ trust: ['::1'], timeoutMs: 0 }, 'accept.timeoutMs'],
    [{ trust: ['::1'], from: [] }, 'accept'],
  ])('%j is refused by name', (options, field) => {
    expect(() => acceptProxyOptions('accept', options as never)).toThrow(field)
  })

  test('are taken from a unix socket where that is trusted', async () => {
    const path = join(tmpdir(), `evener-l4-edges-${process.pid}.sock`)
    const seen: string[] = []
    const backend = backendOf([await namedEcho('a')])
    const { proxy } = await proxyOf({
      acceptProxy: { trust: ['unix'], timeoutMs: Number.POSITIVE_INFINITY },
      route: ({ sourceAddress }) => {
        seen.push(sourceAddress)
        return backend
      },
    })
    await proxy.listen({ path })
    const client = connect({ path })
    afterwards(() => client.destroy())
    client.write('PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n')
    await once(client, 'data')
    expect(seen).toEqual(['203.0.113.7'])
  })
})

describe('an affinity', () => {
  const affinityOf = (more: Partial<Affinity>): Affinity => ({
    name: 'test',
    find: () => undefined,
    bind: () => undefined,
    ...more,
  })

  test('that answers later is waited for, and what it binds is what was joined', async () => {
    const bound: string[] = []
    const affinity = affinityOf({
      find: () => Promise.resolve('s2'),
      bind: (_request, id, found) => {
        bound.push(`${id} ${found}`)
        return undefined
      },
    })
    const backend = backendOf([await namedEcho('a'), await namedEcho('b')], { affinity })
    const { dial } = await proxyOf({ route: backend })
    await dial().hears('b:')
    expect(bound).toEqual(['s2 s2'])
  })

  test('that throws costs nothing where the server is known', async () => {
    const affinity = affinityOf({
      bind: () => {
        throw new Error('a bug')
      },
    })
    const backend = backendOf([await namedEcho('a')], { affinity })
    const faults: unknown[] = []
    backend.on('fault', fault => faults.push(fault))
    const { dial } = await proxyOf({ route: backend })
    await dial().say('x').hears('a:x')
    expect(faults).toHaveLength(1)
  })

  test('whose client has gone meanwhile is asked in vain', async () => {
    let answer = (_id: string): void => {}
    const affinity = affinityOf({ find: () => new Promise(resolve => (answer = resolve)) })
    const backend = backendOf([await namedEcho('a')], { affinity })
    const { dial } = await proxyOf({ route: backend })
    const client = dial()
    await expectEventually(() => backend.counters.requestsNow === 1)
    client.socket.resetAndDestroy()
    await expectEventually(() => backend.counters.aborted === 1)
    answer('s1')
    await new Promise(resolve => setImmediate(resolve))
    expect(backend.server('s1')?.counters.requests).toBe(0)
  })
})

describe('who never reads', () => {
  const still = async (moved: () => number): Promise<void> => {
    let last = -1
    await expectEventually(
      () => {
        const before = last
        last = moved()
        return last > 0 && last === before
      },
      { intervalMs: 50, timeoutMs: 10_000 },
    )
  }

  test('as a client is closed after its timeout, as its own doing', async () => {
    const clock = new VirtualClock()
    const server = await tcpServer(socket => {
      const fill = (): void => {
        while (socket.write(Buffer.alloc(65_536))) {}
      }
      socket.on('drain', fill)
      fill()
    })
    const backend = backendOf([server], { clock })
    const { dial } = await proxyOf({ route: backend, timeouts: { clientMs: 30_000, serverMs: 10_000 } })
    dial().socket.pause()
    await still(() => backend.counters.bytesOut)
    // The server's limit is not the one that counts while the client is what is waited for.
    await clock.advanceAsync(15_000)
    expect(backend.counters.requestsNow).toBe(1)
    await clock.advanceAsync(15_000)
    await expectEventually(() => backend.counters.aborted === 1)
  })

  test('as a server is closed after its timeout, as its own doing', async () => {
    const clock = new VirtualClock()
    const server = await tcpServer(socket => socket.pause())
    const backend = backendOf([server], { clock })
    const { dial } = await proxyOf({ route: backend, timeouts: { clientMs: 10_000, serverMs: 30_000 } })
    const { socket } = dial()
    const fill = (): void => {
      while (socket.write(Buffer.alloc(65_536))) {}
    }
    socket.on('drain', fill)
    fill()
    await still(() => backend.counters.bytesIn)
    await clock.advanceAsync(15_000)
    expect(backend.counters.requestsNow).toBe(1)
    await clock.advanceAsync(15_000)
    await expectEventually(() => backend.server('s1')?.counters.responseErrors === 1)
  })
})

test('a client that sends much before it has a server is held back, and loses nothing', async () => {
  let received = 0
  const server = await tcpServer(socket => {
    socket.on('data', chunk => {
      received += chunk.length
    })
  })
  const backend = backendOf([], { servers: [{ id: 's1', address: server.address, maxConnections: 1 }] })
  const { dial } = await proxyOf({ route: backend })
  const first = dial().say('x')
  await expectEventually(() => received === 1)
  const second = dial().say(Buffer.alloc(20_000_000))
  await expectEventually(() => backend.queueLength === 1)
  first.socket.resetAndDestroy()
  await expectEventually(() => received === 20_000_001, { timeoutMs: 10_000 })
  expect(second.error).toBeUndefined()
})

test('a connection that something else accepted, and read from already, is read by its events', async () => {
  const { proxy } = await proxyOf({ route: backendOf([await namedEcho('a')]) })
  const front = createServer({ allowHalfOpen: true }, async socket => {
    await once(socket, 'readable')
    proxy.serve(socket)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  afterwards(() => front.close())
  const client = connect((front.address() as AddressInfo).port, '127.0.0.1')
  afterwards(() => client.destroy())
  client.write('early')
  let heard = ''
  client.on('data', chunk => {
    heard += chunk
    if (heard === 'a:early') client.write(' late')
  })
  await expectEventually(() => heard === 'a:early late')
})
