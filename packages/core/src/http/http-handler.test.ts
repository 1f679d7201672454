import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, fakeServer, raw, rawClient, upgrade } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { httpHandler } from './http-handler.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const getUpgrade = get.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')

/** A handler in front of one server, hooked in by `attach` or given as the listener alone; and a client. */
async function served(how: 'attached' | 'listener') {
  const server = await fakeServer()
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const handler = httpHandler(backend)
  const host = createServer()
  if (how === 'attached') handler.attach(host)
  else host.on('request', handler)
  await new Promise<void>(resolve => host.listen(0, '127.0.0.1', resolve))
  const client = await rawClient({ port: (host.address() as AddressInfo).port, timeoutMs: 5_000 })
  onTestFinished(async () => {
    client.destroy()
    host.closeAllConnections()
    host.close()
    await handler.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  return { server, backend, handler, client }
}

test('an upgrade behind a response that is under way is served in its turn, without the change', async () => {
  const { server, handler, client } = await served('attached')
  server.script([answer({ body: 'first' }), answer({ body: 'second' })])
  await client.send(get + getUpgrade)
  expect(await client.readResponse()).toMatchObject({ status: 200 })
  expect(await client.readResponse()).toMatchObject({ status: 200 })
  expect(server.requests.map(request => request.header('upgrade'))).toEqual([undefined, undefined])
  expect(handler.active).toBe(0)
})

test('where nothing tells of upgrades, they are served without the change', async () => {
  const { server, client } = await served('listener')
  server.behave(upgrade())
  await client.send(getUpgrade)
  expect((await client.readResponse()).status).not.toBe(101)
  expect(server.requests[0]?.header('upgrade')).toBeUndefined()
})

test('a server that sends 1xx without end does not fill the memory for a client that does not read', async () => {
  const { server, client } = await served('listener')
  const hints = 4_000
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: </${'a'.repeat(8_000)}>; rel=preload\r\n\r\n`
  const readOn = async () => client.resume()
  server.behave(raw([hint.repeat(hints), readOn, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']))
  client.pause()
  await client.send(get)
  const response = await client.readResponse()
  expect(response).toMatchObject({ status: 200, text: 'ok' })
  expect(response.informational.length).toBeLessThan(hints)
})
