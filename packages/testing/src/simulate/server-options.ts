/**
 * A server of the simulation, in words that `@evener/core` has too, and in those that only a simulated one needs.
 */
import { TestingError } from '../errors.ts'
import { integer, knownOptions } from '../options.ts'
import type { ServiceTime } from './service-times.ts'

/** The options of a simulated server. */
export interface SimulatedServer {
  /** Its name, one of its own. */
  readonly id: string
  /** Its share of traffic relative to the others: 0 to 256, 1 by default. */
  readonly weight?: number | undefined
  /** How fast its workers are: work is divided by it. Above 0; 1 by default, 0.1 is ten times slower. */
  readonly speed?: number | undefined
  /** Requests it works on at a time; others wait in its line. 1 or more, `Infinity` for no line; 1 by default. */
  readonly workers?: number | undefined
  /** Requests that each balancer sends to it at a time; more wait in the balancer's queue. 0, the default: no limit. */
  readonly maxConnections?: number | undefined
  /** Requests that may wait with the balancer for this very server; 0, the default: no limit. */
  readonly maxQueue?: number | undefined
  /** After coming back or being added, the time over which its weight grows, in twenty steps. 0, the default: none. */
  readonly slowStartMs?: number | undefined
  /** After coming back or being added, the time over which its speed grows, from a tenth. 0, the default: none. */
  readonly warmUpMs?: number | undefined
  /** Its own distribution of work, whatever the requests' own is: a server that is differently slow. */
  readonly service?: ServiceTime | undefined
  /** The share of requests that it fails: 0 to 1, 0 by default. */
  readonly failureRate?: number | undefined
  /** How long a request takes that it fails: 1 ms by default, for a server that fails fast. */
  readonly failureMs?: number | undefined
  /** How long a connection takes to be refused while the server is dead: 1 ms by default. */
  readonly refusalMs?: number | undefined
}

/** The same with every default filled in. */
export interface ServerOptions {
  readonly id: string
  readonly weight: number
  readonly speed: number
  readonly workers: number
  readonly maxConnections: number
  readonly maxQueue: number
  readonly slowStartMs: number
  readonly warmUpMs: number
  readonly service: ServiceTime | undefined
  readonly failureRate: number
  readonly failureMs: number
  readonly refusalMs: number
}

const names: readonly (keyof SimulatedServer)[] = [
  'id',
  'weight',
  'speed',
  'workers',
  'maxConnections',
  'maxQueue',
  'slowStartMs',
  'warmUpMs',
  'service',
  'failureRate',
  'failureMs',
  'refusalMs',
]

const owner = 'simulate()'

/** A number from `least` (or above it) to `most`, or the error. */
export function number(field: string, value: unknown, least: number, most: number, above = false): number {
  const fits = typeof value === 'number' && (above ? value > least : value >= least) && value <= most
  if (fits) return value
  const from = above ? `above ${least}` : `from ${least}`
  const to = most === Number.MAX_VALUE ? '' : ` to ${most}`
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value)
  throw new TestingError(
    'EVENER_INVALID_OPTION',
    `${owner}: ${field} is ${shown}; allowed: a number ${from}${to}`,
  )
}

/** @throws {TestingError} `EVENER_INVALID_OPTION` */
export function readServer(field: string, given: SimulatedServer): ServerOptions {
  if (typeof given !== 'object' || given === null) {
    throw new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field} is ${given}; allowed: { id, … }`)
  }
  knownOptions(`${owner}: ${field}`, given, names)
  const { id } = given
  if (typeof id !== 'string' || id === '') {
    throw new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field}.id is ${id}; allowed: a name`)
  }
  const label = `${field}(${id})`
  const ms = (name: 'slowStartMs' | 'warmUpMs' | 'failureMs' | 'refusalMs', fallback: number) =>
    number(`${label}.${name}`, given[name] ?? fallback, 0, Number.MAX_VALUE)
  const workers = given.workers ?? 1
  return {
    id,
    weight: integer(owner, `${label}.weight`, given.weight ?? 1, 0, 256),
    speed: number(`${label}.speed`, given.speed ?? 1, 0, Number.MAX_VALUE, true),
    workers:
      workers === Number.POSITIVE_INFINITY ? workers : integer(owner, `${label}.workers`, workers, 1, 1e6),
    maxConnections: integer(owner, `${label}.maxConnections`, given.maxConnections ?? 0, 0, 1_000_000),
    maxQueue: integer(owner, `${label}.maxQueue`, given.maxQueue ?? 0, 0, 1_000_000),
    slowStartMs: ms('slowStartMs', 0),
    warmUpMs: ms('warmUpMs', 0),
    service: given.service,
    failureRate: number(`${label}.failureRate`, given.failureRate ?? 0, 0, 1),
    failureMs: ms('failureMs', 1),
    refusalMs: ms('refusalMs', 1),
  }
}
