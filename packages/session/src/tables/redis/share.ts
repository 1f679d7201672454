/**
 * A table that processes and machines share, by Redis.
 *
 * The table stays what it is, and answers at once from what it has: it is the cache. Each change is made in it and goes
 * to Redis in the next batch; the answer brings what the others did. One batch is under way at a time, and what comes
 * meanwhile gathers for the next: the slower Redis is, the larger batches are.
 *
 * ```text
 *  count ─► table ─► pending ─┐ one batch at a time      ┌─► table: totals of all, and what is pending on top
 *  find ──► table ─► fresh?   └─► script, atomic ─► answer ┘
 *            no ──► HGET, at most waitMs ─► table
 * ```
 *
 * Invariant: no request waits for Redis longer than `waitMs`, or fails because of it; each is counted that would have.
 * What was counted while Redis was away is kept, for up to `maxPending` keys, and applied once it is back, once.
 * Cost: a look-up of a key that is not cached is a round trip; counting costs no waiting. A count of another process is
 * known here with the next change of the same key here, a round trip later.
 * Not for: `conn_cur` and `trackers`, which stay each process's own (as among HAProxy's peers: of a process that died
 * nobody would take them back); `size` and `nopurge`, which bound the table here: what Redis keeps, its `maxmemory` and
 * `expireMs` bound.
 */
import { randomUUID } from 'node:crypto'
import { checkNames, integerOption, refuse } from '../../options.ts'
import type { EventColumns } from '../data-types.ts'
import { type Replica, StickTable } from '../stick-table.ts'
import { heard, isAnswer, takeAnswer } from './answers.ts'
import { Pending } from './pending.ts'
import { type Fields, fieldsOf, script, scriptHash } from './script.ts'

/** A client of Redis, as far as it is needed: that of the package `redis`, connected, does as it stands. */
export interface RedisClient {
  /** Send a command. Replies are texts, whole numbers, arrays and null; errors reject. */
  sendCommand(args: string[]): Promise<unknown>
  /** False while it has no connection: then nothing is sent, so that nothing queues up in the client. */
  readonly isReady?: boolean | undefined
}

/** Time and timers. */
export interface StickTimers {
  setTimeout(callback: () => void, delayMs: number): { cancel(): void }
}

/** The options of {@link shareByRedis}. */
export interface ShareOptions {
  /** The table to share. All processes need the same name, type, length and store. */
  readonly table: StickTable
  /** A connected client. The table does not close it. Give it an `error` listener. */
  readonly client: RedisClient
  /** What keys in Redis begin with. Default `evener`: `evener:{name of the table}:key`, so that a cluster keeps a table together. */
  readonly prefix?: string | undefined
  /** The longest that a request waits for where its client belongs, in ms: 1 to 10,000. Default 20. */
  readonly waitMs?: number | undefined
  /** For how long that is remembered here without asking again, in ms: 0 to 3,600,000. Default 1000. */
  readonly cacheMs?: number | undefined
  /** After so long without an answer to a batch Redis counts as away, in ms: 1 to 60,000. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Keys whose changes are kept while Redis is away: 1 to 10,000,000. Default 100,000. More are dropped and counted. */
  readonly maxPending?: number | undefined
  /** Keys in one batch: 1 to 1000. Default 64: Redis serves nobody else meanwhile. */
  readonly maxBatch?: number | undefined
  /** Default: Node's timers, which do not keep the process alive. */
  readonly timers?: StickTimers | undefined
}

/** Plain numbers that only grow. */
export class ShareCounters {
  /** Batches applied; those that were answered with an error or not in time. */
  batches = 0
  batchErrors = 0
  batchTimeouts = 0
  /** Keys whose changes Redis has taken. */
  keysSent = 0
  /** Keys whose changes were lost: more than `maxPending`, or what has their name in Redis is no entry. */
  keysDropped = 0
  /** Look-ups sent; those without an answer in `waitMs`, with an error, and not sent because Redis was away. */
  lookups = 0
  lookupTimeouts = 0
  lookupErrors = 0
  lookupsSkipped = 0
  /** Answers of another form than Redis gives. */
  badAnswers = 0
}

/** A table that is shared. */
export interface SharedTable {
  readonly table: StickTable
  readonly counters: ShareCounters
  /** False while Redis is away: nobody waits for it then. */
  readonly ready: boolean
  /** Keys with changes that Redis has not taken yet. */
  readonly pending: number
  /** Wait until Redis has taken all changes so far, but no longer than this. @returns whether it has */
  flush(mostMs?: number): Promise<boolean>
  /** Share no more. What is pending is sent, for at most `mostMs` (1000 by default). */
  close(mostMs?: number): Promise<void>
}

const OPTIONS = [
  'table',
  'client',
  'prefix',
  'waitMs',
  'cacheMs',
  'timeoutMs',
  'maxPending',
  'maxBatch',
  'timers',
]

/**
 * Share a table with other processes by Redis.
 *
 * ```ts
 * const client = await createClient({ url: 'redis://…', disableOfflineQueue: true }).on('error', log).connect()
 * const shared = shareByRedis({ table, client })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION`
 */
export function shareByRedis(options: ShareOptions): SharedTable {
  return new RedisShare(options)
}

/** Look-ups that may be without an answer at once: more would only wait behind them. */
const mostLookups = 1_000
/** So many in a row without an answer in time, and Redis counts as away. */
const lateInARow = 3
const shortestPauseMs = 20
const longestPauseMs = 1_000

class RedisShare implements SharedTable, Replica {
  readonly table: StickTable
  readonly counters = new ShareCounters()
  readonly #client: RedisClient
  readonly #keyPrefix: string
  readonly #mark: string
  readonly #fields: string
  readonly #waitMs: number
  readonly #cacheMs: number
  readonly #timeoutMs: number
  readonly #maxPending: number
  readonly #maxBatch: number
  readonly #timers: StickTimers
  #pending = new Map<string, Pending>()
  /** The batch that is under way, or to be sent again. */
  #batch: Map<string, Pending> | undefined
  #number = 0
  #sending = false
  #scheduled = false
  #knowsScript = true
  #pause: { cancel(): void } | undefined
  #pauseMs = shortestPauseMs
  #away = false
  #lookups = 0
  #late = 0
  #closed = false
  /** The entry of the last change: an entry's changes come in a row. */
  #lastKey = ''
  #last: Pending | undefined

  constructor(options: ShareOptions) {
    checkNames('shareByRedis', options, OPTIONS)
    const { table, client, prefix = 'evener', timers = nodeTimers } = options
    if (!(table instanceof StickTable)) refuse('table', table, 'a stickTable()')
    if (table.replicated) refuse('table', table.name, 'a table that is not shared yet')
    if (typeof client?.sendCommand !== 'function') refuse('client', client, 'a client with sendCommand()')
    if (typeof prefix !== 'string' || !/^[\w.:-]{1,64}$/.test(prefix))
      refuse('prefix', prefix, '1 to 64 letters, digits, dots, colons, underscores or hyphens')
    if (typeof timers?.setTimeout !== 'function') refuse('timers', timers, 'an object with setTimeout()')
    this.table = table
    this.#client = client
    this.#keyPrefix = `${prefix}:{${table.name}}:`
    this.#mark = `${prefix}:{${table.name}}#applied:${randomUUID()}`
    const fields: Fields = fieldsOf(table.layout)
    this.#fields = JSON.stringify(fields)
    this.#waitMs = integerOption('waitMs', options.waitMs ?? 20, 1, 10_000)
    this.#cacheMs = integerOption('cacheMs', options.cacheMs ?? 1_000, 0, 3_600_000)
    this.#timeoutMs = integerOption('timeoutMs', options.timeoutMs ?? 1_000, 1, 60_000)
    this.#maxPending = integerOption('maxPending', options.maxPending ?? 100_000, 1, 10_000_000)
    this.#maxBatch = integerOption('maxBatch', options.maxBatch ?? 64, 1, 1_000)
    this.#timers = timers
    table.replicate(this)
  }

  get ready(): boolean {
    return !this.#away && this.#client.isReady !== false
  }

  get pending(): number {
    return this.#pending.size + (this.#batch?.size ?? 0)
  }

  // ── what the table tells ───────────────────────────────────────────────────────────────────────────

  added(key: string, event: EventColumns, by: number, rated: boolean): void {
    this.#of(key)?.add(event, by, rated)
  }

  tagged(key: string, index: number, value: number): void {
    this.#of(key)?.tag(index, value)
  }

  deleted(key: string): void {
    this.#of(key)?.delete()
  }

  bound(key: string, serverId: string, found: string | undefined): void {
    this.#of(key)?.bind(serverId, found)
  }

  find(
    key: string,
    known: string | undefined,
    ageMs: number,
  ): string | undefined | Promise<string | undefined> {
    const binding = [this.#pending.get(key), this.#batch?.get(key)].find(one => one?.server !== undefined)
    if (binding === undefined && known !== undefined && ageMs < this.#cacheMs) return known
    if (!this.ready || this.#closed || this.#lookups >= mostLookups) {
      this.counters.lookupsSkipped++
      return known
    }
    // Of two processes that bind a key at once one is right, and which one this process is about to hear.
    return binding === undefined ? this.#lookUp(key, known) : this.#whenBound(key, binding)
  }

  #of(key: string): Pending | undefined {
    if (this.#last !== undefined && this.#lastKey === key) return this.#last
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      if (this.#pending.size >= this.#maxPending || this.#closed) {
        this.counters.keysDropped++
        return undefined
      }
      pending = new Pending(this.table.layout.events.length)
      this.#pending.set(key, pending)
      this.#schedule()
    }
    this.#lastKey = key
    this.#last = pending
    return pending
  }

  // ── look-ups ───────────────────────────────────────────────────────────────────────────────────────

  async #lookUp(key: string, known: string | undefined): Promise<string | undefined> {
    this.counters.lookups++
    this.#lookups++
    const asked = this.#send(['HGET', this.#keyPrefix + key, 'server'])
    asked
      .then(
        () => this.#answered(),
        () => undefined,
      )
      .finally(() => this.#lookups--)
    const answer = await this.#within(asked, this.#waitMs)
    if (answer === late) {
      this.counters.lookupTimeouts++
      if (++this.#late >= lateInARow) this.#away = true
      return known
    }
    if (answer instanceof Error) {
      this.counters.lookupErrors++
      return known
    }
    if (answer !== null && typeof answer !== 'string') {
      this.counters.badAnswers++
      return known
    }
    heard(this.table, key, answer)
    return answer ?? known
  }

  async #whenBound(key: string, binding: Pending): Promise<string | undefined> {
    const bound = new Promise<void>(resolve => {
      binding.waiting ??= []
      binding.waiting.push(resolve)
    })
    if ((await this.#within(bound, this.#waitMs)) === late) this.counters.lookupTimeouts++
    return this.table.server(key)
  }

  /** The answer, the error, or that it takes too long. */
  #within<T>(asked: Promise<T>, mostMs: number): Promise<T | Error | typeof late> {
    return new Promise(resolve => {
      const timer = this.#timers.setTimeout(() => resolve(late), mostMs)
      asked.then(
        answer => {
          timer.cancel()
          resolve(answer)
        },
        error => {
          timer.cancel()
          resolve(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }

  /** A client that throws instead of rejecting is as one that rejects. */
  async #send(args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args)
  }

  #answered(): void {
    this.#late = 0
    this.#away = false
    this.#pauseMs = shortestPauseMs
  }

  // ── batches ────────────────────────────────────────────────────────────────────────────────────────

  /** At the end of the turn, with all that happens in it. */
  #schedule(): void {
    if (this.#scheduled || this.#sending || this.#pause !== undefined) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#sendBatch()
    })
  }

  async #sendBatch(): Promise<void> {
    if (this.#sending || this.pending === 0) return
    if (this.#client.isReady === false) {
      this.#again()
      return
    }
    this.#sending = true
    const batch = this.#batch ?? this.#take()
    const [command, name] = this.#knowsScript ? ['EVALSHA', scriptHash] : ['EVAL', script]
    const keys = [...batch.keys()].map(key => this.#keyPrefix + key)
    const changes = [...batch.values()].map(pending => pending.text(this.table.layout))
    const expiry = Number.isFinite(this.table.expireMs) ? this.table.expireMs : 0
    const args = [
      command!,
      name!,
      String(keys.length + 1),
      this.#mark,
      ...keys,
      String(this.#number),
      String(expiry),
    ]
    const sent = this.#send([...args, this.#fields, ...changes])
    const first = await this.#within(sent, this.#timeoutMs)
    if (first === late) {
      this.counters.batchTimeouts++
      this.#away = true
    }
    // It may still be applied, and is not sent again before it is known whether it was.
    const answer = first === late ? await sent.catch(error => error) : first
    this.#sending = false
    if (answer instanceof Error) this.#batchFailed(answer)
    else this.#batchApplied(batch, answer)
  }

  #take(): Map<string, Pending> {
    this.#number++
    this.#last = undefined
    if (this.#pending.size <= this.#maxBatch) {
      this.#batch = this.#pending
      this.#pending = new Map()
    } else {
      this.#batch = new Map()
      for (const [key, pending] of this.#pending) {
        this.#batch.set(key, pending)
        this.#pending.delete(key)
        if (this.#batch.size === this.#maxBatch) break
      }
    }
    return this.#batch
  }

  #batchFailed(error: Error): void {
    if (this.#knowsScript && error.message.startsWith('NOSCRIPT')) {
      // A Redis that has just started. EVAL tells it the script, too.
      this.#knowsScript = false
      void this.#sendBatch()
      return
    }
    this.counters.batchErrors++
    this.#away = true
    this.#again()
  }

  #batchApplied(batch: ReadonlyMap<string, Pending>, answer: unknown): void {
    this.#answered()
    this.#knowsScript = true
    this.#batch = undefined
    this.counters.batches++
    const answers = Array.isArray(answer) ? answer : []
    let at = 0
    for (const [key, pending] of batch) {
      const one: unknown = answers[at++]
      if (isAnswer(one, this.table)) {
        this.counters.keysSent++
        takeAnswer(this.table, key, one, this.#pending.get(key))
      } else {
        if (one !== 0) this.counters.badAnswers++
        this.counters.keysDropped++
      }
      pending.settle()
    }
    if (this.#pending.size > 0) this.#schedule()
  }

  /** After a pause, which grows while Redis is away. */
  #again(): void {
    if (this.#pause !== undefined) return
    this.#pause = this.#timers.setTimeout(() => {
      this.#pause = undefined
      void this.#sendBatch()
    }, this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }

  // ── end ────────────────────────────────────────────────────────────────────────────────────────────

  async flush(mostMs = 1_000): Promise<boolean> {
    const waiting = [...this.#pending.values(), ...(this.#batch?.values() ?? [])].map(
      pending =>
        new Promise<void>(resolve => {
          pending.waiting ??= []
          pending.waiting.push(resolve)
        }),
    )
    return (await this.#within(Promise.all(waiting), mostMs)) !== late
  }

  async close(mostMs = 1_000): Promise<void> {
    this.#closed = true
    this.#last = undefined
    this.table.replicate(undefined)
    await this.flush(mostMs)
    this.#pause?.cancel()
  }
}

const late = Symbol('late')

const nodeTimers: StickTimers = {
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
