/** Servers restarted one after another under 200 connections: nobody notices. */
import { createBackend } from '@evener/core'
import { tcpCheck } from '@evener/health'
import { describe, expect, it } from 'vitest'
import { subjects } from './subjects.ts'
import { Load, until } from './support/load.ts'
import { RestartableServer } from './support/restartable-server.ts'

describe.each(subjects)('$name', subject => {
  it.each([
    ['stopped without a word', 50_000],
    ['drained first', 4_000],
  ] as const)(
    'while every server is restarted (%s), answers all of %i requests',
    async (how, total) => {
      const servers = await Promise.all(['a', 'b', 'c'].map(id => new RestartableServer(id).start()))
      const backend = createBackend({
        name: 'app',
        servers: servers.map(({ id, address }) => ({ id, address })),
        checks: { checker: tcpCheck(), intervalMs: 100, rise: 1, fall: 1 },
      })
      const served = await subject.serve(backend)
      const load = new Load({ port: served.port, connections: 200, total })
      const running = load.run()
      for (const [index, server] of servers.entries()) {
        await until(() => load.sent > ((index + 1) * total) / 5)
        const known = backend.server(server.id)
        if (how === 'drained first') {
          known?.maintenance()
          await until(() => known?.counters.requestsNow === 0)
        }
        await server.stop()
        const { sent } = load
        await until(() => load.sent > sent + total / 25)
        await server.start()
        known?.ready()
      }
      const result = await running
      await until(() => backend.counters.requestsNow === 0)
      const { counters } = backend
      await served.close()
      backend.close()
      await Promise.all(servers.map(server => server.stop()))

      expect(Object.fromEntries(result.failures)).toEqual({})
      expect(result.answered).toBe(total)
      expect(counters).toMatchObject({
        requests: total,
        completed: total,
        failed: 0,
        aborted: 0,
        rejected: 0,
      })
      expect(result.byServer.size).toBe(3)
    },
    120_000,
  )
})
