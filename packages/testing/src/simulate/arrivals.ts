/**
 * When requests come: at random, at a steady beat, or as a log has it.
 *
 * Arrivals are a function that is told of the world and gives a function back, which is asked for one arrival after
 * the other. `load` is a share of what all servers can do together at the beginning: 1 is as much as they can bear.
 */
import { TestingError } from '../errors.ts'
import { knownOptions } from '../options.ts'
import type { Random } from '../seeded-random.ts'

/** One request that comes. */
export interface Arrival {
  /** Milliseconds since the one before, or since the beginning; 0 or more. */
  gapMs: number
  /** Its key, where that is not to be drawn from the keys of the simulation. */
  key?: string | undefined
  /** Its work, where that is not to be drawn from the service time of the simulation. */
  workMs?: number | undefined
}

/** What arrivals may depend on. */
export interface ArrivalWorld {
  /** Requests a second that the servers can do together; infinite where one has unlimited workers. */
  readonly capacityPerSecond: number
  /** Chance of their own, from the seed. */
  readonly random: Random
}

/** A pattern of arrivals: gives the next request each time it is called, undefined after the last. */
export type Arrivals = (world: ArrivalWorld) => () => Arrival | undefined

/** How many come: a rate, or a share of what the servers can do. One of the two. */
export type Rate = { readonly perSecond: number } | { readonly load: number }

/**
 * Each on its own, at any moment as likely as at any other: the arrivals of many clients who know nothing of each
 * other.
 */
export function poisson(rate: Rate): Arrivals {
  checkRate('poisson()', rate)
  return ({ random, capacityPerSecond }) => {
    const meanGapMs = 1000 / perSecond('poisson()', rate, capacityPerSecond)
    const arrival: Arrival = { gapMs: 0 }
    return () => {
      arrival.gapMs = -meanGapMs * Math.log(1 - random())
      return arrival
    }
  }
}

/** With equal gaps between them. */
export function constant(rate: Rate): Arrivals {
  checkRate('constant()', rate)
  return ({ capacityPerSecond }) => {
    const arrival: Arrival = { gapMs: 1000 / perSecond('constant()', rate, capacityPerSecond) }
    return () => arrival
  }
}

/** One request of a trace: when it came, or that and what else the log knows. */
export type TraceEntry =
  | number
  | { readonly atMs: number; readonly key?: string | undefined; readonly workMs?: number | undefined }

/**
 * As they came once. The simulation ends with the trace, or sooner by its own options.
 * @param entries in the order of time, from the beginning of the simulation
 * @throws {TestingError} `EVENER_INVALID_OPTION` where time goes back
 */
export function trace(entries: Iterable<TraceEntry>): Arrivals {
  const arrivals: Arrival[] = []
  let beforeMs = 0
  for (const entry of entries) {
    const { atMs, key, workMs } =
      typeof entry === 'number' ? { atMs: entry } : (entry as Partial<TraceObject>)
    const field = `entries[${arrivals.length}]`
    if (!(Number.isFinite(atMs) && atMs! >= beforeMs)) {
      throw invalid(
        'trace()',
        `${field}.atMs`,
        atMs,
        `milliseconds, from ${beforeMs} on, in the order of time`,
      )
    }
    if (workMs !== undefined && !(Number.isFinite(workMs) && workMs >= 0)) {
      throw invalid('trace()', `${field}.workMs`, workMs, '0 or more milliseconds')
    }
    arrivals.push({ gapMs: atMs! - beforeMs, key, workMs })
    beforeMs = atMs!
  }
  return () => {
    let next = 0
    return () => arrivals[next++]
  }
}

type TraceObject = Exclude<TraceEntry, number>

function checkRate(owner: string, rate: Rate): void {
  knownOptions(owner, rate, ['perSecond', 'load'])
  const { perSecond, load } = rate as { perSecond?: number; load?: number }
  if ((perSecond === undefined) === (load === undefined)) {
    throw new TestingError('EVENER_INVALID_OPTION', `${owner}: give perSecond or load, one of the two`)
  }
  const [field, value] = perSecond === undefined ? ['load', load] : ['perSecond', perSecond]
  if (!(Number.isFinite(value) && value! > 0)) throw invalid(owner, field!, value, 'a number above 0')
}

function perSecond(owner: string, rate: Rate, capacityPerSecond: number): number {
  if ('perSecond' in rate && rate.perSecond !== undefined) return rate.perSecond
  const { load } = rate as { load: number }
  if (!Number.isFinite(capacityPerSecond)) {
    throw invalid(owner, 'load', load, 'perSecond, because a server with unlimited workers can bear any load')
  }
  return load * capacityPerSecond
}

function invalid(owner: string, field: string, value: unknown, allowed: string): TestingError {
  return new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field} is ${value}; allowed: ${allowed}`)
}
