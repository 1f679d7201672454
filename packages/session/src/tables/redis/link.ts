/**
 * The way to Redis: whether it is there, and how long anybody waits for it.
 *
 * Invariant: it counts as away from the first batch that was not answered in time or with an error, and from the third
 * look-up in a row that was not; until the next answer.
 */
import type { ShareCounters } from './counters.ts'

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

/** That there was no answer in time. */
export const late = Symbol('late')

/** So many look-ups in a row without an answer in time, and Redis counts as away. */
const lateInARow = 3
const shortestPauseMs = 20
const longestPauseMs = 1_000

export class Link {
  readonly counters: ShareCounters
  readonly timers: StickTimers
  readonly #client: RedisClient
  #away = false
  #lateInARow = 0
  #pauseMs = shortestPauseMs

  constructor(client: RedisClient, timers: StickTimers, counters: ShareCounters) {
    this.#client = client
    this.timers = timers
    this.counters = counters
  }

  get connected(): boolean {
    return this.#client.isReady !== false
  }

  get ready(): boolean {
    return !this.#away && this.connected
  }

  /** A client that throws instead of rejecting is as one that rejects. */
  async send(args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args)
  }

  /** The answer, the error, or that it takes too long. */
  within<T>(asked: Promise<T>, mostMs: number): Promise<T | Error | typeof late> {
    return new Promise(resolve => {
      const timer = this.timers.setTimeout(() => resolve(late), mostMs)
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

  answered(): void {
    this.#lateInARow = 0
    this.#away = false
    this.#pauseMs = shortestPauseMs
  }

  failed(): void {
    this.#away = true
  }

  lookupLate(): void {
    if (++this.#lateInARow >= lateInARow) this.#away = true
  }

  /** How long to wait before the next try: longer each time, until there is an answer. */
  nextPauseMs(): number {
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    return pauseMs
  }
}
