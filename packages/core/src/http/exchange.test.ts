import type { Affinity } from '@evener/session'
import { answer, type FakeConnection, fakeServer, reset, VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signal, world } from '../contract/stage.ts'
import { httpHandlerSubject } from '../contract/subject.ts'
import { httpProxy3Engine } from '../engines/http-proxy-3.ts'

// What holds for every engine and door is in the contract suite; here is what an exchange does whatever carries it.
const subject = httpHandlerSubject('http-proxy-3', () => httpProxy3Engine())
const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

describe('an affinity whose answer takes its time', () => {
  /** Every client belongs to the second server, as soon as this is told. */
  function slowly() {
    const { promise, give } = signal()
    const affinity: Affinity = {
      name: 'slow',
      find: () => promise.then(() => 's2'),
      conceal: () => ({ remove: ['X-Mark'] }),
      bind: (_request, id, found) => ({ set: [['X-Bound', `${found} ${id}`]] }),
    }
    return { affinity, give }
  }

  test('is waited for, and its server serves', async () => {
    const { affinity, give } = slowly()
    const { client, servers, backend } = await world(subject, { servers: 2, backend: { affinity } })
    const one = await client()
    await one.send(get.replace('\r\n\r\n', '\r\nX-Mark: s2\r\n\r\n'))
    await expect.poll(() => backend.counters.requestsNow, { interval: 1 }).toBe(1)
    expect(servers.map(each => each.totalRequests)).toEqual([0, 0])
    give()
    const response = await one.readResponse()
    expect(response).toMatchObject({ status: 200, text: 's2' })
    expect(response.header('x-bound')).toBe('s2 s2')
    expect(servers[1]?.requests[0]?.header('x-mark')).toBeUndefined()
    expect(backend.counters.sticky).toBe(1)
  })

  test('is forgotten where the client goes away meanwhile', async () => {
    const { affinity, give } = slowly()
    const { client, servers, served, backend } = await world(subject, { servers: 2, backend: { affinity } })
    const one = await client()
    await one.send(get)
    await expect.poll(served.active, { interval: 1 }).toBe(1)
    one.destroy()
    await expect.poll(served.active, { interval: 1 }).toBe(0)
    give()
    const two = await client()
    await two.send(get)
    expect((await two.readResponse()).status).toBe(200)
    expect(servers.map(each => each.totalRequests)).toEqual([0, 1])
    expect(backend.counters).toMatchObject({ requests: 2, aborted: 1, completed: 1 })
  })
})

describe('the pause before the same server is tried again', () => {
  test('is as long as it says', async () => {
    const clock = new VirtualClock()
    const { client, server, backend } = await world(subject, { clock, backend: { retryDelayMs: 500 } })
    await server.refuse()
    const one = await client()
    await one.send(get)
    await expect.poll(() => backend.counters.retries, { interval: 1 }).toBe(1)
    await server.accept()
    await clock.advanceAsync(499)
    expect(server.totalRequests).toBe(0)
    await clock.advanceAsync(1)
    expect(await one.readResponse()).toMatchObject({ status: 200 })
    expect(backend.counters).toMatchObject({ retries: 1, completed: 1 })
  })

  test('ends with the client', async () => {
    const clock = new VirtualClock()
    const { client, server, served, backend } = await world(subject, {
      clock,
      backend: { retryDelayMs: 500 },
    })
    await server.refuse()
    const one = await client()
    await one.send(get)
    await expect.poll(() => backend.counters.retries, { interval: 1 }).toBe(1)
    one.destroy()
    await expect.poll(served.active, { interval: 1 }).toBe(0)
    expect(clock.pending).toBe(0)
    expect(backend.counters).toMatchObject({ requests: 1, aborted: 1 })
  })
})

test('a server that takes too long to connect to is given up with 504', async () => {
  // TLS is a part of connecting, and this server never answers its first word.
  const onAccept = async (connection: FakeConnection) => {
    while (await connection.source.more()) connection.source.take(65_536)
    connection.destroy()
  }
  const silent = await fakeServer({ behave: Object.assign(() => {}, { onAccept }) })
  onTestFinished(() => silent.close())
  const clock = new VirtualClock()
  const servers = [{ id: 's1', address: `https://${silent.address}` }]
  const backend = { servers, retries: 0, timeouts: { connectMs: 3_000 } }
  const made = await world(subject, { clock, backend })
  const one = await made.client()
  await one.send(get)
  await silent.waitFor(({ openConnections }) => openConnections === 1)
  await clock.advanceAsync(3_000)
  expect(await one.readResponse()).toMatchObject({ status: 504, complete: true })
  await silent.waitFor(({ openConnections }) => openConnections === 0)
  expect(made.backend.counters).toMatchObject({ failed: 1, connectErrors: 1, responseErrors: 0 })
})

test('a place in the queue that is granted to a client who has just gone goes to the next one', async () => {
  const { client, server, served, backend } = await world(subject)
  backend.server('s1')?.setMaxConnections(1)
  const release = signal()
  server.behave(answer({ delayUntil: release.promise }))
  const clients = await Promise.all([client(), client(), client()])
  for (const [index, each] of clients.entries()) {
    await each.send(get)
    await expect.poll(() => served.active(), { interval: 1 }).toBe(index + 1)
  }
  release.give()
  clients[1].destroy()
  expect((await clients[0].readResponse()).status).toBe(200)
  expect((await clients[2].readResponse()).status).toBe(200)
  await expect.poll(() => served.active(), { interval: 1 }).toBe(0)
  expect(backend.counters.requestsNow).toBe(0)
  expect(backend.server('s1')?.counters.requestsMax).toBe(1)
})

test('a client that names no host gets that of the server which serves it, also where another was asked first', async () => {
  const { client, servers } = await world(subject, { servers: [{ behave: reset('before-head') }, {}] })
  const one = await client()
  await one.send('GET /old HTTP/1.0\r\n\r\n')
  expect(await one.readResponse()).toMatchObject({ status: 200, text: 's2' })
  expect(servers.map(each => each.requests[0]?.header('host'))).toEqual(servers.map(each => each.address))
})
