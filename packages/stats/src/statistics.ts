/**
 * The statistics of frontends and backends: what HAProxy shows of itself, from the counters of core.
 *
 * In a worker of a cluster they are of all workers that have statistics of the same name, and what is done to a server is
 * done in all of them.
 */
import { answerWorkers, askWorkers, Backend, EvenerError, Frontend, TcpProxy } from '@evener/core'
import { invalid, knownOptions } from './options.ts'
import type { ProcessInfo } from './process-info.ts'
import type { Door } from './rows.ts'
import { perform, type ServerAction } from './server-actions.ts'
import { Slices } from './slices.ts'
import { type Detail, type Snapshot, takeSnapshot, type Visit, visitRows } from './snapshot.ts'
import { addSnapshots } from './sum.ts'

/** What the statistics are of. */
export interface StatisticsOptions {
  /** Frontends, TCP proxies and handlers, by the names that they are to have. None by default. */
  readonly frontends?: Readonly<Record<string, Door>> | undefined
  /** Backends, each with a name of its own. None by default. */
  readonly backends?: readonly Backend[] | undefined
  /** Tells statistics apart where a process has several; `evener` by default. In a cluster, one of each name is summed. */
  readonly name?: string | undefined
}

/**
 * Make statistics.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`, `EVENER_DUPLICATE_ID` for two backends of one name
 */
export function statistics(options: StatisticsOptions): Statistics {
  return new Statistics(options)
}

type Question =
  | { readonly what: 'snapshot'; readonly detail: Detail }
  | { readonly what: 'act'; readonly action: ServerAction }

export class Statistics {
  readonly name: string
  readonly doors: ReadonlyMap<string, Door>
  readonly backends: readonly Backend[]
  readonly #forget: () => void

  /** See {@link statistics}. */
  constructor(options: StatisticsOptions) {
    knownOptions('statistics', options, ['frontends', 'backends', 'name'])
    const { frontends = {}, backends = [], name = 'evener' } = options
    if (typeof name !== 'string' || name === '') throw invalid('statistics.name', name, 'a text')
    this.name = name
    if (typeof frontends !== 'object' || frontends === null)
      throw invalid('statistics.frontends', frontends, 'an object of frontends by name')
    for (const [key, door] of Object.entries(frontends)) {
      if (!isDoor(door))
        throw invalid(
          `statistics.frontends.${key}`,
          door,
          'what createFrontend(), createTcpProxy() or httpHandler() has made',
        )
    }
    if (!Array.isArray(backends)) throw invalid('statistics.backends', backends, 'an array of backends')
    const names = new Set<string>()
    for (const [index, backend] of backends.entries()) {
      if (!(backend instanceof Backend))
        throw invalid(`statistics.backends[${index}]`, backend, 'what createBackend() has made')
      if (names.has(backend.name))
        throw new EvenerError(
          'EVENER_DUPLICATE_ID',
          `statistics.backends[${index}]: a second backend is named "${backend.name}"; expected a name of its own for each`,
        )
      names.add(backend.name)
    }
    this.doors = new Map(Object.entries(frontends))
    this.backends = [...backends]
    this.#forget = answerWorkers(this.#topic, question => this.#answer(question as Question))
  }

  get #topic(): string {
    return `statistics ${this.name}`
  }

  /** The backend of that name, or undefined. */
  backend(name: string): Backend | undefined {
    return this.backends.find(backend => backend.name === name)
  }

  /**
   * All lines as they are now, of all workers of a cluster. Never rejects: a worker that does not answer is left out.
   * @param detail `proxies` without servers, `servers` (default), or `latencies` with the histograms of all
   */
  async snapshot(detail: Detail = 'servers'): Promise<Snapshot> {
    const question: Question = { what: 'snapshot', detail }
    const theirs = askWorkers(this.#topic, question)
    const own = await takeSnapshot(this, detail)
    return ((await theirs) as readonly Snapshot[]).reduce(addSnapshots, own)
  }

  /** Show the same lines one after the other; where there are no other workers, without keeping them. */
  async visit(detail: Detail, visit: Visit): Promise<ProcessInfo> {
    const theirs = (await askWorkers(this.#topic, { what: 'snapshot', detail })) as readonly Snapshot[]
    if (theirs.length === 0) return visitRows(this, detail, visit)
    const { rows, latencies, info } = theirs.reduce(addSnapshots, await takeSnapshot(this, detail))
    const slices = new Slices()
    for (const [index, row] of rows.entries()) {
      visit(row, latencies[index])
      if (slices.over) await slices.next()
    }
    return info
  }

  /**
   * Do something to a server, in all workers of a cluster.
   * @throws {EvenerError} `EVENER_UNKNOWN_SERVER`, `EVENER_INVALID_OPTION`; nothing has been done then
   */
  async act(action: ServerAction): Promise<void> {
    perform(this, action)
    await askWorkers(this.#topic, { what: 'act', action } satisfies Question)
  }

  /** Answer other workers no longer. */
  close(): void {
    this.#forget()
  }

  #answer(question: Question): unknown {
    if (question.what === 'snapshot') return takeSnapshot(this, question.detail)
    perform(this, question.action)
    return true
  }
}

function isDoor(door: unknown): door is Door {
  if (door instanceof Frontend || door instanceof TcpProxy) return true
  return typeof door === 'function' && 'counters' in door && 'active' in door
}
