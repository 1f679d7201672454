/** What an operator does to a frontend and to the servers behind it while traffic passes. */
import { answer, expectEventually, fakeServer, raw, rawClient, stall } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createTcpProxy } from '../tcp/tcp-proxy.ts'
import { createFrontend } from './frontend.ts'

const get = 'GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n'

async function world(behave = answer()) {
  const server = await fakeServer({ name: 's1', behave })
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const frontend = createFrontend({ route: backend })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  const client = async () => {
    const made = await rawClient({ port: port!, timeoutMs: 5000 })
    onTestFinished(() => made.destroy())
    return made
  }
  return { server, backend, frontend, client }
}

describe('a paused frontend', () => {
  test('takes no connection, keeps those that it has, and listens at the same place when it is resumed', async () => {
    const { frontend, client } = await world()
    const before = await client()
    await before.send(get)
    expect((await before.readResponse()).status).toBe(200)
    frontend.pause()
    frontend.pause()
    expect(frontend.paused).toBe(true)
    await expect(client()).rejects.toThrow('ECONNREFUSED')
    await before.send(get)
    expect((await before.readResponse()).status).toBe(200)
    await frontend.resume()
    await frontend.resume()
    const after = await client()
    await after.send(get)
    expect((await after.readResponse()).status).toBe(200)
  })

  test('can be closed', async () => {
    const { frontend } = await world()
    frontend.pause()
    await frontend.close({ drainMs: 0 })
    expect(frontend.counters.connectionsNow).toBe(0)
  })
})

test('a TCP proxy is paused and resumed as a frontend is', async () => {
  const { backend } = await world()
  const proxy = createTcpProxy({ route: backend })
  onTestFinished(() => proxy.close({ drainMs: 0 }))
  const { port } = await proxy.listen({ port: 0, host: '127.0.0.1' })
  proxy.pause()
  expect(proxy.paused).toBe(true)
  await expect(rawClient({ port: port! })).rejects.toThrow('ECONNREFUSED')
  await proxy.resume()
  const client = await rawClient({ port: port!, timeoutMs: 5000 })
  await client.send(get)
  expect((await client.readResponse()).status).toBe(200)
  client.destroy()
})

test('with fewer connections allowed, those that there are stay and the next one is closed', async () => {
  const { frontend, client } = await world()
  const [one, two] = [await client(), await client()]
  for (const each of [one, two]) {
    await each.send(get)
    await each.readResponse()
  }
  frontend.setMaxConnections(1)
  await (await client()).closed
  await two.send(get)
  expect((await two.readResponse()).status).toBe(200)
  expect([frontend.maxConnections, frontend.counters.connectionsRefused]).toEqual([1, 1])
  expect(() => frontend.setMaxConnections(0)).toThrow(
    expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
  )
})

test('a server that is moved gets the next request at its new address, and its kept connections are closed', async () => {
  const { server, backend, client } = await world()
  const other = await fakeServer({ name: 's2' })
  onTestFinished(() => other.close())
  const one = await client()
  await one.send(get)
  await one.readResponse()
  await expectEventually(() => expect(server.openConnections).toBe(1))
  backend.server('s1')!.setAddress(other.address)
  await one.send(get)
  await one.readResponse()
  expect([server.requests.length, other.requests.length]).toEqual([1, 1])
  await expectEventually(() => expect(server.openConnections).toBe(0))
})

test('the sessions of a server are listed with their client and request, and each can be broken off', async () => {
  const { server, backend, client } = await world(stall('before-head'))
  const one = await client()
  await one.send(get)
  await expectEventually(() => expect(server.requests.length).toBe(1))
  const sessions = [...backend.server('s1')!.leases].map(({ session }) => session!)
  expect(sessions.map(({ clientAddress, what }) => `${clientAddress} ${what}`)).toEqual(['127.0.0.1 GET /a'])
  sessions[0]!.shutdown()
  expect((await one.readResponse()).status).toBe(503)
})

describe('of what could not be read, the last is kept', () => {
  test('a request', async () => {
    const { frontend, client } = await world()
    const one = await client()
    await one.send('GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n')
    expect((await one.readResponse()).status).toBe(400)
    const { from, message, bytes } = frontend.lastError!
    expect([from, message]).toEqual(['127.0.0.1', expect.stringContaining('byte')])
    expect(bytes.toString('latin1')).toContain('Bad Name: x')
  })

  test('a response', async () => {
    const { server, backend, client } = await world(raw('HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n'))
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(502)
    const { from, bytes } = backend.server('s1')!.lastError!
    expect([from, bytes.toString('latin1')]).toEqual([server.address, expect.stringContaining('Bad Name')])
  })
})
