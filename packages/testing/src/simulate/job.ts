/** One request on its way through the simulation, from its arrival to its end. */
import type { Pool, PoolMember } from './pool.ts'

export class Job {
  readonly arrivedMs: number
  readonly workMs: number
  readonly key: string
  readonly request: unknown
  /** The members it has been tried on; undefined before the first failure. */
  tried: Set<PoolMember> | undefined
  attempts = 0
  /** Who has it: a pool, and the member whose place it holds or, in that member's queue, waits for. */
  pool!: Pool
  member: PoolMember | undefined
  /** Its place in the order of all who have waited in the pool's queues. */
  place = 0
  /** How many it found in flight on the server that it is on. */
  foundInFlight = 0
  /** When the attempt under way began, and altogether how long it has waited for a place. */
  startedMs = 0
  waitedMs = 0

  constructor(arrivedMs: number, workMs: number, key: string, request: unknown) {
    this.arrivedMs = arrivedMs
    this.workMs = workMs
    this.key = key
    this.request = request
  }
}
