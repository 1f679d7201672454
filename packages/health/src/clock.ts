/**
 * The process's own time: monotonic, so that a clock set back or forth moves no check.
 *
 * Node runs all timers that are due before it looks at a socket again. A process that checks ten thousand targets and was
 * kept from it for a moment would begin thousands of checks in one go, overflow the queues of those who listen, and read
 * the answers last: each waited for half a second and more, and those due together stayed together from then on. Here at
 * most {@link MOST_IN_A_TURN} timers run in a turn of the event loop, in their order; what has come meanwhile is read in
 * between, so that nobody is blamed for an answer that is there.
 *
 * Invariant: its timers never keep the process alive; a host that is done may end in the middle of an interval.
 * Cost: one immediate for each turn in which a timer is due.
 */
import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './contract.ts'

/** To begin a check takes some 50 µs, most of it the kernel's: a turn begins none for longer than 2 ms. */
export const MOST_IN_A_TURN = 32

/** How many have run in this turn. */
let ran = 0
/** Those that are due and wait for the next one. */
const late: UnreferencedTimer[] = []
/** What ends this turn: after the loop has looked at its sockets. */
let end: NodeJS.Immediate | undefined

/** The loop sleeps meanwhile, unless somebody waits. */
function endTurn(somebodyWaits: boolean): void {
  end ??= setImmediate(turn).unref()
  if (somebodyWaits) end.ref()
}

function turn(): void {
  end = undefined
  ran = 0
  const count = Math.min(late.length, MOST_IN_A_TURN)
  // Before they run: one that throws must not keep the others waiting.
  if (count > 0) endTurn(true)
  for (let index = 0; index < count; index++) late.shift()?.run()
}

class UnreferencedTimer implements Timer {
  readonly #timeout: NodeJS.Timeout
  readonly #callback: () => void
  #cancelled = false

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback
    this.#timeout = setTimeout(due, delayMs, this)
    this.#timeout.unref()
  }

  run(): void {
    if (this.#cancelled) return
    ran++
    this.#callback()
  }

  cancel(): void {
    this.#cancelled = true
    clearTimeout(this.#timeout)
  }
}

function due(timer: UnreferencedTimer): void {
  const waits = ran >= MOST_IN_A_TURN || late.length > 0
  endTurn(waits)
  if (waits) late.push(timer)
  else timer.run()
}

/** Milliseconds since the process began, and timers that are not waited for at its end. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => new UnreferencedTimer(callback, delayMs),
}
