import type { AddressInfo } from 'node:net'
import type { Backend } from '@evener/core'
import { answer, type FakeServer, fakeServer, request } from '@evener/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../src/gateway.ts'

let web: FakeServer
let api: FakeServer
let gateway: Gateway
let port: number

beforeEach(async () => {
  web = await fakeServer({ name: 'web' })
  api = await fakeServer({ name: 'api' })
  gateway = createGateway({
    web: [{ id: 'web', address: web.address }],
    api: [{ id: 'api', address: api.address }],
    checkIntervalMs: 20,
  })
  await new Promise<void>(resolve => gateway.server.listen(0, '127.0.0.1', resolve))
  port = (gateway.server.address() as AddressInfo).port
})

afterEach(async () => {
  if (gateway.server.listening) await gateway.close(0)
  await Promise.all([web.close(), api.close()])
})

const ask = (Host: string, target = '/') => request(port, { target, headers: { Host } })
const found = (backend: Backend, state: 'up' | 'down') => new Promise(resolve => backend.once(state, resolve))

test.each([
  ['example.test', '/', 'web'],
  ['WWW.Example.Test:8080', '/api', 'web'],
  ['example.test', '/api/users', 'api'],
  ['api.example.test', '/users', 'api'],
])('%s%s is served by %s', async (host, target, server) => {
  expect((await ask(host, target)).text).toBe(server)
})

test('a host that nobody knows gets 404', async () => {
  expect((await ask('other.test')).status).toBe(404)
})

test('while all servers are down users see the page, and again the site when one is back', async () => {
  const down = found(gateway.web, 'down')
  await web.kill()
  await down
  const response = await ask('example.test')
  expect(response.status).toBe(503)
  expect(response.text).toContain('back in a minute')
  expect((await ask('api.example.test')).text).toBe('api')

  const up = found(gateway.web, 'up')
  await web.accept()
  await up
  expect((await ask('example.test')).text).toBe('web')
})

test('on closing, a request under way is answered', async () => {
  const gate = Promise.withResolvers<void>()
  web.behave(req => (req.target === '/slow' ? answer({ delayUntil: gate.promise }) : answer()))
  const slow = ask('example.test', '/slow')
  await web.waitFor(server => server.requests.some(each => each.target === '/slow'))
  const closed = gateway.close(10_000)
  gate.resolve()
  expect((await slow).text).toBe('web')
  await closed
  await expect(ask('example.test')).rejects.toThrow('ECONNREFUSED')
})
