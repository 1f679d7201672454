import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'

function world() {
  const backend = createBackend({
    name: 'app',
    servers: [
      { id: 's1', address: '127.0.0.1:8001', weight: 3 },
      { id: 's2', address: 'unix:/run/app.sock', backup: true },
    ],
  })
  return { backend, server: backend.server('s1') as Server }
}

test('a server shows who and where it is, how it is, and what it has counted', () => {
  const { backend, server } = world()
  expect(inspect(server, { breakLength: Number.POSITIVE_INFINITY })).toBe(
    "Server s1 { address: '127.0.0.1:8001', state: 'ready, up', weight: 3, counters: {} }",
  )
  const acquired = backend.acquire({ header: () => undefined } as never)
  expect(acquired.kind).toBe('lease')
  server.drain()
  server.setWeight(2)
  expect(inspect(server, { breakLength: Number.POSITIVE_INFINITY })).toBe(
    "Server s1 { address: '127.0.0.1:8001', state: 'drain, up', weight: 2, counters: { requests: 1, requestsNow: 1, requestsMax: 1, balanced: 1 } }",
  )
  expect(inspect(backend.server('s2'))).toMatch(/^Server s2 \{.*backup: true/s)
})

test('a backend shows its servers, and which of them it chooses from', () => {
  const { backend } = world()
  const text = inspect(backend)
  expect(text).toMatch(/^Backend app \{/)
  expect(text).toContain("balancer: 'roundrobin'")
  expect(text).toContain("pool: [ 's1' ]")
  expect(text).toContain('Server s1 {')
  expect(text).not.toContain('_events')
  expect(inspect({ a: { b: { c: { backend } } } })).toContain('[Object]')
  expect(inspect([[[backend]]], { depth: 2 })).toContain('[Backend app]')
})
