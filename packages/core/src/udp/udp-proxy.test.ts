import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { leastConnections } from '@evener/algorithms'
import { type ProxyHeader, ProxyHeaderReader } from '@evener/proxy-protocol'
import { stick, stickTable } from '@evener/session'
import { CountingClock, expectEventually, leaks, seededRandom, VirtualClock } from '@evener/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import { createUdpProxy, type UdpProxyOptions } from './udp-proxy.ts'

const closings: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

function closeLater(socket: Socket): void {
  closings.push(() => {
    try {
      socket.close()
    } catch {}
  })
}

interface UdpServer {
  readonly address: string
  readonly heard: string[]
  readonly socket: Socket
}

/** A server that answers each datagram with its name and what it heard, `answers` times. */
async function udpServer(name: string, answers = 1, host = '127.0.0.1'): Promise<UdpServer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const heard: string[] = []
  socket.on('message', (datagram, { port, address }) => {
    heard.push(datagram.toString('latin1'))
    for (let i = 0; i < answers; i++) socket.send(`${name}:${datagram}`, port, address)
  })
  socket.bind(0, host)
  await once(socket, 'listening')
  closeLater(socket)
  const { port } = socket.address()
  return { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, heard, socket }
}

async function deadAddress(): Promise<string> {
  const { address, socket } = await udpServer('dead')
  await new Promise<void>(resolve => socket.close(() => resolve()))
  return address
}

function backendOf(servers: readonly { address: string }[], options: Partial<BackendOptions> = {}): Backend {
  const backend = createBackend({
    name: 'udp',
    servers: servers.map(({ address }, i) => ({ id: `s${i + 1}`, address })),
    ...options,
  })
  closings.push(() => backend.close())
  return backend
}

async function proxyOf(options: UdpProxyOptions, host = '127.0.0.1') {
  const proxy = createUdpProxy(options)
  closings.push(() => proxy.close({ drainMs: 0 }))
  const { port } = await proxy.listen({ port: 0, host })
  return { proxy, port: port as number, dial: () => new UdpClient(port as number, host) }
}

class UdpClient {
  readonly heard: string[] = []
  readonly socket: Socket
  readonly #port: number
  readonly #host: string

  constructor(port: number, host: string) {
    this.#port = port
    this.#host = host
    this.socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    this.socket.on('message', (datagram: Buffer, _from: RemoteInfo) => this.heard.push(String(datagram)))
    this.socket.on('error', () => undefined)
    closeLater(this.socket)
  }

  say(text: string): this {
    this.socket.send(text, this.#port, this.#host)
    return this
  }

  /** Ask, and resolve with the next answer. */
  async ask(text: string): Promise<string> {
    const before = this.heard.length
    this.say(text)
    await expectEventually(() => this.heard.length > before)
    return this.heard[before] as string
  }
}

describe('datagrams', () => {
  test('go to one server, and its answers come back', async () => {
    const backend = backendOf([await udpServer('a'), await udpServer('b')])
    const { dial, proxy } = await proxyOf({ route: backend })
    const client = dial()
    const first = await client.ask('1')
    expect(await client.ask('2')).toBe(first.replace('1', '2'))
    const other = await dial().ask('1')
    expect([first, other].sort()).toEqual(['a:1', 'b:1'])
    expect(proxy.counters).toMatchObject({
      sessions: 2,
      datagramsIn: 3,
      datagramsOut: 3,
      bytesIn: 3,
      bytesOut: 9,
    })
    expect(backend.counters).toMatchObject({ requests: 2, requestsNow: 2, bytesIn: 3, bytesOut: 9 })
  })

  test('of IPv6 clients may go to IPv4 servers, and back', async () => {
    const { dial } = await proxyOf({ route: backendOf([await udpServer('a')]) }, '::1')
    expect(await dial().ask('x')).toBe('a:x')
    const six = await proxyOf({ route: backendOf([await udpServer('b', 1, '::1')]) })
    expect(await six.dial().ask('x')).toBe('b:x')
  })

  test('may be empty', async () => {
    const { dial } = await proxyOf({ route: backendOf([await udpServer('a')]) })
    expect(await dial().ask('')).toBe('a:')
  })

  test('sent before there is a server wait, as many as may', async () => {
    const clock = new VirtualClock()
    const server = await udpServer('a')
    const backend = backendOf([], {
      clock,
      servers: [{ id: 's1', address: server.address, maxConnections: 1 }],
    })
    const { dial, proxy } = await proxyOf({ route: backend, maxPending: 2, responses: 1 })
    const blocking = backend.dispatch({ sourceAddress: '192.0.2.1', uri: '/', header: () => undefined })
    const acquired = blocking.next()
    if (acquired.kind !== 'lease') throw new Error('no lease')
    const client = dial().say('1').say('2').say('3')
    await expectEventually(() => proxy.counters.datagramsDropped === 1)
    acquired.release({ kind: 'completed', phase: 'tunnel', status: 0 })
    blocking.end({ kind: 'completed', phase: 'tunnel', status: 0 })
    await expectEventually(() => client.heard.length === 2)
    expect(client.heard).toEqual(['a:1', 'a:2'])
  })
})

describe('a session', () => {
  test('ends when it has been silent, and gives its place back', async () => {
    const clock = new VirtualClock()
    const backend = backendOf([await udpServer('a')], { clock })
    const { dial, proxy } = await proxyOf({ route: backend, idleMs: 1_000 })
    const client = dial()
    await client.ask('1')
    clock.advance(999)
    await client.ask('2')
    clock.advance(999)
    expect(proxy.active).toBe(1)
    clock.advance(1)
    expect(proxy.active).toBe(0)
    expect(backend.counters).toMatchObject({ requestsNow: 0, completed: 1 })
    expect(clock.pending).toBe(0)
    await client.ask('3')
    expect(proxy.counters.sessions).toBe(2)
  })

  test('with a server that never answers has failed', async () => {
    const clock = new VirtualClock()
    const server = await udpServer('a', 0)
    const backend = backendOf([server], { clock })
    const { dial } = await proxyOf({ route: backend, idleMs: 1_000 })
    dial().say('x')
    await expectEventually(() => server.heard.length === 1)
    clock.advance(1_000)
    expect(backend.server('s1')?.counters).toMatchObject({ responseErrors: 1, failed: 1 })
  })

  test('is over when the answers that were due have come', async () => {
    const backend = backendOf([await udpServer('a', 2)])
    const { dial, proxy } = await proxyOf({ route: backend, responses: 2 })
    const client = dial()
    await client.ask('x')
    await expectEventually(() => client.heard.length === 2)
    expect(proxy.active).toBe(0)
    expect(backend.counters.completed).toBe(1)
  })

  test('to which nothing is answered is over at once', async () => {
    const server = await udpServer('a', 0)
    const backend = backendOf([server])
    const { dial } = await proxyOf({ route: backend, responses: 0 })
    dial().say('logged')
    await expectEventually(() => backend.counters.completed === 1)
    await expectEventually(() => server.heard.length === 1)
  })

  test('beyond the limit is refused, and those that there are go on', async () => {
    const limits: number[] = []
    const { dial, proxy } = await proxyOf({ route: backendOf([await udpServer('a')]), maxSessions: 1 })
    proxy.on('sessions-full', limit => limits.push(limit))
    const first = dial()
    await first.ask('1')
    dial().say('2')
    await expectEventually(() => proxy.counters.sessionsRefused === 1)
    expect(limits).toEqual([1])
    expect(await first.ask('3')).toBe('a:3')
  })

  test('beyond the limit takes the place of the one silent longest, where that is asked for', async () => {
    const { dial, proxy } = await proxyOf({
      route: backendOf([await udpServer('a')]),
      maxSessions: 2,
      whenFull: 'evict',
    })
    const [one, two, three] = [dial(), dial(), dial()]
    await one.ask('1')
    await two.ask('2')
    await one.ask('3')
    await three.ask('4')
    expect(proxy.counters).toMatchObject({ sessionsEvicted: 1, sessionsNow: 2, sessions: 3 })
    await one.ask('5')
    expect(proxy.counters.sessions).toBe(3)
    await two.ask('6')
    expect(proxy.counters.sessions).toBe(4)
  })
})

describe('a server', () => {
  test('where nobody listens is left for another with the next datagram', async () => {
    const backend = backendOf([{ address: await deadAddress() }, await udpServer('b')])
    const { dial } = await proxyOf({ route: backend })
    const client = dial().say('lost')
    await expectEventually(() => backend.counters.redispatches === 1)
    expect(backend.server('s1')?.counters).toMatchObject({ connectErrors: 1, requestsNow: 0 })
    expect(await client.ask('again')).toBe('b:again')
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 1 })
  })

  test('that nobody replaces ends the session, and the next datagram begins another', async () => {
    const backend = backendOf([{ address: await deadAddress() }], { retries: 0 })
    const { dial, proxy } = await proxyOf({ route: backend })
    const client = dial().say('lost')
    await expectEventually(() => backend.counters.failed === 1)
    client.say('lost too')
    await expectEventually(() => backend.counters.failed === 2)
    expect(proxy.active).toBe(0)
  })

  test('that UDP cannot reach is one that fails', async () => {
    const backend = backendOf([{ address: 'unix:/tmp/x' }, await udpServer('b')])
    const { dial } = await proxyOf({ route: backend })
    expect(await dial().ask('x')).toBe('b:x')
    expect(backend.server('s1')?.counters.connectErrors).toBe(1)
  })

  test('of none is no server: the datagram is dropped, and counted', async () => {
    const backend = backendOf([await udpServer('a')])
    backend.server('s1')?.setHealth('down')
    const { dial, proxy } = await proxyOf({ route: backend })
    dial().say('x')
    await expectEventually(() => backend.counters.rejected === 1)
    expect(proxy.active).toBe(0)
  })

  test('that goes down loses its sessions, where that is asked for', async () => {
    const backend = backendOf([await udpServer('a'), await udpServer('b')])
    const { dial, proxy } = await proxyOf({ route: backend, onServerDown: 'shut-sessions' })
    const clients = [dial(), dial()]
    for (const client of clients) await client.ask('1')
    backend.server('s1')?.setHealth('down')
    expect(proxy.active).toBe(1)
    for (const client of clients) expect(await client.ask('2')).toBe('b:2')
    backend.server('s2')?.maintenance()
    expect(proxy.active).toBe(0)
  })

  test('is chosen by least sessions, and kept for a client by stickiness', async () => {
    const servers = [await udpServer('a'), await udpServer('b')]
    const least = backendOf(servers, { balancer: leastConnections() })
    const { dial } = await proxyOf({ route: least })
    for (let i = 0; i < 4; i++) await dial().ask('x')
    expect(least.servers.map(({ counters }) => counters.requestsNow)).toEqual([2, 2])
    const sticky = await proxyOf({ route: backendOf(servers, { affinity: stick({ table: stickTable() }) }) })
    const first = await sticky.dial().ask('x')
    for (let i = 0; i < 3; i++) expect(await sticky.dial().ask('x')).toBe(first)
  })

  test('is told who the client is, in front of the first datagram', async () => {
    const server = await udpServer('a')
    const { dial, port } = await proxyOf({ route: backendOf([server]), sendProxy: 2 })
    const client = dial()
    await client.ask('one')
    await client.ask('two')
    const reader = new ProxyHeaderReader()
    const first = Buffer.from(server.heard[0] as string, 'latin1')
    const header = reader.read(first) as ProxyHeader
    expect(header).toMatchObject({
      family: 'udp4',
      sourceAddress: '127.0.0.1',
      sourcePort: client.socket.address().port,
      destinationAddress: '127.0.0.1',
      destinationPort: port,
    })
    expect(String(first.subarray(reader.consumed))).toBe('one')
    expect(server.heard[1]).toBe('two')
  })
})

describe('routes', () => {
  test('that throw or name nothing drop the datagram', async () => {
    const errors: unknown[] = []
    let asked = 0
    const { dial, proxy } = await proxyOf({
      route: ({ sourceAddress }) => {
        expect(sourceAddress).toBe('127.0.0.1')
        if (++asked === 1) return undefined
        if (asked === 2) return Promise.resolve() as never
        throw new Error('a bug')
      },
    })
    proxy.on('route-error', error => errors.push(error))
    dial().say('1').say('2').say('3')
    await expectEventually(() => proxy.counters.sessionsRefused === 3)
    expect(errors).toMatchObject([{ code: 'EVENER_INVALID_OPTION' }, { message: 'a bug' }])
  })

  test('a balancer that throws costs that session', async () => {
    const balancer = leastConnections()
    const backend = backendOf([await udpServer('a')], { balancer })
    balancer.pick = () => {
      throw new Error('a bug')
    }
    const faults: unknown[] = []
    backend.on('fault', fault => faults.push(fault))
    const { dial, proxy } = await proxyOf({ route: backend })
    dial().say('x')
    await expectEventually(() => faults.length === 1)
    expect(proxy.active).toBe(0)
    expect(backend.counters.requestsNow).toBe(0)
  })
})

describe('an affinity', () => {
  test('that answers later is waited for; one that throws costs nothing where the server is known', async () => {
    const affinity = {
      name: 'test',
      find: () => Promise.resolve('s2'),
      bind: () => {
        throw new Error('a bug')
      },
    }
    const backend = backendOf([await udpServer('a'), await udpServer('b')], { affinity })
    const faults: unknown[] = []
    backend.on('fault', fault => faults.push(fault))
    const { dial } = await proxyOf({ route: backend })
    expect(await dial().ask('x')).toBe('b:x')
    expect(faults).toHaveLength(1)
  })
})

describe('a session that waits for a place', () => {
  test('gets it, or is over when it has waited long enough', async () => {
    const clock = new VirtualClock()
    const server = await udpServer('a')
    const backend = backendOf([], {
      clock,
      timeouts: { queueMs: 500 },
      servers: [{ id: 's1', address: server.address, maxConnections: 1 }],
    })
    const { dial, proxy } = await proxyOf({ route: backend, idleMs: 1_000 })
    await dial().ask('1')
    const second = dial().say('2')
    await expectEventually(() => backend.queueLength === 1)
    expect(proxy.active).toBe(2)
    await clock.advanceAsync(500)
    expect(backend.counters.rejectedBy['queue-timeout']).toBe(1)
    expect(proxy.active).toBe(1)
    second.say('3')
    await expectEventually(() => backend.queueLength === 1)
    await proxy.close({ drainMs: 0 })
    expect(backend.queueLength).toBe(0)
    expect(backend.counters.requestsNow).toBe(0)
  })
})

test('a datagram too long for the way says nothing of the server', async () => {
  // An IPv4 datagram with a header in front cannot be longer than 65,507 bytes.
  const backend = backendOf([await udpServer('a')])
  const { proxy, dial } = await proxyOf({ route: backend, sendProxy: 2 })
  const client = dial().say('x'.repeat(65_490))
  await expectEventually(() => proxy.counters.datagramsDropped === 1)
  expect(await client.ask('short')).toBe('a:short')
  expect(backend.server('s1')?.counters.connectErrors).toBe(0)
})

describe('options', () => {
  test.each([
    [{ idleMs: 0 }, 'udpProxy.idleMs'],
    [{ responses: -1 }, 'udpProxy.responses'],
    [{ maxSessions: 0 }, 'udpProxy.maxSessions'],
    [{ whenFull: 'drop' }, 'udpProxy.whenFull'],
    [{ maxPending: 0 }, 'udpProxy.maxPending'],
    [{ sendProxy: 1 }, 'udpProxy.sendProxy'],
    [{ sendProxy: { version: 1 } }, 'udpProxy.sendProxy'],
    [{ onServerDown: true }, 'udpProxy.onServerDown'],
    [{ route: {} }, 'udpProxy.route'],
    [{ clock: 1 }, 'udpProxy.clock'],
    [{ backend: {} }, 'udpProxy'],
  ])('%j is refused by name', (options, field) => {
    expect(() => createUdpProxy({ route: () => undefined, ...options } as never)).toThrow(field)
  })

  test('of listening as well', async () => {
    const { proxy, port } = await proxyOf({ route: () => undefined })
    await expect(proxy.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(proxy.listen({ port: 0, host: 'localhost' })).rejects.toThrow('listen.host')
    await expect(proxy.listen({ path: '/x' } as never)).rejects.toThrow('listen')
    const { text } = await proxy.listen({
      port: 0,
      host: '127.0.0.1',
      reusePort: true,
      receiveBufferBytes: 65_536,
    })
    expect(text).toMatch(/^127\.0\.0\.1:\d+$/)
    expect((await proxy.listen(0)).text).toMatch(/^\[::\]:\d+$/)
  })
})

describe('closing', () => {
  test('lets sessions go on, and begins none', async () => {
    const clock = new VirtualClock()
    const { dial, proxy } = await proxyOf({
      route: backendOf([await udpServer('a')], { clock }),
      idleMs: 1_000,
    })
    const client = dial()
    await client.ask('1')
    const closed = proxy.close()
    const late = dial().say('x')
    expect(await client.ask('2')).toBe('a:2')
    expect(late.heard).toEqual([])
    await expect(proxy.listen(0)).rejects.toMatchObject({ code: 'EVENER_CLOSED' })
    clock.advance(1_000)
    await closed
  })

  test('breaks off at the deadline, or at once when told again', async () => {
    const clock = new VirtualClock()
    for (const again of [false, true]) {
      const { dial, proxy } = await proxyOf({ route: backendOf([await udpServer('a')]), clock })
      await dial().ask('1')
      const closed = proxy.close({ drainMs: 1_000 })
      if (again) void proxy.close({ drainMs: 0 })
      else clock.advance(1_000)
      await closed
      expect(proxy.active).toBe(0)
    }
    expect(clock.pending).toBe(0)
  })

  test('leaves nothing behind, whatever has happened', async () => {
    const watch = leaks()
    const random = seededRandom(3)
    const clock = new CountingClock()
    const servers = [await udpServer('a'), await udpServer('b', 0), { address: await deadAddress() }]
    const backend = backendOf(servers, { clock })
    const { proxy, dial } = await proxyOf({
      route: backend,
      idleMs: 50,
      maxSessions: 50,
      whenFull: 'evict',
      clock,
    })
    for (let i = 0; i < 300; i++) {
      const client = dial()
      for (let n = Math.ceil(random() * 3); n > 0; n--) client.say('x')
      if (random() < 0.1) await expectEventually(() => true)
      if (random() < 0.02) backend.server('s1')?.setHealth(random() < 0.5 ? 'down' : 'up')
      await new Promise(resolve => setImmediate(resolve))
      client.socket.close()
    }
    await proxy.close({ drainMs: 1_000 })
    for (const server of backend.servers) expect(server.counters.requestsNow).toBe(0)
    const { counters } = backend
    expect(counters.requestsNow).toBe(0)
    expect(counters.requests).toBe(
      counters.completed + counters.failed + counters.aborted + counters.rejected,
    )
    for (const close of closings.splice(0).reverse()) await close()
    expect(clock.pending).toBe(0)
    await watch.none()
  })
})
