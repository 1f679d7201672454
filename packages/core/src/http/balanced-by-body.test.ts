/** A balancer that wants to see the body before it chooses, behind each HTTP door. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type Balancer, hash, urlParameter } from '@evener/algorithms'
import { expectEventually, type FakeServer, fakeServer, rawClient, VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import type { BackendRequest } from '../balance/dispatch.ts'
import { createFrontend } from '../frontend/frontend.ts'
import { ask } from '../http2/test-support.ts'
import { httpHandler } from './http-handler.ts'

const names = ['s1', 's2', 's3', 's4', 's5']

/** The server that a key belongs to. */
function ownerOf(key: string): string {
  const balancer = hash<string>({ key: text => text })
  balancer.rebuild(names.map(id => ({ id, weight: 1, load: 0, saturated: false })))
  return balancer.pick(key)?.id as string
}

async function world(options: Partial<BackendOptions> = {}) {
  const servers: FakeServer[] = await Promise.all(names.map(name => fakeServer({ name })))
  const backend = createBackend({
    name: 'app',
    servers: servers.map(({ address }, place) => ({ id: names[place] as string, address })),
    balancer: urlParameter<BackendRequest>('user', { checkPost: true }),
    ...options,
  })
  onTestFinished(async () => {
    backend.close()
    for (const server of servers) await server.close()
  })
  /** Which servers got requests, and with what body. */
  const got = () =>
    servers.flatMap((server, place) => server.requests.map(one => [names[place], one.body.toString()]))
  return { backend, got }
}

async function frontendPort(backend: Backend, clock?: VirtualClock): Promise<number> {
  const frontend = createFrontend({ route: backend, http2: { priorKnowledge: true }, clock })
  onTestFinished(() => frontend.close({ drainMs: 0 }))
  return (await frontend.listen({ port: 0, host: '127.0.0.1' })).port as number
}

async function handlerPort(backend: Backend): Promise<number> {
  const handler = httpHandler(backend)
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await handler.close({ drainMs: 0 })
  })
  return (server.address() as AddressInfo).port
}

async function clientOf(port: number) {
  const client = await rawClient({ port, timeoutMs: 5_000 })
  onTestFinished(() => client.destroy())
  return client
}

const head = (lines: string) => `POST /form HTTP/1.1\r\nHost: a.test\r\n${lines}\r\n\r\n`

describe.each([
  ['createFrontend', frontendPort],
  ['httpHandler', handlerPort],
])('by way of %s', (_door, portOf) => {
  test('the form chooses the server, which gets it whole', async () => {
    const { backend, got } = await world()
    const client = await clientOf(await portOf(backend))
    for (const user of ['ann', 'bob', 'cleo', 'dora']) {
      await client.send(`${head(`Content-Length: ${user.length + 9}`)}a=b&user=${user}`)
      expect((await client.readResponse()).status).toBe(200)
      expect(got()).toContainEqual([ownerOf(user), `a=b&user=${user}`])
    }
  })

  test('a form in chunks and pieces is waited for', async () => {
    const { backend, got } = await world()
    const client = await clientOf(await portOf(backend))
    await client.send(head('Transfer-Encoding: chunked'))
    await expectEventually(() => expect(backend.counters.requestsNow).toBe(1))
    expect(backend.servers.every(server => server.counters.requests === 0)).toBe(true)
    await client.send('7\r\na=b&use\r\n')
    await client.send('5\r\nr=ann\r\n0\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    expect(got()).toEqual([[ownerOf('ann'), 'a=b&user=ann']])
  })

  test('of a large body only the beginning is waited for, and all of it arrives', async () => {
    const { backend, got } = await world()
    const client = await clientOf(await portOf(backend))
    const form = `user=ann&file=${'x'.repeat(300_000)}`
    await client.send(head(`Content-Length: ${form.length}`) + form)
    expect((await client.readResponse()).status).toBe(200)
    expect(got()).toEqual([[ownerOf('ann'), form]])
  })

  test('a client that goes away meanwhile leaves nothing behind', async () => {
    const { backend, got } = await world()
    const client = await clientOf(await portOf(backend))
    await client.send(`${head('Content-Length: 100')}user=`)
    await expectEventually(() => expect(backend.counters.requestsNow).toBe(1))
    client.destroy()
    await expectEventually(() => expect(backend.counters).toMatchObject({ requestsNow: 0, aborted: 1 }))
    expect(got()).toEqual([])
  })

  test('a request that needs no look goes on at once', async () => {
    const { backend, got } = await world()
    const client = await clientOf(await portOf(backend))
    await client.send('GET /?user=bob HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    await client.send('POST /?user=ann HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabcde')
    expect((await client.readResponse()).status).toBe(200)
    expect(got()).toEqual(
      expect.arrayContaining([
        [ownerOf('bob'), ''],
        [ownerOf('ann'), 'abcde'],
      ]),
    )
  })
})

test('over HTTP/2 the form chooses the server too', async () => {
  const { backend, got } = await world()
  const session = connect(`http://127.0.0.1:${await frontendPort(backend)}`)
  onTestFinished(() => session.destroy())
  for (const user of ['ann', 'bob', 'cleo']) {
    const form = `a=b&user=${user}`
    expect(await ask(session, { ':method': 'POST', ':path': '/form' }, form)).toMatchObject({ status: 200 })
    expect(got()).toContainEqual([ownerOf(user), form])
  }
})

test('a client that waits for a 100 before it sends its form gets one', async () => {
  const { backend, got } = await world()
  const client = await clientOf(await frontendPort(backend))
  await client.send(head('Content-Length: 8\r\nExpect: 100-continue'))
  const go = 'HTTP/1.1 100 Continue\r\n\r\n'
  expect((await client.readBytes(go.length)).toString()).toBe(go)
  await client.send('user=ann')
  expect((await client.readResponse()).status).toBe(200)
  expect(got()).toEqual([[ownerOf('ann'), 'user=ann']])
})

test('a form that does not come is a 408', async () => {
  const clock = new VirtualClock()
  const { backend, got } = await world({ clock })
  const client = await clientOf(await frontendPort(backend, clock))
  await client.send(`${head('Content-Length: 100')}user=`)
  await expectEventually(() => expect(backend.counters.requestsNow).toBe(1))
  await expectEventually(async () => {
    clock.advance(60_000)
    expect(backend.counters).toMatchObject({ requestsNow: 0, aborted: 1 })
  })
  expect((await client.readResponse()).status).toBe(408)
  expect(got()).toEqual([])
})

test('a balancer that throws when it is asked again is a 500, and told', async () => {
  let asked = 0
  const balancer: Balancer<BackendRequest> = {
    ...urlParameter<BackendRequest>('user'),
    name: 'throwing',
    rebuild: () => undefined,
    pick: () => undefined,
    bodyWanted: () => {
      if (++asked === 2) throw new Error('of its own')
      return 3
    },
  }
  const { backend } = await world({ balancer })
  const faults: unknown[] = []
  backend.on('fault', error => faults.push(error))
  const client = await clientOf(await frontendPort(backend))
  await client.send(`${head('Content-Length: 100')}user=`)
  expect((await client.readResponse()).status).toBe(500)
  expect(faults).toHaveLength(1)
  expect(backend.counters.requestsNow).toBe(0)
})
