/**
 * What browsers watch: the statistics as server-sent events (WHATWG HTML, section 9.2), all lines once and then what has
 * changed.
 *
 * ```text
 *   tick ── lines, in slices, and their delta ── one buffer ──► watcher, watcher, …, one in each turn of the loop
 *                                                           └ one that does not read misses deltas, and gets
 *                                                             all lines again once it does
 * ```
 * However many watch, a tick is encoded once; all lines are encoded once for all who join in it. While nobody watches, a
 * sample for the history is all that is taken.
 *
 * Invariant: a watcher that got all lines has got every delta since, or gets all lines again.
 * Cost: with 5,000 servers about 40 ms of the event loop for a tick, in slices of a tenth of a millisecond.
 */
import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import type { StatRow } from './columns.ts'
import { Delta } from './delta.ts'
import { History } from './history.ts'
import { pageFields } from './page-fields.ts'
import type { ProcessInfo } from './process-info.ts'
import { Slices } from './slices.ts'
import type { Detail, Visit } from './snapshot.ts'

/** Whoever has taken nothing for so many ticks is not there. */
const mostMissed = 60
/** A sample for the history is taken every so often. */
const sampleMs = 5_000

interface Watcher {
  readonly response: ServerResponse
  /** It has all lines, and every delta since. */
  current: boolean
  missed: number
}

/** Who has the lines. */
interface Lines {
  /** Show them all, one after the other. */
  visit(detail: Detail, visit: Visit): Promise<ProcessInfo>
}

export class LiveFeed {
  readonly #lines: Lines
  readonly #intervalMs: number
  readonly #watchers = new Set<Watcher>()
  readonly #delta = new Delta()
  readonly #history = new History()
  readonly #sampling: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #ticking = false
  #again = false
  #closed = false

  /** @param intervalMs between two ticks; longer where a tick takes longer */
  constructor(lines: Lines, intervalMs: number) {
    this.#lines = lines
    this.#intervalMs = intervalMs
    this.#sampling = setInterval(() => void this.#sample(), sampleMs).unref()
  }

  /** How many watch. */
  get watching(): number {
    return this.#watchers.size
  }

  /** Send everything to this response from now on, until it is closed. Its head has been written. */
  watch(response: ServerResponse): void {
    if (this.#closed) {
      response.end()
      return
    }
    const watcher: Watcher = { response, current: false, missed: 0 }
    this.#watchers.add(watcher)
    response.on('close', () => this.#watchers.delete(watcher))
    response.on('error', () => this.#watchers.delete(watcher))
    response.flushHeaders()
    this.refresh()
  }

  /** Tick now, not when it is due: somebody has come, or has done something. */
  refresh(): void {
    if (this.#ticking) this.#again = true
    else void this.#tick()
  }

  /** End all that watch. */
  close(): void {
    this.#closed = true
    clearInterval(this.#sampling)
    clearTimeout(this.#timer)
    for (const { response } of this.#watchers) response.end()
    this.#watchers.clear()
  }

  async #sample(): Promise<void> {
    try {
      const rows: StatRow[] = []
      await this.#lines.visit('proxies', row => rows.push(row))
      this.#history.add(rows)
    } catch {
      // As in a tick: there is nobody to tell.
    }
  }

  async #tick(): Promise<void> {
    this.#ticking = true
    clearTimeout(this.#timer)
    do {
      this.#again = false
      try {
        await this.#tell()
      } catch {
        // Something of the host's own threw, a clock for one. Watchers see that nothing comes, and it is tried again.
        this.#delta.reset()
      }
    } while (this.#again && this.#watchers.size > 0)
    this.#ticking = false
    if (this.#watchers.size === 0 || this.#closed) this.#delta.reset()
    else this.#timer = setTimeout(() => void this.#tick(), this.#intervalMs).unref()
  }

  async #tell(): Promise<void> {
    const texts: string[] = []
    let count = 0
    const info = await this.#lines.visit('servers', row => {
      const text = this.#delta.update(row, count++)
      if (text !== '') texts.push(text)
    })
    if (!this.#delta.taken(count)) for (const watcher of this.#watchers) watcher.current = false
    const process = JSON.stringify(info)
    await this.#send(event('delta', `{"info":${process},"rows":[${texts.join(',')}]}`), process)
  }

  async #send(delta: Buffer, info: string): Promise<void> {
    let all: Buffer | undefined
    for (const watcher of [...this.#watchers]) {
      const { response } = watcher
      if (response.writableNeedDrain) {
        watcher.current = false
        if (++watcher.missed > mostMissed) response.destroy()
        continue
      }
      watcher.missed = 0
      if (watcher.current) response.write(delta)
      else {
        all ??= await this.#encodeAll(info)
        // Nobody has updated the lines meanwhile: there is one tick at a time.
        watcher.current = true
        response.write(all)
      }
      if (this.#watchers.size > 1) await turn()
    }
  }

  async #encodeAll(info: string): Promise<Buffer> {
    const slices = new Slices()
    const pieces: string[] = []
    for (let index = 0; index < this.#delta.size; index++) {
      pieces.push(this.#delta.all(index))
      if (slices.over) await slices.next()
    }
    const fields = JSON.stringify(pageFields)
    return event(
      'all',
      `{"info":${info},"history":${this.#history.text},"fields":${fields},"rows":[${pieces.join(',')}]}`,
    )
  }
}

/** JSON has no line break, so that an event is one line. */
function event(name: string, json: string): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${json}\n\n`)
}
