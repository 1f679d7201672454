import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../src/main.ts'

/** A gateway before a server that counts, at a time that stands still until it is moved. */
async function started() {
  let seen = 0
  const app = createServer((_req, res) => {
    seen++
    res.end('hello')
  })
  await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve))
  const clock = { time: 60_000, now: () => clock.time }
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`
  const gateway = createGateway(address, { requests: 5, logins: 2 }, clock)
  const { port } = await gateway.frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await gateway.close()
    app.closeAllConnections()
    app.close()
  })
  const ask = (method: string, target: string) => request(port as number, { method, target })
  return { ask, clock, seen: () => seen }
}

test('who asks too often gets 429 and is told when to come again, and comes through then', async () => {
  const { ask, clock, seen } = await started()
  for (let i = 0; i < 5; i++) expect((await ask('GET', '/')).status).toBe(200)
  const refused = await ask('GET', '/')
  expect(refused.status).toBe(429)
  const [, seconds] = refused.headers.find(([name]) => name.toLowerCase() === 'retry-after') ?? []
  expect(Number(seconds)).toBeGreaterThan(0)
  expect(seen()).toBe(5)

  clock.time += Number(seconds) * 1000
  expect((await ask('GET', '/')).status).toBe(200)
})

test('passwords may be tried less often than other things, which go on', async () => {
  const { ask, seen } = await started()
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await ask('POST', '/login?user=Ada')).status)
  expect(statuses).toEqual([200, 200, 429])
  expect((await ask('GET', '/')).status).toBe(200)
  expect(seen()).toBe(3)
})
