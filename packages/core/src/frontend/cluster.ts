/**
 * One process for each core, by `node:cluster`: the primary starts workers, starts another for each that dies, and ends
 * them gracefully when it is told to end.
 *
 * Each worker has backends, checks and counters of its own. Sticky cookies hold between workers, since they carry the
 * server's name; stick tables in memory do not.
 */
import cluster, { type Worker } from 'node:cluster'
import { availableParallelism } from 'node:os'
import { type Clock, monotonic, type Timer } from '../base/clock.ts'
import { integer, knownOptions } from '../base/options.ts'
import type { CloseOptions } from '../http/door.ts'
import { relayQuestions } from './ask-workers.ts'

/** What a worker runs: something that can be closed, a frontend for one. */
export interface Closable {
  close(options?: CloseOptions): Promise<void>
}

/** The options of {@link runCluster}. */
export interface ClusterOptions {
  /** Processes: 1 to 1024; one for each core by default. */
  readonly workers?: number | undefined
  /**
   * The pause before a worker that died is replaced, in milliseconds: 0 to 60,000; 1000 by default. While they die at
   * once it is doubled, from 100 ms at least and up to a minute.
   */
  readonly restartDelayMs?: number | undefined
  /** How long workers may take to end: 30 s by default. */
  readonly drainMs?: number | undefined
  /** Told when a worker has died unasked. */
  readonly died?: ((pid: number, code: number, signal: string) => void) | undefined
}

/** The running workers, as the primary sees them. In a worker: itself. */
export interface RunningCluster {
  /** Process ids of the workers. */
  readonly pids: readonly number[]
  /** End them all gracefully. */
  close(): Promise<void>
}

const closeMessage = 'evener:close'
const startedMessage = 'evener:started'
/** A worker that lived this long was not dying at once. */
const settledMs = 10_000
/** With no pause at first, this is the second: what dies at once must not keep a core busy with starting it. */
const leastBackOffMs = 100

/**
 * Run this in every worker, and return in the primary once all of them have started. The same program runs in all:
 * what stands before the call is run in each.
 * @param start makes and starts what a worker runs; it should listen before it resolves
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export async function runCluster(
  start: () => Promise<Closable>,
  options: ClusterOptions = {},
): Promise<RunningCluster> {
  knownOptions('runCluster', options, ['workers', 'restartDelayMs', 'drainMs', 'died'])
  const drainMs = integer('runCluster.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
  if (cluster.isWorker) return await work(start, drainMs)
  const workers = integer('runCluster.workers', options.workers, availableParallelism(), 1, 1024)
  const delayMs = integer('runCluster.restartDelayMs', options.restartDelayMs, 1_000, 0, 60_000)
  relayQuestions()
  const primary = new Primary(workers, delayMs, drainMs, options.died, monotonic)
  await primary.started
  return primary
}

/** A worker's part. */
async function work(start: () => Promise<Closable>, drainMs: number): Promise<RunningCluster> {
  const running = await start()
  const close = async (): Promise<void> => {
    await running.close({ drainMs })
    cluster.worker?.disconnect()
  }
  process.on('message', message => {
    if (message === closeMessage) void close()
  })
  // A terminal sends its Ctrl-C to the whole group: the primary decides when workers end.
  process.on('SIGINT', () => undefined)
  process.send?.(startedMessage)
  return { pids: [process.pid], close }
}

class Primary implements RunningCluster {
  readonly started: Promise<void>
  readonly #workers = new Map<Worker, number>()
  readonly #delayMs: number
  readonly #drainMs: number
  readonly #died: ClusterOptions['died']
  readonly #clock: Clock
  readonly #restarts = new Set<Timer>()
  #closing = false
  #nextDelayMs: number

  constructor(workers: number, delayMs: number, drainMs: number, died: ClusterOptions['died'], clock: Clock) {
    this.#delayMs = delayMs
    this.#nextDelayMs = delayMs
    this.#drainMs = drainMs
    this.#died = died
    this.#clock = clock
    this.started = Promise.all(Array.from({ length: workers }, () => this.#fork())).then(() => undefined)
  }

  get pids(): readonly number[] {
    return [...this.#workers.keys()].map(worker => worker.process.pid as number)
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const timer of this.#restarts) timer.cancel()
    await Promise.all([...this.#workers.keys()].map(worker => this.#end(worker)))
  }

  #fork(): Promise<void> {
    const worker = cluster.fork()
    this.#workers.set(worker, this.#clock.now())
    worker.once('exit', (code, signal) => this.#exited(worker, code, signal))
    return new Promise(resolve => {
      // The application's own messages pass here as well.
      worker.on('message', message => {
        if (message === startedMessage) resolve()
      })
      worker.once('exit', () => resolve())
    })
  }

  #exited(worker: Worker, code: number, signal: string): void {
    const startedAt = this.#workers.get(worker) ?? 0
    this.#workers.delete(worker)
    if (this.#closing) return
    this.#died?.(worker.process.pid as number, code, signal)
    const settled = this.#clock.now() - startedAt > settledMs
    const pauseMs = settled ? this.#delayMs : this.#nextDelayMs
    this.#nextDelayMs = Math.min(Math.max(pauseMs * 2, leastBackOffMs), 60_000)
    // Not a timer that lets the process end: without workers, a cluster still is one.
    const timer = setTimeout(() => {
      this.#restarts.delete(entry)
      void this.#fork()
    }, pauseMs)
    const entry: Timer = { cancel: () => clearTimeout(timer) }
    this.#restarts.add(entry)
  }

  #end(worker: Worker): Promise<void> {
    return new Promise(resolve => {
      // Its own deadline comes first; this one is for a worker that does not listen.
      const deadline = setTimeout(() => worker.process.kill('SIGKILL'), this.#drainMs + 1_000)
      worker.once('exit', () => {
        clearTimeout(deadline)
        resolve()
      })
      // One that has died meanwhile cannot be told any more; without the callback, that would be an error of nobody's.
      if (worker.isConnected()) worker.send(closeMessage, () => undefined)
      else worker.process.kill('SIGTERM')
    })
  }
}
