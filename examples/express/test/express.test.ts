import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FakeServer, fakeServer, request } from '@evener/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/main.ts'

let api1: FakeServer
let api2: FakeServer
let example: ReturnType<typeof createApp>
let server: Server
let port: number

beforeAll(async () => {
  api1 = await fakeServer({ name: 'api1' })
  api2 = await fakeServer({ name: 'api2' })
  example = createApp([
    { id: 'api1', address: api1.address },
    { id: 'api2', address: api2.address },
  ])
  server = createServer(example.app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  server.close()
  await example.api.close({ drainMs: 0 })
  example.backend.close()
  await Promise.all([api1.close(), api2.close()])
})

test('requests under /api take turns between the servers, without the prefix', async () => {
  const ask = async () => (await request(port, { target: '/api/hello' })).text
  expect([await ask(), await ask(), await ask(), await ask()]).toEqual(['api1', 'api2', 'api1', 'api2'])
  expect(api1.requests.filter(each => each.target === '/hello')).toHaveLength(2)
})

test("the application's own routes parse bodies, and those under /api pass them on", async () => {
  const sent = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{ "a": 1 }' }
  expect((await request(port, { ...sent, target: '/echo' })).text).toBe('{"a":1}')
  await request(port, { ...sent, target: '/api/things' })
  const received = [...api1.requests, ...api2.requests].find(each => each.target === '/things')
  expect(received?.body.toString()).toBe('{ "a": 1 }')
})
