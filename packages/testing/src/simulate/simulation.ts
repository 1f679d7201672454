/**
 * The simulation itself: arrivals, changes and servers on one virtual clock, until the last request has ended.
 *
 * Each kind of chance has a source of its own, seeded from the one seed. So for one seed every balancer is given the
 * same requests, at the same times, with the same work and the same keys, however much chance it uses itself; the
 * difference between two balancers is seen after far fewer requests than with requests of their own.
 *
 * Cost: some two microseconds a request, and 60 bytes, as long as lines are short.
 */
import { TestingError } from '../errors.ts'
import { type Random, seededRandom } from '../seeded-random.ts'
import { VirtualClock } from '../virtual-clock.ts'
import type { Arrival } from './arrivals.ts'
import type { BalancerWorld, SimulatedBalancer } from './balancer.ts'
import type { ReadChange } from './changes.ts'
import { Job } from './job.ts'
import { Pool } from './pool.ts'
import { Population } from './population.ts'
import { Server } from './server.ts'
import type { ServerOptions } from './server-options.ts'
import type { ReadOptions } from './simulate-options.ts'
import { Statistics } from './statistics.ts'

export class Simulation {
  readonly clock = new VirtualClock()
  readonly statistics: Statistics
  readonly pools: Pool[] = []
  private readonly options: ReadOptions
  /** Those that are there, by name; one that was removed may still be at work. */
  private readonly servers = new Map<string, Server>()
  private readonly workRandom: Random
  private readonly requestRandom: Random
  private readonly poolRandom: Random
  private readonly population: Population
  private readonly nextArrival: () => Arrival | undefined
  private arrived = 0
  private underWay = 0
  private arriving = true

  constructor(make: (world: BalancerWorld) => SimulatedBalancer<unknown>, options: ReadOptions) {
    this.options = options
    const { clock } = this
    const chance = (name: string) => seededRandom(`${options.seed}/${name}`)
    this.workRandom = chance('work')
    this.requestRandom = chance('request')
    this.poolRandom = chance('pool')
    this.population = new Population(options.keys, options.skew, chance('keys'))
    this.statistics = new Statistics(
      options.settleMs,
      () => clock.now(),
      () => this.underWay--,
    )
    for (const server of options.servers) this.addServer(server)
    const servers = [...this.servers.values()]
    for (let index = 0; index < options.balancers; index++) {
      const random = chance(`balancer ${index}`)
      const balancer = make({ clock, random, index, count: options.balancers })
      this.pools.push(new Pool(balancer, servers, clock, options, this.statistics))
    }
    for (const change of options.changes) clock.setTimeout(() => this.change(change), change.atMs)
    const capacityPerSecond = capacityOf(options)
    this.nextArrival = options.arrivals({ capacityPerSecond, random: chance('arrivals') })
    this.awaitArrival()
  }

  /** To the end of the last request. Timers that a balancer has set may be left. */
  run(): void {
    while ((this.arriving || this.underWay > 0) && this.clock.runNext());
    this.statistics.settle()
  }

  private addServer(options: ServerOptions): Server {
    const { statistics } = this
    const index = statistics.tallies.length
    const random = seededRandom(`${this.options.seed}/server ${index}`)
    const server = new Server(options, index, this.clock, random, (job, ok) => job.pool.finished(job, ok))
    this.servers.set(server.id, server)
    statistics.server(server)
    return server
  }

  private awaitArrival(): void {
    const arrival = this.arrived < this.options.requests ? this.nextArrival() : undefined
    this.arriving = arrival !== undefined && this.clock.now() + arrival.gapMs <= this.options.durationMs
    if (!this.arriving) return
    const { gapMs, key, workMs } = arrival!
    if (!(gapMs >= 0))
      throw new TestingError('EVENER_INVALID_STATE', `simulate(): arrivals gave a gap of ${gapMs} ms`)
    this.clock.setTimeout(() => this.arrive(key, workMs), gapMs)
  }

  private arrive(givenKey: string | undefined, givenWorkMs: number | undefined): void {
    const { options, pools } = this
    this.arrived++
    this.underWay++
    // Drawn even where it is given, so that a trace without keys and one with them meet the same work.
    const drawnKey = this.population.draw()
    const drawnMs = options.service.draw(this.workRandom)
    const lot = pools.length === 1 ? 0 : Math.floor(this.poolRandom() * pools.length)
    const key = givenKey ?? drawnKey
    const request = options.request(key, this.requestRandom)
    const job = new Job(this.clock.now(), givenWorkMs ?? drawnMs, key, request)
    this.statistics.arrived(job)
    pools[lot]!.submit(job)
    this.awaitArrival()
  }

  private change(change: ReadChange): void {
    const { kind, id } = change
    const server = kind === 'add' ? this.addServer(change.server) : this.servers.get(id)!
    switch (kind) {
      case 'add':
        server.cool()
        this.tell(pool => pool.join(server))
        break
      case 'die':
        // Where it is known at once, it is known before what fails with it is tried again.
        this.tellOnceDetected(server, pool => pool.leave(id))
        server.die()
        break
      case 'revive':
        server.revive()
        this.tellOnceDetected(server, pool => pool.join(server))
        break
      case 'remove':
        this.servers.delete(id)
        this.tell(pool => pool.leave(id))
        break
      case 'change': {
        const { speed, weight, maxConnections } = change
        server.speed = speed ?? server.speed
        if (weight !== undefined || maxConnections !== undefined) {
          this.tell(pool => pool.change(id, weight, maxConnections))
        }
      }
    }
  }

  private tell(news: (pool: Pool) => void): void {
    this.statistics.keys.poolChanged()
    for (const pool of this.pools) news(pool)
  }

  private tellOnceDetected(server: Server, news: (pool: Pool) => void): void {
    const { detectMs } = this.options
    const tell = () => {
      // Unless it has been taken out meanwhile.
      if (this.servers.get(server.id) === server) this.tell(news)
    }
    if (detectMs === 0) tell()
    else this.clock.setTimeout(tell, detectMs)
  }
}

/** What the servers can do together at the beginning, all of them at work all the time. */
function capacityOf({ servers, service }: ReadOptions): number {
  let perSecond = 0
  for (const server of servers) {
    const meanMs = (server.service ?? service).meanMs / server.speed
    perSecond += meanMs > 0 ? (server.workers * 1000) / meanMs : Number.POSITIVE_INFINITY
  }
  return perSecond
}
