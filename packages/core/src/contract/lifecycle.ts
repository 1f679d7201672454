/**
 * How requests end, whoever ends them, and what is left of them: nothing, and numbers that add up.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import {
  answer,
  answerEarly,
  type Behaviour,
  CountingClock,
  type FakeConnection,
  type FakeServer,
  fakeServer,
  leaks,
  type RawClient,
  reset,
  stall,
  truncate,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectSums, signal, type World, type WorldOptions, world } from './stage.ts'
import type { ContractSubject } from './subject.ts'

/** Register the tests. */
export function lifecycle(subject: ContractSubject): void {
  describe('a client that goes away', () => clientsThatGo(subject))
  describe('a server that resets', () => serversThatReset(subject))
  describe('silence', () => silence(subject))
  describe('a graceful close', () => gracefulClose(subject))
  describe('10,000 requests', () => tenThousand(subject))
}

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const upload = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n'
const half = 'x'.repeat(500)

/** Both ways for a client to go: with a FIN, and with a RST. */
const goings: readonly (readonly [how: string, go: (client: RawClient) => void])[] = [
  ['closing', client => client.destroy()],
  ['resetting', client => client.reset()],
]

/** Nothing is under way, and the request counts as given up by its client and by nobody else. */
async function expectAborted({ backend, served, server }: World, attempts = 1): Promise<void> {
  await expectIdle(served.active)
  expect(backend.counters).toMatchObject({
    requests: 1,
    aborted: 1,
    failed: 0,
    completed: 0,
    responseErrors: 0,
  })
  const counters = backend.server(server.name)?.counters
  expect(counters).toMatchObject({ requests: attempts, aborted: attempts, failed: 0, requestsNow: 0 })
}

/** The door is told of a closed connection by the kernel, in its own time. */
async function expectIdle(active: () => number): Promise<void> {
  await expect.poll(active, { interval: 1, timeout: 5_000 }).toBe(0)
}

function clientsThatGo(subject: ContractSubject): void {
  describe.each(goings)('%s', (_how, go) => {
    test('in the queue: its place is free', async () => {
      const made = await world(subject)
      const { server, client, backend, served } = made
      backend.server('s1')?.setMaxConnections(1)
      const release = signal()
      server.behave(answer({ delayUntil: release.promise }))
      const first = await client()
      await first.send(get)
      await server.waitFor('request')
      const second = await client()
      await second.send(get)
      await expect.poll(() => backend.queueLength, { interval: 1 }).toBe(1)
      go(second)
      await expect.poll(() => backend.queueLength, { interval: 1 }).toBe(0)
      release.give()
      expect((await first.readResponse()).status).toBe(200)
      await expectIdle(served.active)
      expect(server.totalRequests).toBe(1)
      expect(backend.counters).toMatchObject({ requests: 2, completed: 1, aborted: 1 })
    })

    test('while it connects: the attempt is given up', async () => {
      // TLS is a part of connecting, and this server never answers its first word.
      const onAccept = async (connection: FakeConnection) => {
        while (await connection.source.more()) connection.source.take(65_536)
        connection.destroy()
      }
      const silent = await fakeServer({ behave: Object.assign(() => {}, { onAccept }) })
      onTestFinished(() => silent.close())
      const servers = [{ id: 's1', address: `https://${silent.address}` }]
      const made = await world(subject, { backend: { servers } })
      const one = await made.client()
      await one.send(get)
      await silent.waitFor(({ openConnections }) => openConnections === 1)
      go(one)
      await silent.waitFor(({ openConnections }) => openConnections === 0)
      await expectAborted(made)
    })

    test('in mid-request: the server’s connection is closed', async () => {
      const made = await world(subject)
      const one = await made.client()
      await one.send(upload + half)
      await made.server.waitFor(({ requests }) => requests[0]?.bodyBytes ?? 0)
      go(one)
      await made.server.waitFor(
        ({ requests, openConnections }) => requests[0]?.aborted && openConnections === 0,
      )
      await expectAborted(made)
    })

    test('before the answer: the server’s connection is closed', async () => {
      const made = await world(subject)
      made.server.behave(stall('before-head'))
      const one = await made.client()
      await one.send(get)
      await made.server.waitFor('request')
      go(one)
      await made.server.waitFor(
        ({ requests, openConnections }) => requests[0]?.aborted && openConnections === 0,
      )
      await expectAborted(made)
    })

    test('in mid-answer: the server’s connection is closed', async () => {
      const made = await world(subject)
      made.server.behave(stall('mid-body'))
      const one = await made.client()
      await one.send(get)
      await one.readHead()
      go(one)
      await made.server.waitFor(
        ({ requests, openConnections }) => requests[0]?.aborted && openConnections === 0,
      )
      await expectAborted(made)
    })

    test('in mid-answer that it has stopped to read: the server’s connection is closed', async () => {
      const made = await world(subject)
      made.server.behave(answer({ body: { bytes: 1_000_000_000 } }))
      const one = await made.client()
      await one.send(get)
      await one.readHead()
      one.pause()
      go(one)
      await made.server.waitFor(({ openConnections }) => openConnections === 0)
      await expectAborted(made)
    })

    test('after the answer: nobody minds', async () => {
      const { client, server, backend, served } = await world(subject)
      const one = await client()
      await one.send(get)
      expect((await one.readResponse()).complete).toBe(true)
      go(one)
      const two = await client()
      await two.send(get)
      expect((await two.readResponse()).complete).toBe(true)
      await expectIdle(served.active)
      expect(backend.counters).toMatchObject({ requests: 2, completed: 2, aborted: 0, failed: 0 })
      expect(server.totalRequests).toBe(2)
    })

    test('with further requests in the pipe: none of them is left behind', async () => {
      const { client, server, backend, served } = await world(subject)
      server.behave(stall('before-head'))
      const one = await client()
      await one.send(get.repeat(3))
      await server.waitFor('request')
      go(one)
      await server.waitFor(({ openConnections }) => openConnections === 0)
      await expectIdle(served.active)
      expect(backend.counters.aborted).toBe(backend.counters.requests)
    })
  })
}

function serversThatReset(subject: ContractSubject): void {
  const twoServers: WorldOptions = { servers: [{}, { behave: answer({ body: 'second' }) }] }

  test.each(['on-accept', 'before-head'] as const)('%s: a GET goes to another server', async place => {
    const { client, servers, backend } = await world(subject, twoServers)
    servers[0]?.behave(reset(place))
    const one = await client()
    for (let i = 0; i < 2; i++) {
      await one.send(get)
      expect(await one.readResponse()).toMatchObject({ status: 200, text: 'second', complete: true })
    }
    expect(backend.counters).toMatchObject({ completed: 2, failed: 0, redispatches: 2 })
    expect(backend.server('s1')?.counters).toMatchObject({ requests: 2, failed: 2 })
  })

  test.each(['on-accept', 'before-head', 'mid-head'] as const)(
    '%s: without another server, a GET gets 502',
    async place => {
      const { client, server, backend } = await world(subject, { backend: { retries: 1 } })
      server.behave(reset(place))
      const one = await client()
      await one.send(get)
      expect(await one.readResponse()).toMatchObject({ status: 502, complete: true })
      expect(backend.counters).toMatchObject({ requests: 1, failed: 1 })
      server.behave(answer())
      await one.send(get)
      expect((await one.readResponse()).status).toBe(200)
    },
  )

  test('on-accept: a POST reaches one server at most', async () => {
    // Whether the connection counts as made before its reset arrives is a race in the kernel.
    const { client, servers } = await world(subject, twoServers)
    servers[0]?.behave(reset('on-accept'))
    const one = await client()
    await one.send(upload + half + half)
    const { status } = await one.readResponse()
    expect([200, 502]).toContain(status)
    expect(servers.map(each => each.totalRequests)).toEqual([0, status === 200 ? 1 : 0])
  })

  test.each(['before-head', 'mid-head'] as const)('%s: a POST is not sent a second time', async place => {
    const { client, servers, backend } = await world(subject, twoServers)
    servers[0]?.behave(reset(place))
    const one = await client()
    await one.send(upload + half + half)
    expect(await one.readResponse()).toMatchObject({ status: 502, complete: true })
    expect(servers[1]?.totalRequests).toBe(0)
    expect(backend.counters).toMatchObject({ requests: 1, failed: 1, retries: 0, redispatches: 0 })
  })

  test('in mid-request: the client gets 502, and its connection serves on', async () => {
    const { client, server, backend } = await world(subject)
    server.script([reset('mid-request-body')])
    const one = await client()
    await one.send(upload + half)
    expect(await one.readResponse()).toMatchObject({ status: 502, complete: true })
    await one.send(half + get)
    expect(await one.readResponse()).toMatchObject({ status: 200, complete: true })
    expect(backend.counters).toMatchObject({ requests: 2, failed: 1, completed: 1 })
  })

  test.each(['length', 'chunked'] as const)(
    'in mid-answer framed by %s: the client sees a broken response',
    async framing => {
      const { client, server, backend } = await world(subject)
      const seen = signal()
      server.behave(reset('mid-body', { framing, until: seen.promise }))
      const one = await client()
      await one.send(get)
      const response = await one.readResponse({ onPiece: seen.give })
      expect(response).toMatchObject({ status: 200, complete: false, bodyBytes: 100 })
      expect(backend.counters).toMatchObject({ failed: 1, completed: 0, responseErrors: 1 })
    },
  )

  test.each(['length', 'chunked'] as const)(
    'ends in mid-answer framed by %s: the client sees a broken response',
    async framing => {
      const { client, server, served, backend } = await world(subject)
      server.behave(truncate(framing))
      const one = await client()
      await one.send(get)
      expect(await one.readResponse()).toMatchObject({ status: 200, complete: false })
      await expectIdle(served.active)
      expect(backend.counters).toMatchObject({ failed: 1, completed: 0 })
    },
  )

  test('with all its connections at once: the next requests are served by new ones', async () => {
    const { client, server } = await world(subject)
    const clients = await Promise.all(Array.from({ length: 8 }, () => client()))
    for (let round = 0; round < 3; round++) {
      await Promise.all(clients.map(each => each.send(get)))
      for (const each of clients) expect((await each.readResponse()).status).toBe(200)
      server.resetConnections()
    }
  })
}

function silence(subject: ContractSubject): void {
  test('of the server before its answer: 504', async () => {
    const clock = new VirtualClock()
    const { client, server, backend } = await world(subject, {
      clock,
      backend: { timeouts: { serverMs: 30_000 } },
    })
    server.behave(stall('before-head'))
    const one = await client()
    await one.send(get)
    await server.waitFor('request')
    await clock.advanceAsync(29_999)
    expect(backend.counters.requestsNow).toBe(1)
    await clock.advanceAsync(1)
    expect(await one.readResponse()).toMatchObject({ status: 504, complete: true })
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })

  test('of the server in mid-answer: broken off', async () => {
    const clock = new VirtualClock()
    const { client, server } = await world(subject, { clock, backend: { timeouts: { serverMs: 30_000 } } })
    server.behave(stall('mid-body'))
    const one = await client()
    await one.send(get)
    const head = await one.readHead()
    await expect.poll(() => one.unread, { interval: 1 }).toBe(100)
    await clock.advanceAsync(30_000)
    expect(await one.readBody(head)).toMatchObject({ complete: false, bodyBytes: 100 })
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })

  test('of the client in mid-request: 408, and the server is let go', async () => {
    const clock = new VirtualClock()
    const made = await world(subject, { clock, door: { timeouts: { clientMs: 20_000 } } })
    const { client, server } = made
    const one = await client()
    await one.send(upload + half)
    await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 500)
    await clock.advanceAsync(20_000)
    expect(await one.readResponse()).toMatchObject({ status: 408, complete: true })
    await server.waitFor(({ openConnections }) => openConnections === 0)
    await expectAborted(made)
  })

  test('of a client that does not read: broken off, and the server is let go', async () => {
    const clock = new VirtualClock()
    const made = await world(subject, { clock, door: { timeouts: { clientMs: 20_000 } } })
    let written = 0
    const writing: Behaviour = async (_request, connection) => {
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      for (const piece = Buffer.alloc(65_536); ; written += piece.length) await connection.write(piece)
    }
    made.server.behave(writing)
    const one = await made.client()
    one.pause()
    await one.send(get)
    await expect.poll(() => written, { interval: 1 }).toBeGreaterThan(0)
    // Full buffers on the way show in nothing but that no more is taken: time passes until that is so.
    const later = async () => {
      await clock.advanceAsync(20_000)
      return made.served.active()
    }
    await expect.poll(later, { interval: 20, timeout: 10_000 }).toBe(0)
    await made.server.waitFor(({ openConnections }) => openConnections === 0)
    await expectAborted(made)
  })

  test('of both sides is not counted while bytes move', async () => {
    const clock = new VirtualClock()
    const { client, server, backend } = await world(subject, {
      clock,
      backend: { timeouts: { serverMs: 1_000 } },
    })
    const steps = Array.from({ length: 5 }, signal)
    const pieces = steps.flatMap(step => [step.promise, 'x'])
    const behaviour: Behaviour = async (_request, connection) => {
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
      for (const piece of pieces) await (typeof piece === 'string' ? connection.write(piece) : piece)
    }
    server.behave(behaviour)
    const one = await client()
    await one.send(get)
    const head = await one.readHead()
    for (const [index, step] of steps.entries()) {
      await clock.advanceAsync(900)
      step.give()
      await expect.poll(() => one.unread, { interval: 1 }).toBe(index + 1)
    }
    expect(await one.readBody(head)).toMatchObject({ complete: true, text: 'xxxxx' })
    expect(backend.counters.failed).toBe(0)
  })
}

function gracefulClose(subject: ContractSubject): void {
  test('lets requests under way finish, and serves no new ones', async () => {
    const { client, server, served, backend } = await world(subject)
    const release = signal()
    server.behave(answer({ body: 'done', delayUntil: release.promise }))
    const [busy, idle] = [await client(), await client()]
    await busy.send(get)
    await server.waitFor('request')
    let drained = false
    const closed = served.drain(30_000).then(() => {
      drained = true
    })
    await idle.send(get.replace('\r\n\r\n', '\r\nAccept: application/json\r\n\r\n'))
    // A door with a listener of its own closes connections on which nothing is under way.
    const refused = await idle.readResponse().catch(() => undefined)
    if (refused !== undefined) {
      expect(refused).toMatchObject({ status: 503, complete: true })
      expect(JSON.parse(refused.text)).toMatchObject({ status: 503 })
      expect(refused.header('connection')).toBe('close')
    }
    expect(drained).toBe(false)
    release.give()
    expect(await busy.readResponse()).toMatchObject({ status: 200, text: 'done', complete: true })
    await closed
    expect(server.totalRequests).toBe(1)
    expect(backend.counters).toMatchObject({ requests: 1, completed: 1 })
  })

  test('with nothing under way is done at once', async () => {
    const { served } = await world(subject)
    await served.drain(30_000)
    expect(served.active()).toBe(0)
  })

  test('breaks off what is left at its deadline: 503 before an answer, a broken one after', async () => {
    const { client, server, served, backend } = await world(subject)
    const [waiting, reading] = [await client(), await client()]
    server.script([stall('before-head'), stall('mid-body')])
    await waiting.send(get)
    await server.waitFor(1)
    await reading.send(get)
    const head = await reading.readHead()
    await expect.poll(() => reading.unread, { interval: 1 }).toBe(100)
    await served.drain(20)
    expect(served.active()).toBe(0)
    expect(await waiting.readResponse()).toMatchObject({ status: 503, complete: true })
    expect(await reading.readBody(head)).toMatchObject({ complete: false, bodyBytes: 100 })
    expect(backend.counters).toMatchObject({ requests: 2, failed: 2, requestsNow: 0 })
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })

  test('refuses those that wait in the queue at its deadline', async () => {
    const { client, server, served, backend } = await world(subject)
    backend.server('s1')?.setMaxConnections(1)
    server.behave(stall('before-head'))
    const [first, second] = [await client(), await client()]
    await first.send(get)
    await server.waitFor('request')
    await second.send(get)
    await expect.poll(() => backend.queueLength, { interval: 1 }).toBe(1)
    await served.drain(0)
    expect((await second.readResponse()).status).toBe(503)
    expect((await first.readResponse()).status).toBe(503)
    expect(server.totalRequests).toBe(1)
  })
}

function tenThousand(subject: ContractSubject): void {
  const connections = 20
  const each = 500

  test('of every kind leave no socket, timer or listener behind, and the counters add up', {
    timeout: 60_000,
  }, async () => {
    const sockets = watchSockets()
    const warned: Error[] = []
    const onWarning = (warning: Error) => warned.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => {
      process.off('warning', onWarning)
    })
    const watch = leaks()
    const clock = new CountingClock()
    const made = await world(subject, { servers: 2, clock, door: { replayBytes: 1_024 } })
    for (const server of made.servers) server.behave(everyKind)
    const listeners = new Map<EventEmitter, number>()
    const kinds: Record<string, number> = {}
    await Promise.all(
      Array.from({ length: connections }, async () => {
        let one = await made.client()
        for (let i = 0; i < each; i++) {
          const kind = kindOf(i)
          kinds[kind] = (kinds[kind] ?? 0) + 1
          const keeps = await ask(one, kind)
          if (!keeps) {
            one.destroy()
            one = await made.client()
          }
          if (i === 50) for (const socket of sockets.open()) listeners.set(socket, listenersOf(socket))
        }
        one.destroy()
      }),
    )
    await expectIdle(made.served.active)
    expect(Object.values(kinds).reduce((a, b) => a + b)).toBe(10_000)
    expect(made.backend.counters.requests).toBe(10_000)
    expectSums(made.backend)
    expect(made.backend.counters.aborted).toBe(kinds.abort)
    // What stays is idle connections to servers: as many listeners on each as after its first requests.
    for (const socket of sockets.open()) {
      const before = listeners.get(socket)
      if (before !== undefined) expect(listenersOf(socket)).toBeLessThanOrEqual(before + 5)
      expect(listenersOf(socket)).toBeLessThan(30)
    }
    // A door may keep time for clients' connections until it has seen them go.
    await expect.poll(() => clock.pending, { interval: 1 }).toBe(0)
    await made.close()
    expect(made.servers.map((server: FakeServer) => server.openConnections)).toEqual([0, 0])
    await watch.none({ timeoutMs: 5_000 })
    expect(warned).toEqual([])
  })
}

type Kind = 'get' | 'post' | 'chunked' | 'head' | 'until-close' | 'truncated' | 'abort' | 'reset' | 'early'

/** Mostly ordinary ones; every fiftieth or so is one that goes wrong. */
function kindOf(i: number): Kind {
  const odd = { 7: 'truncated', 17: 'abort', 27: 'reset', 37: 'early', 47: 'until-close' }[i % 50]
  return (odd as Kind | undefined) ?? (['get', 'post', 'chunked', 'head'] as const)[i % 4] ?? 'get'
}

/** A server that does as the target says. */
const everyKind: Behaviour = request => {
  switch (request.target) {
    case '/truncated':
      return truncate('length')
    case '/abort':
      return stall('before-head')
    case '/reset':
      return reset('before-head')
    case '/early':
      return answerEarly()
    case '/until-close':
      return answer({ framing: 'close' })
    default:
      return answer({ body: { bytes: 2_000 }, chunked: request.target === '/chunked' })
  }
}

/** POST for the others: it goes on a connection of its own where an engine is careful. */
const methods: Partial<Record<Kind, string>> = { get: 'GET', head: 'HEAD', truncated: 'GET', chunked: 'PUT' }

/** Ask for this, and read the answer. @returns whether the connection is still good */
async function ask(one: RawClient, kind: Kind): Promise<boolean> {
  const method = methods[kind] ?? 'POST'
  const body = method === 'POST' || method === 'PUT'
  const chunked = kind === 'chunked'
  const framing = chunked ? 'Transfer-Encoding: chunked\r\n' : body ? 'Content-Length: 2000\r\n' : ''
  await one.send(`${method} /${kind} HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n`)
  if (body) await one.sendBody({ bytes: 2_000 }, { chunked })
  if (kind === 'abort') {
    one.reset()
    return false
  }
  const response = await one.readResponse({ method })
  return response.complete
}

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}

/** The sockets of this process that are open, from now to the end of the test. */
function watchSockets(): { open(): Socket[] } {
  const seen = new Set<Socket>()
  const note = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    seen.add(socket)
    socket.once('close', () => seen.delete(socket))
  }
  const channels = ['net.client.socket', 'net.server.socket']
  for (const channel of channels) subscribe(channel, note)
  onTestFinished(() => {
    for (const channel of channels) unsubscribe(channel, note)
  })
  return { open: () => [...seen] }
}
