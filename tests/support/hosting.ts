/** A world for tests of one door in one host application: what is opened here is closed after each test; and who is to be there. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Backend, type BackendOptions, createBackend } from '@evener/core'
import { type Behaviour, type FakeServer, fakeServer } from '@evener/testing'
import { afterEach, test } from 'vitest'
import { missingPrograms } from './program.ts'

const closings: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

/** Have this done when the test is over; last in, first out. */
export function afterwards(close: () => unknown): void {
  closings.push(close)
}

/** A server to proxy to. */
export async function origin(behave?: Behaviour): Promise<FakeServer> {
  const server = await fakeServer({ name: 'app1', ...(behave && { behave }) })
  afterwards(() => server.close())
  return server
}

/** A backend of this one server. */
export function backendOf(server: FakeServer, options: Partial<BackendOptions> = {}): Backend {
  const backend = createBackend({
    name: 'app',
    servers: [{ id: 'app1', address: server.address }],
    ...options,
  })
  afterwards(() => backend.close())
  return backend
}

/** Listen on a free port, and say which. */
export async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** A test that is skipped, by name, where a program is missing. */
export function withPrograms(names: string[], title: string, body: () => Promise<void>): void {
  const missing = missingPrograms(...names)
  const named = missing.length === 0 ? title : `${missing.join(', ')} not installed: ${title}`
  test.skipIf(missing.length > 0)(named, body)
}
