/** The options of a simulation, and how they are read. */
import { TestingError } from '../errors.ts'
import { integer, knownOptions } from '../options.ts'
import type { Random } from '../seeded-random.ts'
import type { Arrivals } from './arrivals.ts'
import type { SimulatedRequest } from './balancer.ts'
import { type Change, type ReadChange, readChanges } from './changes.ts'
import type { KeyOptions } from './population.ts'
import { requestOf } from './population.ts'
import { number, readServer, type ServerOptions, type SimulatedServer } from './server-options.ts'
import { exponential, type ServiceTime } from './service-times.ts'

/** What is simulated. */
export interface SimulateOptions<C = SimulatedRequest> {
  /** The servers, in their order; or how many equal ones, `server-1` and on, 1 to 100,000. */
  readonly servers: readonly SimulatedServer[] | number
  /** When requests come: `poisson({ load: 0.7 })`, `constant({ perSecond: 100 })`, `trace([…])`, or your own. */
  readonly arrivals: Arrivals
  /** What all chance comes from; 1 by default. The same seed, the same result; for another balancer, the same requests. */
  readonly seed?: number | string | undefined
  /** How much work a request is; `exponential(10)` by default. */
  readonly service?: ServiceTime | undefined
  /** How many requests come: 1 to 10,000,000; 10,000 by default, or as many as come in `durationMs`. */
  readonly requests?: number | undefined
  /** How long requests come; those under way then are served to their end. As long as `requests` take by default. */
  readonly durationMs?: number | undefined
  /** Requests that come before are served and not counted: for what learns, or fills up. 0 by default. */
  readonly settleMs?: number | undefined
  /** The keys that requests have, or how many; 1,000, all asked for equally, by default. */
  readonly keys?: number | KeyOptions | undefined
  /** Makes what the balancer sees of a request; a {@link SimulatedRequest} by default. */
  readonly request?: ((key: string, random: Random) => C) | undefined
  /** What happens to servers meanwhile; nothing by default. */
  readonly changes?: readonly Change[] | undefined
  /** How long it takes until balancers are told that a server died or came back; 0 by default. */
  readonly detectMs?: number | undefined
  /** Balancers that share the servers and know nothing of each other: 1 to 10,000; 1 by default. Each request goes to one of them by lot. */
  readonly balancers?: number | undefined
  /** How often a failed request is tried again, elsewhere if possible: 0 to 100; 3 by default, as in core. */
  readonly retries?: number | undefined
  /** Requests that may wait with a balancer: 0 to 1,000,000; 1024 by default, as in core. More are refused. */
  readonly maxQueue?: number | undefined
  /** How long one may wait there; 60,000 ms by default, as in core. */
  readonly queueTimeoutMs?: number | undefined
  /** How long a probe is under way, there and back, for balancers that ask servers how they are: 1 ms by default. */
  readonly probeMs?: number | undefined
}

/** The same with every default filled in. */
export interface ReadOptions {
  readonly servers: readonly ServerOptions[]
  readonly arrivals: Arrivals
  readonly seed: number | string
  readonly service: ServiceTime
  readonly requests: number
  readonly durationMs: number
  readonly settleMs: number
  readonly keys: number
  readonly skew: number
  readonly request: (key: string, random: Random) => unknown
  readonly changes: readonly ReadChange[]
  readonly detectMs: number
  readonly balancers: number
  readonly retries: number
  readonly maxQueue: number
  readonly queueTimeoutMs: number
  readonly probeMs: number
}

const owner = 'simulate()'
const mostRequests = 10_000_000

const names: readonly (keyof SimulateOptions)[] = [
  'servers',
  'arrivals',
  'seed',
  'service',
  'requests',
  'durationMs',
  'settleMs',
  'keys',
  'request',
  'changes',
  'detectMs',
  'balancers',
  'retries',
  'maxQueue',
  'queueTimeoutMs',
  'probeMs',
]

function invalid(field: string, value: unknown, allowed: string): TestingError {
  const shown = typeof value === 'object' ? 'an object' : String(value)
  return new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field} is ${shown}; allowed: ${allowed}`)
}

function readServers(given: readonly SimulatedServer[] | number): ServerOptions[] {
  if (typeof given === 'number') {
    const count = integer(owner, 'servers', given, 1, 100_000)
    return Array.from({ length: count }, (_, at) => readServer(`servers[${at}]`, { id: `server-${at + 1}` }))
  }
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('servers', given, "how many, or an array like [{ id: 'app1' }, { id: 'app2', speed: 0.5 }]")
  }
  const servers = given.map((server, at) => readServer(`servers[${at}]`, server))
  const ids = new Set<string>()
  for (const { id } of servers) {
    if (ids.has(id)) throw invalid('servers', id, 'an id of its own for each')
    ids.add(id)
  }
  return servers
}

/** @throws {TestingError} `EVENER_INVALID_OPTION` */
export function readOptions<C>(options: SimulateOptions<C>): ReadOptions {
  if (typeof options !== 'object' || options === null)
    throw invalid('options', options, '{ servers, arrivals }')
  knownOptions(owner, options, names)
  const servers = readServers(options.servers)
  const { arrivals, seed = 1, service = exponential(10), request } = options
  if (typeof arrivals !== 'function')
    throw invalid('arrivals', arrivals, 'poisson({ perSecond: 100 }) or the like')
  if (typeof seed !== 'number' && typeof seed !== 'string')
    throw invalid('seed', seed, 'a number or a string')
  if (typeof service?.draw !== 'function' || !(service.meanMs >= 0)) {
    throw invalid('service', service, 'exponential(10) or the like')
  }
  if (request !== undefined && typeof request !== 'function') {
    throw invalid('request', request, 'a function that makes a request of a key')
  }
  const ms = (
    field: 'durationMs' | 'settleMs' | 'detectMs' | 'queueTimeoutMs' | 'probeMs',
    fallback: number,
  ) => (options[field] === undefined ? fallback : number(field, options[field], 0, Number.MAX_VALUE))
  const fallbackRequests = options.durationMs === undefined ? 10_000 : mostRequests
  const keys = typeof options.keys === 'object' ? options.keys : { count: options.keys }
  knownOptions(`${owner}: keys`, keys, ['count', 'skew'])
  return {
    servers,
    arrivals,
    seed,
    service,
    requests: integer(owner, 'requests', options.requests ?? fallbackRequests, 1, mostRequests),
    durationMs: ms('durationMs', Number.POSITIVE_INFINITY),
    settleMs: ms('settleMs', 0),
    keys: integer(owner, 'keys', keys.count ?? 1000, 1, 1_000_000),
    skew: number('keys.skew', keys.skew ?? 0, 0, 100),
    request: request ?? requestOf,
    changes: readChanges(
      options.changes ?? [],
      servers.map(({ id }) => id),
    ),
    detectMs: ms('detectMs', 0),
    balancers: integer(owner, 'balancers', options.balancers ?? 1, 1, 10_000),
    retries: integer(owner, 'retries', options.retries ?? 3, 0, 100),
    maxQueue: integer(owner, 'maxQueue', options.maxQueue ?? 1024, 0, 1_000_000),
    queueTimeoutMs: ms('queueTimeoutMs', 60_000),
    probeMs: ms('probeMs', 1),
  }
}
