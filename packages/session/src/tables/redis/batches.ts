/**
 * What Redis has not heard of yet, and how it is told: in batches, of which one is under way at a time.
 *
 * ```text
 *  of(key) ─► pending ─ take ─► batch ─ script ─► answered: into the table, the next one
 *                                 ▲               failed:   the same again, under the same number, after a pause
 *                                 └───────────────────────────────┘
 * ```
 * What comes meanwhile gathers for the next: the slower Redis is, the larger batches are.
 *
 * Invariant: a batch is sent again until it was answered, and nothing of it is sent otherwise; its number has the script
 * apply it once.
 */
import { randomUUID } from 'node:crypto'
import type { StickTable } from '../stick-table.ts'
import { isAnswer, takeAnswer } from './answers.ts'
import { type Link, late } from './link.ts'
import { Pending } from './pending.ts'
import { type Fields, fieldsOf, script, scriptHash } from './script.ts'

export interface BatchLimits {
  readonly timeoutMs: number
  readonly maxPending: number
  readonly maxBatch: number
}

export class Batches {
  readonly #link: Link
  readonly #table: StickTable
  readonly #keyPrefix: string
  readonly #limits: BatchLimits
  readonly #fields: Fields
  /** The key of this process's mark. */
  readonly #mark: string
  readonly #expiry: string
  #pending = new Map<string, Pending>()
  /** The batch that is under way, or to be sent again. */
  #batch: Map<string, Pending> | undefined
  #number = 0
  #sending = false
  #scheduled = false
  #knowsScript = true
  #pause: { cancel(): void } | undefined
  #closed = false
  /** The entry of the last change: an entry's changes come in a row. */
  #lastKey = ''
  #last: Pending | undefined

  constructor(link: Link, table: StickTable, prefix: string, limits: BatchLimits) {
    this.#link = link
    this.#table = table
    this.#keyPrefix = `${prefix}:`
    this.#mark = `${prefix}#applied:${randomUUID()}`
    this.#limits = limits
    this.#fields = fieldsOf(table.layout)
    this.#expiry = String(Number.isFinite(table.expireMs) ? table.expireMs : 0)
  }

  get size(): number {
    return this.#pending.size + (this.#batch?.size ?? 0)
  }

  /** What waits to be told of a key; undefined where no more may wait. */
  of(key: string): Pending | undefined {
    if (this.#last !== undefined && this.#lastKey === key) return this.#last
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      if (this.#pending.size >= this.#limits.maxPending || this.#closed) {
        this.#link.counters.keysDropped++
        return undefined
      }
      pending = new Pending(this.#fields)
      this.#pending.set(key, pending)
      this.#schedule()
    }
    this.#lastKey = key
    this.#last = pending
    return pending
  }

  /** The binding of a key that Redis has not taken yet. */
  binding(key: string): Pending | undefined {
    const later = this.#pending.get(key)
    if (later?.more?.server !== undefined) return later
    const sent = this.#batch?.get(key)
    return sent?.more?.server === undefined ? undefined : sent
  }

  /** @returns whether Redis has taken all there was, in time */
  async flush(mostMs: number): Promise<boolean> {
    const all = [...this.#pending.values(), ...(this.#batch?.values() ?? [])]
    return (await this.#link.within(Promise.all(all.map(one => one.settled())), mostMs)) !== late
  }

  /** Take no more, and send what there is. */
  async close(mostMs: number): Promise<void> {
    this.#closed = true
    this.#last = undefined
    await this.flush(mostMs)
    this.#pause?.cancel()
  }

  /** At the end of the turn, with all that happens in it. */
  #schedule(): void {
    if (this.#scheduled || this.#sending || this.#pause !== undefined) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#send()
    })
  }

  async #send(): Promise<void> {
    if (this.#sending || this.size === 0) return
    if (!this.#link.connected) {
      this.#again()
      return
    }
    this.#sending = true
    const batch = this.#batch ?? this.#take()
    const keys: string[] = []
    const changes: (readonly unknown[])[] = []
    for (const [key, pending] of batch) {
      keys.push(this.#keyPrefix + key)
      changes.push(pending.changes())
    }
    const sent = this.#link.send([
      ...(this.#knowsScript ? ['EVALSHA', scriptHash] : ['EVAL', script]),
      ...[String(keys.length + 1), this.#mark, ...keys],
      ...[String(this.#number), this.#expiry, this.#fields.text, JSON.stringify(changes)],
    ])
    const first = await this.#link.within(sent, this.#limits.timeoutMs)
    if (first === late) {
      this.#link.counters.batchTimeouts++
      this.#link.failed()
    }
    // It may still be applied, and is not sent again before it is known whether it was.
    const answer = first === late ? await sent.catch(error => error) : first
    this.#sending = false
    if (answer instanceof Error) this.#failed(answer)
    else this.#applied(batch, answer)
  }

  #take(): Map<string, Pending> {
    this.#number++
    this.#last = undefined
    const { maxBatch } = this.#limits
    if (this.#pending.size <= maxBatch) {
      this.#batch = this.#pending
      this.#pending = new Map()
    } else {
      this.#batch = new Map()
      for (const [key, pending] of this.#pending) {
        this.#batch.set(key, pending)
        this.#pending.delete(key)
        if (this.#batch.size === maxBatch) break
      }
    }
    return this.#batch
  }

  #failed(error: Error): void {
    if (this.#knowsScript && error.message.startsWith('NOSCRIPT')) {
      // A Redis that has just started. EVAL tells it the script, too.
      this.#knowsScript = false
      void this.#send()
      return
    }
    this.#link.counters.batchErrors++
    this.#link.failed()
    this.#again()
  }

  #applied(batch: ReadonlyMap<string, Pending>, answer: unknown): void {
    const { counters } = this.#link
    this.#link.answered()
    this.#knowsScript = true
    this.#batch = undefined
    counters.batches++
    const answers = Array.isArray(answer) ? answer : []
    let at = 0
    for (const [key, pending] of batch) {
      const one: unknown = answers[at++]
      if (isAnswer(one, this.#fields)) {
        counters.keysSent++
        takeAnswer(this.#table, this.#fields, key, one, this.#pending.get(key))
      } else {
        if (one !== 0) counters.badAnswers++
        counters.keysDropped++
      }
      pending.settle()
    }
    if (this.#pending.size > 0) this.#schedule()
  }

  #again(): void {
    if (this.#pause !== undefined) return
    this.#pause = this.#link.timers.setTimeout(() => {
      this.#pause = undefined
      void this.#send()
    }, this.#link.nextPauseMs())
  }
}
