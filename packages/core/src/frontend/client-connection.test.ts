import type { Balancer, Member } from '@evener/algorithms'
import { expectEventually, fakeServer, raw, rawClient } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { type BackendOptions, createBackend } from '../balance/backend.ts'
import { createFrontend, type FrontendOptions } from './frontend.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** A frontend in front of one server. */
async function served(
  options: Partial<BackendOptions> & { door?: Partial<FrontendOptions>; maxConnections?: number } = {},
) {
  const { door, maxConnections, ...rest } = options
  const server = await fakeServer()
  const backend = createBackend({
    name: 'app',
    ...rest,
    servers: [{ id: 's1', address: server.address, maxConnections }],
  })
  const frontend = createFrontend({ route: backend, ...door })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  const client = async () => {
    const one = await rawClient({ port: port as number, timeoutMs: 5_000 })
    onTestFinished(() => one.destroy())
    return one
  }
  return { server, backend, frontend, client }
}

test.each([
  ['is not valid', 400, 'zz\r\n'],
  ['is too large', 413, '5\r\nhello\r\n0\r\n\r\n'],
])(
  'a body that %s, come while its request waited, is refused on a kept connection',
  async (_, status, body) => {
    const { server, backend, frontend, client } = await served({
      maxConnections: 1,
      door: { maxBodyBytes: 4 },
    })
    let go = () => {}
    const asked = new Promise<void>(resolve => {
      go = resolve
    })
    server.script([
      raw([asked, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']),
      raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', { readBody: false }),
    ])
    const one = await client()
    await one.send(get)
    await expectEventually(() => expect(server.requests).toHaveLength(1))
    const two = await client()
    await two.send(
      get.replace('GET', 'PUT').replace('\r\n\r\n', `\r\nTransfer-Encoding: chunked\r\n\r\n${body}`),
    )
    await expectEventually(() => expect(backend.counters.requests).toBe(2))
    go()
    expect(await one.readResponse()).toMatchObject({ status: 200, text: 'ok' })
    expect(await two.readResponse()).toMatchObject({ status })
    // Nothing of it is left behind: the connection that carried its head is closed, not waited on.
    await expectEventually(() => expect(server.openConnections).toBe(0))
    expect(frontend.active).toBe(0)
    expect(backend.counters.requestsNow).toBe(0)
  },
)

test('a balancer that throws is answered with 500, and the frontend serves on', async () => {
  const thrown = new Error('no such member')
  let throws = true
  let only: Member | undefined
  const balancer: Balancer = {
    name: 'broken',
    rebuild: members => {
      ;[only] = members
    },
    pick: () => {
      if (throws) throw thrown
      return only
    },
  }
  const { frontend, client } = await served({ balancer })
  const errors: unknown[] = []
  frontend.on('route-error', error => errors.push(error))
  const one = await client()
  await one.send(get)
  expect(await one.readResponse()).toMatchObject({ status: 500 })
  expect(errors).toEqual([thrown])
  expect(frontend.active).toBe(0)
  throws = false
  const two = await client()
  await two.send(get)
  expect(await two.readResponse()).toMatchObject({ status: 200 })
})

test('a next request is not served before the client has taken the response before it', async () => {
  const { server, client } = await served()
  const bytes = 30_000
  const requests = 1_000
  // In one piece, so that nothing but the next request is there to be held back.
  server.behave(raw(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'a'.repeat(bytes)}`))
  const one = await client()
  one.pause()
  await one.send(get.repeat(requests))
  let seen = 0
  let unchanged = 0
  await expectEventually(() => {
    const now = server.requests.length
    unchanged = now === seen && now > 0 ? unchanged + 1 : 0
    seen = now
    expect(unchanged).toBeGreaterThan(20)
  })
  expect(server.requests.length).toBeLessThan(requests)
  one.resume()
  for (let i = 0; i < requests; i++) {
    expect(await one.readResponse({ keepBodyBytes: 0 })).toMatchObject({ complete: true, bodyBytes: bytes })
  }
})

test('a server that sends 1xx without end does not fill the memory for a client that does not read', async () => {
  const { server, client } = await served()
  const one = await client()
  const hints = 2_000
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: </${'a'.repeat(8_000)}>; rel=preload\r\n\r\n`
  const readOn = async () => one.resume()
  server.behave(raw([hint.repeat(hints), readOn, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']))
  one.pause()
  await one.send(get)
  const response = await one.readResponse()
  expect(response).toMatchObject({ status: 200, text: 'ok' })
  expect(response.informational.length).toBeLessThan(hints)
})
