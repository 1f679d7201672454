/**
 * What happens to the servers while a simulation runs: deaths and returns, members that come and go, new weights.
 */
import { TestingError } from '../errors.ts'
import { integer, knownOptions } from '../options.ts'
import { number, readServer, type ServerOptions, type SimulatedServer } from './server-options.ts'

/** One thing that happens, at a moment of the simulation. */
export type Change =
  /** The server is killed: what it has in hand fails, and connections are refused until it is back. */
  | { readonly atMs: number; readonly die: string }
  /** It is back, with an empty line. */
  | { readonly atMs: number; readonly revive: string }
  /** A server that was not there before. */
  | { readonly atMs: number; readonly add: SimulatedServer }
  /** Taken out of the pool on purpose: it finishes what it has in hand. */
  | { readonly atMs: number; readonly remove: string }
  /** Reweighted, limited or slowed down. */
  | {
      readonly atMs: number
      readonly change: string
      readonly weight?: number | undefined
      readonly maxConnections?: number | undefined
      readonly speed?: number | undefined
    }

/** A change as the simulation carries it out. */
export type ReadChange =
  | { readonly atMs: number; readonly kind: 'die' | 'revive' | 'remove'; readonly id: string }
  | { readonly atMs: number; readonly kind: 'add'; readonly id: string; readonly server: ServerOptions }
  | {
      readonly atMs: number
      readonly kind: 'change'
      readonly id: string
      readonly weight: number | undefined
      readonly maxConnections: number | undefined
      readonly speed: number | undefined
    }

const owner = 'simulate()'
const kinds = ['die', 'revive', 'add', 'remove', 'change'] as const

function invalid(message: string): TestingError {
  return new TestingError('EVENER_INVALID_OPTION', `${owner}: ${message}`)
}

function read(field: string, given: Change): ReadChange {
  if (typeof given !== 'object' || given === null)
    throw invalid(`${field} is ${given}; allowed: { atMs, die: 'app1' }`)
  const named = kinds.filter(kind => kind in given)
  const [kind] = named
  if (kind === undefined || named.length > 1) {
    throw invalid(`${field} names ${named.join(' and ') || 'nothing'}; allowed: one of ${kinds.join(', ')}`)
  }
  const more = kind === 'change' ? ['weight', 'maxConnections', 'speed'] : []
  knownOptions(`${owner}: ${field}`, given, ['atMs', kind, ...more])
  const atMs = number(`${field}.atMs`, given.atMs, 0, Number.MAX_VALUE)
  if ('add' in given) {
    const server = readServer(`${field}.add`, given.add)
    return { atMs, kind: 'add', id: server.id, server }
  }
  if (!('change' in given)) {
    const id = (given as unknown as Record<typeof kind, string>)[kind]
    return { atMs, kind: kind as 'die', id }
  }
  const { change: id, weight, maxConnections, speed } = given
  const label = `${field}.change(${id})`
  return {
    atMs,
    kind: 'change',
    id,
    weight: weight === undefined ? undefined : integer(owner, `${label}.weight`, weight, 0, 256),
    maxConnections:
      maxConnections === undefined
        ? undefined
        : integer(owner, `${label}.maxConnections`, maxConnections, 0, 1_000_000),
    speed: speed === undefined ? undefined : number(`${label}.speed`, speed, 0, Number.MAX_VALUE, true),
  }
}

/**
 * In the order of time; of equal times, in the order given.
 * @param ids the servers there are at first
 * @throws {TestingError} `EVENER_INVALID_OPTION`, also for a server that is not there at that time, or is there already
 */
export function readChanges(changes: readonly Change[], ids: readonly string[]): readonly ReadChange[] {
  const sorted = changes.map((change, at) => read(`changes[${at}]`, change)).sort((a, b) => a.atMs - b.atMs)
  const present = new Set(ids)
  for (const { atMs, kind, id } of sorted) {
    if (present.has(id) === (kind === 'add')) {
      const names = [...present].slice(0, 20).join(', ')
      const problem = kind === 'add' ? 'is there already' : 'is not there'
      throw invalid(
        `changes: at ${atMs} ms ${kind} names ${JSON.stringify(id)}, which ${problem}; there are ${names}`,
      )
    }
    if (kind === 'add') present.add(id)
    else if (kind === 'remove') present.delete(id)
  }
  return sorted
}
