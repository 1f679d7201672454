/** Many connections that end in every way there is: nothing may be left of them. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { leastConnections } from '@evener/algorithms'
import { CountingClock, expectEventually, leaks, seededRandom } from '@evener/testing'
import { expect, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createTcpProxy } from './tcp-proxy.ts'
import { deadAddress, tcpServer } from './test-support.ts'

test('1,000 connections with random ends leave no lease, socket or timer behind', async () => {
  const watch = leaks()
  const random = seededRandom(7)
  const clock = new CountingClock()
  const chance = (share: number): boolean => random() < share
  const kill = (socket: Socket): void => {
    // Node does not close a socket that is to be reset while its FIN is under way.
    if (chance(0.3) && !socket.writableEnded) socket.resetAndDestroy()
    else if (chance(0.5)) socket.destroy()
    else socket.end()
  }
  const serve = (socket: Socket): void => {
    socket.on('data', chunk => {
      if (chance(0.1)) kill(socket)
      else socket.write(chance(0.1) ? Buffer.alloc(200_000) : chunk)
    })
    socket.on('end', () => socket.end())
  }
  const servers = [await tcpServer(serve), await tcpServer(serve)]
  const backend = createBackend({
    name: 'churn',
    clock,
    balancer: leastConnections(),
    retryDelayMs: 1,
    timeouts: { queueMs: 200, tunnelMs: 5_000 },
    servers: [
      { id: 's1', address: servers[0]?.address as string, maxConnections: 10 },
      { id: 's2', address: servers[1]?.address as string },
      { id: 'dead', address: await deadAddress(), weight: 1 },
    ],
  })
  const proxy = createTcpProxy({ route: backend, onServerDown: 'shut-sessions', clock })
  const { port } = await proxy.listen({ port: 0, host: '127.0.0.1' })
  const one = (): Promise<void> =>
    new Promise(resolve => {
      const socket = connect({ port: port as number, host: '127.0.0.1', allowHalfOpen: chance(0.5) })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
      socket.on('end', () => socket.end())
      let left = Math.floor(random() * 5)
      const next = (): void => {
        if (socket.destroyed) return
        if (chance(0.15)) kill(socket)
        else if (left-- > 0) socket.write('x'.repeat(1 + Math.floor(random() * 3_000)))
        else socket.end()
      }
      socket.on('data', next)
      if (chance(0.05)) socket.destroy()
      else next()
      if (chance(0.02)) backend.server('s1')?.setHealth(chance(0.5) ? 'down' : 'up')
    })
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun++ < 1_000) await one()
  }
  await Promise.all(Array.from({ length: 40 }, lane))
  backend.server('s1')?.setHealth('up')
  await proxy.close({ drainMs: 2_000 })
  const { counters } = backend
  expect(counters.requestsNow).toBe(0)
  expect(counters.queueNow).toBe(0)
  expect(counters.requests).toBe(counters.completed + counters.failed + counters.aborted + counters.rejected)
  for (const server of backend.servers) expect(server.counters.requestsNow).toBe(0)
  expect(proxy.counters.connectionsNow).toBe(0)
  backend.close()
  for (const server of servers) await server.stop()
  await expectEventually(() => clock.pending === 0)
  await watch.none()
})
