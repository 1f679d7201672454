/**
 * Time that passes only when a test says so.
 *
 * Timers run in the order of their due time, and of their creation where that is the same: Node's own order for equal
 * delays, without its rounding. While a timer runs, `now()` is its due time, so that intervals do not drift.
 *
 * Invariant: `now()` never goes back; a timer runs at most once, and never after it was cancelled.
 * Cost: O(log n) to set and to run a timer (binary heap), O(1) to cancel.
 * Not for: code that reads `Date.now()` or sets the global timers itself; hand it a clock instead.
 */
import { TestingError } from './errors.ts'

/** A timer that can be cancelled; cancelling it twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void
}

/** Where time comes from: milliseconds, monotonic. What Evener's classes take as their clock. */
export interface Clock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): Timer
}

interface Entry {
  readonly dueMs: number
  readonly order: number
  callback: (() => void) | undefined
}

// Kept from before a test replaces the global by a fake one.
const nextTurn = globalThis.setImmediate

export class VirtualClock implements Clock {
  private nowMs: number
  private heap: Entry[] = []
  private created = 0
  private cancelled = 0
  private running = false

  /** @param startMs what `now()` is at first, 0 by default */
  constructor(startMs = 0) {
    this.nowMs = finite('startMs', startMs)
  }

  /** Milliseconds, as far as time was advanced. */
  now(): number {
    return this.nowMs
  }

  /** Timers that are set and have neither run nor been cancelled. */
  get pending(): number {
    return this.heap.length - this.cancelled
  }

  /** Milliseconds until the next timer is due, or undefined if there is none. */
  get nextInMs(): number | undefined {
    const next = this.peek()
    return next && Math.max(0, next.dueMs - this.nowMs)
  }

  /**
   * Run `callback` when `delayMs` have passed; a delay below 0 counts as 0.
   * @throws {TestingError} `EVENER_INVALID_OPTION` if the delay is not a finite number, which Node would take for 1 ms
   */
  setTimeout(callback: () => void, delayMs: number): Timer {
    const dueMs = this.nowMs + Math.max(0, finite('delayMs', delayMs))
    const entry: Entry = { dueMs, order: this.created++, callback }
    this.push(entry)
    return { cancel: () => this.cancel(entry) }
  }

  /**
   * Let time pass and run what becomes due, also what that sets in turn.
   * @returns how many timers ran
   */
  advance(ms: number): number {
    const untilMs = this.target(ms)
    let ran = 0
    for (let next = this.peek(); next && next.dueMs <= untilMs; next = this.peek()) {
      this.run(next)
      ran++
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return ran
  }

  /**
   * The same, but before, between and after the timers promises go on, and so does what waits for a turn of the event
   * loop: code that awaits behaves as it would in real time.
   * @returns how many timers ran
   */
  async advanceAsync(ms: number): Promise<number> {
    const untilMs = this.target(ms)
    let ran = 0
    await settle()
    for (let next = this.peek(); next && next.dueMs <= untilMs; next = this.peek()) {
      this.run(next)
      ran++
      await settle()
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return ran
  }

  /**
   * Run the next timer, whenever it is due.
   * @returns false if there is none
   */
  runNext(): boolean {
    const next = this.peek()
    if (next !== undefined) this.run(next)
    return next !== undefined
  }

  /**
   * Run timers until none is left.
   * @param maxTimers how many at most, 10,000 by default: timers that set timers never end
   * @throws {TestingError} `EVENER_EXHAUSTED` beyond that
   */
  runAll(maxTimers = 10_000): number {
    let ran = 0
    for (let next = this.peek(); next; next = this.peek()) {
      this.mustEnd(ran++, maxTimers)
      this.run(next)
    }
    return ran
  }

  /** The same, with promises going on before, between and after. */
  async runAllAsync(maxTimers = 10_000): Promise<number> {
    let ran = 0
    await settle()
    for (let next = this.peek(); next; next = this.peek()) {
      this.mustEnd(ran++, maxTimers)
      this.run(next)
      await settle()
    }
    return ran
  }

  private target(ms: number): number {
    if (finite('ms', ms) < 0) throw invalid('ms', ms, '0 or more')
    return this.nowMs + ms
  }

  private mustEnd(ran: number, maxTimers: number): void {
    if (ran < maxTimers) return
    const message = `${maxTimers} timers ran and ${this.pending} are pending: timers that set timers never end`
    throw new TestingError('EVENER_EXHAUSTED', message)
  }

  private run(entry: Entry): void {
    if (this.running) throw new TestingError('EVENER_INVALID_STATE', 'advanced inside one of its own timers')
    this.pop()
    // A timer set before an advanceAsync that overlaps this one may be due in the past.
    this.nowMs = Math.max(this.nowMs, entry.dueMs)
    const callback = entry.callback
    entry.callback = undefined
    this.running = true
    try {
      callback?.()
    } finally {
      this.running = false
    }
  }

  private cancel(entry: Entry): void {
    if (entry.callback === undefined) return
    entry.callback = undefined
    this.cancelled++
    // Cancelled entries wait in the heap for their time; where they are most of it, they are swept out together.
    if (this.cancelled > 64 && this.cancelled * 2 > this.heap.length) {
      const live = this.heap.filter(each => each.callback !== undefined)
      this.heap = []
      this.cancelled = 0
      for (const each of live) this.push(each)
    }
  }

  /** The next timer that is not cancelled. */
  private peek(): Entry | undefined {
    let top = this.heap[0]
    while (top && top.callback === undefined) {
      this.pop()
      this.cancelled--
      top = this.heap[0]
    }
    return top
  }

  private push(entry: Entry): void {
    const { heap } = this
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!before(entry, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    while (true) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
      if (!before(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

function before(one: Entry, other: Entry): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)
}

/** Two turns: one for what was waiting, one for what that started with `setImmediate`. */
async function settle(): Promise<void> {
  await new Promise<void>(resolve => nextTurn(resolve))
  await new Promise<void>(resolve => nextTurn(resolve))
}

function finite(field: string, value: number): number {
  if (!Number.isFinite(value)) throw invalid(field, value, 'a finite number of milliseconds')
  return value
}

function invalid(field: string, value: number, allowed: string): TestingError {
  return new TestingError('EVENER_INVALID_OPTION', `VirtualClock: ${field} is ${value}; allowed: ${allowed}`)
}
