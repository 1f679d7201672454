/**
 * A rate limit: each client may ask so often, and try so many passwords. Who asks more gets 429, and is told when to come
 * again; the servers never see it.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, createFrontend, pathOf } from '@evener/core'
import { rateLimit, stickTable } from '@evener/session'

export interface Limits {
  /** Requests of one client in ten seconds. */
  readonly requests: number
  /** Tries to log in by one client in ten seconds. */
  readonly logins: number
}

/** @param clock where the tables take their time from; that of the process by default */
export function createGateway(address: string, limits: Limits, clock?: { now(): number }) {
  const backend = createBackend({ name: 'app', servers: [{ id: 'app1', address }] })
  // A table for each limit: refused logins shall not use up what a client may ask otherwise.
  const table = () =>
    stickTable({
      type: 'ipv6',
      size: 100_000,
      expireMs: 20_000,
      store: { http_req_rate: { periodMs: 10_000 } },
      clock,
    })
  const everything = rateLimit({ table: table(), limit: limits.requests })
  const logins = rateLimit({ table: table(), limit: limits.logins })
  const frontend = createFrontend({
    route: request => {
      const login = request.method === 'POST' && pathOf(request.uri) === '/login'
      return everything(request) ?? (login ? logins(request) : undefined) ?? backend
    },
  })
  async function close(): Promise<void> {
    await frontend.close({ drainMs: 0 })
    backend.close()
  }
  return { frontend, backend, close }
}

if (import.meta.main) {
  const app = createServer((req, res) => res.end(`${req.method} ${req.url}\n`))
  await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`
  const { frontend } = createGateway(address, { requests: 20, logins: 3 })
  const { port } = await frontend.listen({ port: Number(process.env.PORT ?? 8080) })
  console.log(
    `for i in $(seq 25); do curl -s -o /dev/null -w '%{http_code} ' http://localhost:${port}/; done`,
  )
  console.log(
    `for i in $(seq 5); do curl -s -o /dev/null -w '%{http_code} ' -X POST http://localhost:${port}/login; done`,
  )
}
