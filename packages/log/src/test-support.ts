/** What the tests of this package share: a leaf takes nothing from other packages. */
import type { LogClock, LogTimer } from './clock.ts'

/** Time that passes only when a test says so. */
export class ManualClock implements LogClock {
  #now = 0
  #timers: { readonly due: number; readonly callback: () => void }[] = []

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, delayMs: number): LogTimer {
    const timer = { due: this.#now + delayMs, callback }
    this.#timers.push(timer)
    return { cancel: () => this.#remove(timer) }
  }

  get pending(): number {
    return this.#timers.length
  }

  get nextInMs(): number | undefined {
    const due = Math.min(...this.#timers.map(timer => timer.due))
    return due === Number.POSITIVE_INFINITY ? undefined : due - this.#now
  }

  advance(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers.filter(({ due }) => due <= this.#now)) {
      if (this.#timers.includes(timer)) {
        this.#remove(timer)
        timer.callback()
      }
    }
  }

  #remove(timer: object): void {
    this.#timers = this.#timers.filter(one => one !== timer)
  }
}

/** Ask until it is so, for ten seconds: what a kernel or another process does tells nobody. */
export async function eventually(ask: () => boolean): Promise<void> {
  const until = performance.now() + 10_000
  while (!ask()) {
    if (performance.now() > until) throw new Error(`still not so after ten seconds: ${ask}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
