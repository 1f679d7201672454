/**
 * Any sequence of picks, failures, aborts, drains, removals and checks: each lease is released exactly once, no server
 * ever serves more than it may, and the counters add up to the requests sent.
 */
import { first, leastConnections, random, roundRobin, source, staticRoundRobin } from '@evener/algorithms'
import { seededRandom } from '@evener/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Backend, BackendOptions } from './backend.ts'
import type { Dispatch } from './dispatch.ts'
import type { Lease, NoServer, Queued } from './lease.ts'
import { failed, type Outcome } from './outcome.ts'
import { completed, refused, requestWith, reset, world } from './test-support.ts'

const aborted = failed('receive', 'client', 'client-abort')

/** One request of the model, and where it is. */
interface Visit {
  readonly dispatch: Dispatch
  lease?: Lease
  queued?: Queued
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), key: fc.nat(9) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('complete' as const, 'refuse' as const, 'reset' as const, 'abort' as const),
      which: fc.nat(99),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'drain' as const,
        'maintenance' as const,
        'ready' as const,
        'down' as const,
        'up' as const,
        'remove' as const,
      ),
      server: fc.nat(5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('add' as const), weight: fc.nat(4), limit: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('reweight' as const),
      server: fc.nat(5),
      weight: fc.nat(4),
      limit: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(2000) }) },
)

const balancers: Record<string, () => NonNullable<BackendOptions['balancer']>> = {
  roundRobin,
  staticRoundRobin,
  leastConnections,
  first,
  random: () => random({ random: seededRandom(1) }),
  source,
}

describe.each(Object.keys(balancers))('leases under %s', name => {
  it('are released exactly once, within the limits, and everything adds up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.boolean(), async (steps, queueWhenDown) => {
        const { backend, clock } = world({
          allowEmpty: true,
          servers: [
            { id: 'a', address: '127.0.0.1:1', maxConnections: 2 },
            { id: 'b', address: '127.0.0.1:2', weight: 2 },
            { id: 'spare', address: '127.0.0.1:3', backup: true, maxConnections: 1 },
          ],
          balancer: balancers[name]?.(),
          maxQueue: 5,
          whenDown: queueWhenDown ? 'queue' : 'reject',
          timeouts: { queueMs: 1000 },
          affinity: { name: 'h', find: asked => asked.header('x'), bind: () => undefined },
        })
        const everSeen = new Set(backend.servers)
        const visits = new Set<Visit>()
        let sent = 0
        let added = 0

        const take = (visit: Visit, result: Lease | NoServer): void => {
          delete visit.queued
          if (result.kind === 'none') {
            visits.delete(visit)
            visit.dispatch.reject(result.reason)
            return
          }
          const { server } = result
          expect(
            server.maxConnections === 0 ||
              server.counters.requestsNow <= server.maxConnections ||
              shrunk.has(server.id),
          ).toBe(true)
          visit.dispatch.leased(result)
          visit.lease = result
        }
        const place = (visit: Visit): void => {
          const acquired = visit.dispatch.next()
          if (acquired.kind === 'queued') {
            visit.queued = acquired
            void acquired.lease.then(result => visits.has(visit) && take(visit, result))
          } else take(visit, acquired)
        }
        const finish = (visit: Visit, outcome: Outcome): void => {
          const { lease } = visit
          if (lease === undefined) return
          delete visit.lease
          lease.release(outcome)
          expect(() => lease.release(outcome)).toThrow()
          if (
            outcome.kind === 'failed' &&
            visit.dispatch.retry(outcome, { idempotent: true, replayable: true }) !== 'give-up'
          ) {
            place(visit)
            return
          }
          visits.delete(visit)
          visit.dispatch.end(outcome)
        }
        /** Servers whose limit was lowered while they served more. */
        const shrunk = new Set<string>()

        for (const action of steps) {
          const server =
            'server' in action
              ? backend.servers[action.server % Math.max(1, backend.servers.length)]
              : undefined
          const visit = 'which' in action ? [...visits][action.which % Math.max(1, visits.size)] : undefined
          if (action.do === 'request') {
            sent++
            const begun: Visit = {
              dispatch: backend.dispatch(requestWith(action.key === 0 ? { x: 'a' } : {})),
            }
            visits.add(begun)
            void begun.dispatch.locate()
            place(begun)
          } else if (action.do === 'complete' && visit) finish(visit, completed)
          else if (action.do === 'refuse' && visit) finish(visit, refused)
          else if (action.do === 'reset' && visit) finish(visit, reset)
          else if (action.do === 'abort' && visit) {
            visit.queued?.cancel()
            visit.lease?.release(aborted)
            visits.delete(visit)
            visit.dispatch.end(aborted)
          } else if (action.do === 'drain') server?.drain()
          else if (action.do === 'maintenance') server?.maintenance()
          else if (action.do === 'ready') server?.ready()
          else if (action.do === 'down') server?.setHealth('down')
          else if (action.do === 'up') server?.setHealth('up')
          else if (action.do === 'remove' && server) void backend.removeServer(server.id)
          else if (action.do === 'add') {
            everSeen.add(
              backend.addServer({
                id: `n${added++}`,
                address: '127.0.0.1:9',
                weight: action.weight,
                maxConnections: action.limit,
              }),
            )
          } else if (action.do === 'reweight' && server) {
            shrunk.add(server.id)
            server.setWeight(action.weight)
            server.setMaxConnections(action.limit)
          } else if (action.do === 'advance') clock.advance(action.ms)
          await Promise.resolve()
          addsUp(backend, visits, sent)
        }

        for (const visit of [...visits]) {
          visit.queued?.cancel()
          visit.lease?.release(completed)
          visits.delete(visit)
          visit.dispatch.end(completed)
          await Promise.resolve()
        }
        // A lease that was granted in the very turn in which its request gave up is nobody's: the door gives it back.
        addsUp(backend, visits, sent)
        for (const server of everSeen) {
          const { counters } = server
          expect(counters.requestsNow).toBe(0)
          expect(counters.queueNow).toBe(0)
          expect(counters.requests).toBe(counters.completed + counters.failed + counters.aborted)
        }
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 150 },
    )
  })
})

function addsUp(backend: Backend, visits: ReadonlySet<Visit>, sent: number): void {
  const { requests, requestsNow, completed: good, failed: bad, aborted: left, rejected } = backend.counters
  expect(requests).toBe(sent)
  expect(requestsNow).toBe(visits.size)
  expect(requests).toBe(requestsNow + good + bad + left + rejected)
  expect(backend.counters.queueNow).toBe([...visits].filter(visit => visit.queued !== undefined).length)
}
