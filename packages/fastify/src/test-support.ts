/** A world for the tests of the plugin: real applications, real sockets; all is closed after each test. */
import type { AddressInfo } from 'node:net'
import { type Backend, type BackendOptions, createBackend } from '@evener/core'
import { type Behaviour, type FakeServer, fakeServer, type RawClient, rawClient } from '@evener/testing'
import type { FastifyInstance } from 'fastify'
import { afterEach } from 'vitest'

const closings: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

/** A server to proxy to. */
export async function origin(behave?: Behaviour): Promise<FakeServer> {
  const server = await fakeServer({ name: 'app1', ...(behave && { behave }) })
  closings.push(() => server.close())
  return server
}

/** A backend of this one server. */
export function backendOf(server: FakeServer, options: Partial<BackendOptions> = {}): Backend {
  const backend = createBackend({
    name: 'app',
    servers: [{ id: 'app1', address: server.address }],
    ...options,
  })
  closings.push(() => backend.close())
  return backend
}

/** Have the application listen on a free port, and say which. */
export async function portOf(app: FastifyInstance): Promise<number> {
  closings.push(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

const fields =
  'Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n'

/** A client that has asked to change protocols. */
export async function upgrading(port: number, target: string, protocol = 'websocket'): Promise<RawClient> {
  const client = await rawClient({ port, timeoutMs: 5000 })
  closings.push(() => client.destroy())
  await client.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}Upgrade: ${protocol}\r\n\r\n`)
  return client
}
