/**
 * Servers are killed, frozen, reset and slowed at random, and no client sees it.
 *
 * A short run with a fixed seed by default. `EVENER_DYING=full` makes it 50,000 requests over a minute, and
 * `EVENER_DYING_SEED` another course of events.
 */
import { setTimeout as passes } from 'node:timers/promises'
import { createBackend, http1Engine } from '@evener/core'
import { frontendSubject } from '@evener/core/contract'
import { httpCheck } from '@evener/health'
import { seededRandom } from '@evener/testing'
import { expect, it } from 'vitest'
import { Load } from './support/load.ts'
import { type Hurt, MortalServer } from './support/mortal-server.ts'

const full = process.env.EVENER_DYING === 'full'
const seed = process.env.EVENER_DYING_SEED ?? 'dying servers'
const total = full ? 50_000 : 4000
const rounds = full ? 60 : 6
const hurts: readonly Hurt[] = ['kill', 'freeze', 'reset', 'slow']

it(`of ${total} requests none fails while servers are killed, frozen, reset and slowed`, async () => {
  const random = seededRandom(seed)
  const servers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(id => new MortalServer(id).start()))
  const backend = createBackend({
    name: 'app',
    servers: servers.map(({ id, address }) => ({ id, address })),
    checks: {
      ...{ checker: httpCheck(), intervalMs: 200, fastIntervalMs: 50, timeoutMs: 300, rise: 2, fall: 2 },
      ...{ observe: 'layer7', errorLimit: 1, onError: 'mark-down' },
    },
    timeouts: { connectMs: 1000, responseMs: 1000 },
    ...{ retries: 10, retryOn: ['conn-failure', 'empty-response', 'junk-response', 'response-timeout'] },
    retryBudget: { ratio: 5 },
    whenDown: 'queue',
  })
  const transitions: string[] = []
  backend.on('transition', ({ server, kind }) => transitions.push(`${server.id} ${kind}`))
  const served = await frontendSubject('http1', () => http1Engine()).serve(backend)

  let over = false
  const done = new Map<Hurt, number>()
  /** At most two of the five at once, each for up to a second and a half. */
  const fate = async (mine: readonly MortalServer[]): Promise<void> => {
    while (!over) {
      const server = mine[Math.floor(random() * mine.length)] as MortalServer
      const how = hurts[Math.floor(random() * hurts.length)] as Hurt
      await server.hurt(how, 200 + random() * 400)
      await passes(300 + random() * 1200)
      await server.heal(how)
      done.set(how, (done.get(how) ?? 0) + 1)
      await passes(random() * 300)
    }
  }
  const fates = [fate(servers.slice(0, 2)), fate(servers.slice(2))]
  const failures: Record<string, number> = {}
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    const load = new Load({ port: served.port, connections: 20, total: total / rounds })
    const [result] = await Promise.all([load.run(), passes(1000)])
    answered += result.answered
    for (const [what, count] of result.failures) failures[what] = (failures[what] ?? 0) + count
  }
  over = true
  await Promise.all(fates)
  const { retries, redispatches } = backend.counters
  await served.close()
  backend.close()
  await Promise.all(servers.map(server => server.stop()))
  if (full) console.log({ answered, failures, retries, redispatches, hurts: Object.fromEntries(done) })

  expect(failures).toEqual({})
  expect(answered).toBeGreaterThanOrEqual(total - rounds)
  // Something did happen.
  expect(transitions.some(line => line.endsWith(' down'))).toBe(true)
  expect(redispatches).toBeGreaterThan(0)
}, 240_000)
