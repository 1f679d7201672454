/** Weights, servers and states changed a thousand times under load. */
import { leastConnections, roundRobin } from '@evener/algorithms'
import { type Backend, createBackend } from '@evener/core'
import { seededRandom } from '@evener/testing'
import { describe, expect, it } from 'vitest'
import { subjects } from './subjects.ts'
import { Load } from './support/load.ts'
import { RestartableServer } from './support/restartable-server.ts'

const changes = 1_000

describe.each(subjects)('$name', subject => {
  it.each([
    ['roundrobin', roundRobin],
    ['leastconn', leastConnections],
  ] as const)(`loses no request while its servers change ${changes} times (%s)`, async (_, balancer) => {
    const servers = await Promise.all(['a', 'b', 'c', 'd'].map(id => new RestartableServer(id).start()))
    const addresses = new Map(servers.map(({ id, address }) => [id, address]))
    const backend = createBackend({
      name: 'app',
      balancer: balancer(),
      servers: servers.slice(0, 2).map(({ id, address }) => ({ id, address })),
    })
    const served = await subject.serve(backend)
    const load = new Load({ port: served.port, connections: 50, total: 4_000 })
    const running = load.run()
    const random = seededRandom(7)
    for (let i = 0; i < changes; i++) {
      change(backend, addresses, random)
      // A change for every few requests: the load goes on between them.
      await new Promise(resolve => setImmediate(resolve))
    }
    const result = await running
    await served.close()
    backend.close()
    await Promise.all(servers.map(server => server.stop()))
    expect(Object.fromEntries(result.failures)).toEqual({})
    expect(result.answered).toBe(4_000)
    expect(backend.counters).toMatchObject({ completed: 4_000, retries: 0, redispatches: 0, requestsNow: 0 })
  })
})

/** One change at random, that leaves at least one server that takes requests. */
function change(backend: Backend, addresses: ReadonlyMap<string, string>, random: () => number): void {
  const ids = [...addresses.keys()]
  const id = ids[Math.floor(random() * ids.length)] as string
  const server = backend.server(id)
  const others = backend.pool.filter(other => other.id !== id && other.weight > 0)
  const what = random()
  if (server === undefined) {
    backend.addServer({ id, address: addresses.get(id) as string, weight: 1 + Math.floor(random() * 5) })
  } else if (what < 0.4 || others.length === 0) {
    server.setWeight(1 + Math.floor(random() * 20))
    server.ready()
  } else if (what < 0.6) {
    const gone = backend.removeServer(id)
    const { requests } = server.counters
    // Not one more request for a server that is gone, however long its last ones take.
    void gone.then(() => {
      if (server.counters.requests !== requests) throw new Error(`${id} was picked after its removal`)
    })
  } else if (what < 0.8) server.drain()
  else server.maintenance()
}
