/**
 * Lines on their way out, which nobody waits for.
 *
 * They are gathered until the end of this turn of the event loop and go in one batch; while a batch is under way, the
 * next one gathers. The memory of both is bounded: a line that finds no room is dropped and counted, and once writing
 * goes on, a line tells how many. A writer that fails is tried again after a while: 100 ms, then twice as long each time,
 * to half a minute.
 *
 * Invariant: one batch at most is under way; `bytes` is that of the batch and of what waits.
 * Cost of a line: an array entry and two additions.
 */
import type { LogClock, LogTimer } from './clock.ts'
import type { LogCounters } from './sink.ts'

/** What became of a batch. */
export interface Written {
  /** How many of its lines are lost. */
  readonly lost: number
  readonly error?: Error | undefined
  /** None of it was written: it is kept, and tried again. */
  readonly kept?: boolean | undefined
}

/** Writes a batch at a time. */
export interface LineWriter {
  /** Write, then say what became of it. Not called again before that, nor after `close`. */
  write(lines: readonly string[], done: (written: Written) => void): void
  /** Give up what is under way, and whatever is open. */
  close(): void
}

export interface PendingSettings {
  readonly writer: LineWriter
  readonly clock: LogClock
  readonly maxBufferedBytes: number
  /** The line that tells how many were dropped. */
  readonly note: (dropped: number) => string
}

const firstPauseMs = 100
const longestPauseMs = 30_000
/** What is counted for a line beside its characters: entry, framing. */
const lineOverhead = 16
export const closeMs = 2000

export class Pending implements LogCounters {
  written = 0
  dropped = 0
  lastError: Error | undefined
  readonly #settings: PendingSettings
  #waiting: string[] = []
  #batch: readonly string[] | undefined
  #bytes = 0
  /** How many of the dropped have not been told of. */
  #untold = 0
  #scheduled = false
  #pauseMs = firstPauseMs
  #pause: LogTimer | undefined
  #closed = false
  #emptied: (() => void) | undefined

  constructor(settings: PendingSettings) {
    this.#settings = settings
  }

  push(line: string): void {
    const bytes = line.length + lineOverhead
    if (this.#closed || this.#bytes + bytes > this.#settings.maxBufferedBytes) {
      this.dropped++
      this.#untold++
      return
    }
    this.#bytes += bytes
    this.#waiting.push(line)
    if (this.#batch === undefined && !this.#scheduled && this.#pause === undefined) {
      this.#scheduled = true
      setImmediate(this.#flush)
    }
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.#batch !== undefined || this.#waiting.length === 0) return
    this.#write(this.#waiting)
    this.#waiting = []
  }

  #write(batch: readonly string[]): void {
    this.#batch = batch
    this.#settings.writer.write(batch, this.#done)
  }

  readonly #done = ({ lost, error, kept }: Written): void => {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    if (error !== undefined) this.lastError = error
    if (kept === true) {
      // What came meanwhile is behind it.
      this.#waiting = [...batch, ...this.#waiting]
    } else {
      this.#bytes -= sizeOf(batch)
      this.written += batch.length - lost
      this.dropped += lost
      this.#untold += lost
    }
    if (error === undefined) {
      this.#pauseMs = firstPauseMs
      this.#tell()
      this.#next()
    } else {
      this.#pause = this.#settings.clock.setTimeout(this.#again, this.#pauseMs)
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
    }
  }

  readonly #again = (): void => {
    this.#pause = undefined
    this.#next()
  }

  /** The first line after a gap says how wide it is. */
  #tell(): void {
    if (this.#untold === 0 || this.#closed) return
    const line = this.#settings.note(this.#untold)
    this.#untold = 0
    this.#bytes += line.length + lineOverhead
    this.#waiting.unshift(line)
  }

  #next(): void {
    if (this.#waiting.length > 0) this.#flush()
    else this.#emptied?.()
  }

  /** Write what is left, for so long at most. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    const { clock, writer } = this.#settings
    return new Promise(resolve => {
      const finish = (): void => {
        this.#emptied = undefined
        tooLong.cancel()
        this.#pause?.cancel()
        const left = this.#waiting.length + (this.#batch?.length ?? 0)
        this.#batch = undefined
        this.#waiting = []
        this.#bytes = 0
        this.dropped += left
        writer.close()
        resolve()
      }
      const tooLong = clock.setTimeout(finish, closeMs)
      this.#emptied = finish
      if (this.#batch === undefined && this.#pause === undefined) this.#next()
    })
  }
}

function sizeOf(lines: readonly string[]): number {
  let bytes = 0
  for (const line of lines) bytes += line.length + lineOverhead
  return bytes
}
