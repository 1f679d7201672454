/**
 * Servers that do worse than the others are taken out for a while: outlier detection, by the traffic they serve.
 *
 * ```text
 *   in ──errors in a row: at once; rate, deviation or latency: at the end of an interval──► out, for base × times
 *    ▲                                                                                        │
 *    └──────────────────── the first sweep after its time is over ◄───────────────────────────┘
 * ```
 * Four judges, each of which may be switched off: errors in a row; the share of errors; a success rate far below what all
 * have on average (in standard deviations); latency far above the middle one of all. Each ejection of a server lasts longer
 * by the base, up to a maximum; each interval in which it stays in takes one back. Never more than a share of all are out by
 * it, though one may always be, and never the last one in.
 *
 * Only what is the server's fault may be counted: the caller decides that.
 * Cost: `count` writes up to four fields; a sweep is O(n) each interval.
 * Source: Envoy's manual, "Outlier detection", with its names and defaults where it has them.
 * Not for: knowing that a server is back; it is let in again to be tried by real requests, where a health check would have
 * looked first. Not for two servers that differ by nature: the slower one of a mixed pool is an outlier by latency.
 */

import { monotonicClock } from './clock.ts'
import type { Clock, Timer } from './contract.ts'
import { readDelayMs, readInteger, readNumber, readObject, readOptions } from './options.ts'

/** What makes a server an outlier, and for how long. */
export interface OutlierOptions {
  /** Errors in a row that eject at once: 1 to 10,000, 5 by default; 0 switches it off. Envoy's `consecutive_5xx`. */
  readonly consecutiveErrors?: number | undefined
  /** Errors in percent of an interval's requests that eject: 1 to 100; 0, the default, switches it off. */
  readonly failurePercent?: number | undefined
  /**
   * How many standard deviations below the average a server's success rate may lie: 0.1 to 100, 1.9 by default; 0 switches
   * it off. Envoy's `success_rate_stdev_factor`.
   */
  readonly successRateDeviation?: number | undefined
  /** How many times the middle server's latency one may have: 1.1 to 1000; 0, the default, switches it off. */
  readonly latencyFactor?: number | undefined
  /** Requests in an interval without which it says nothing of a server: 1 to 1,000,000, 100 by default. */
  readonly minRequests?: number | undefined
  /** Servers with so many requests, without which they are not compared: 1 to 10,000, 5 by default. */
  readonly minServers?: number | undefined
  /** How often rates are judged, and who is out comes in again: in milliseconds, 10,000 by default. */
  readonly intervalMs?: number | undefined
  /** How long the first ejection lasts, and by how much each further one is longer; 30,000 by default. */
  readonly baseEjectionMs?: number | undefined
  /** The longest ejection; 300,000 by default, at least `baseEjectionMs`. */
  readonly maxEjectionMs?: number | undefined
  /** The most that may be out at once, in percent of all: 0 to 100, 10 by default. One always may, but the last. */
  readonly maxEjectedPercent?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

/** Which judge ejected a server. */
export type OutlierReason = 'consecutive-errors' | 'failure-percent' | 'success-rate' | 'latency'

/** Who is told when a server goes out and comes in. */
export interface OutlierListener {
  /** @param detail the figures, in words */
  ejected(reason: OutlierReason, detail: string, durationMs: number): void
  returned(): void
}

export const OUTLIER_OPTION_NAMES = [
  'consecutiveErrors',
  'failurePercent',
  'successRateDeviation',
  'latencyFactor',
  'minRequests',
  'minServers',
  'intervalMs',
  'baseEjectionMs',
  'maxEjectionMs',
  'maxEjectedPercent',
  'clock',
] as const

/** What is known of one server. Made by {@link OutlierDetector.watch}. */
export class OutlierRecord {
  readonly listener: OutlierListener
  /** Errors in a row. */
  consecutive = 0
  /** Of this interval. */
  requests = 0
  errors = 0
  latencyMs = 0
  /** It is out. */
  ejected = false
  /** When it may come in again. */
  until = 0
  /** How many base times its next ejection lasts beside the first. */
  times = 0

  constructor(listener: OutlierListener) {
    this.listener = listener
  }
}

export class OutlierDetector {
  readonly #options: { readonly [Name in keyof OutlierOptions]-?: NonNullable<OutlierOptions[Name]> }
  readonly #records = new Set<OutlierRecord>()
  #ejected = 0
  #timer: Timer | undefined

  /** @throws {HealthError} `EVENER_INVALID_OPTION` */
  constructor(options: OutlierOptions = {}, field = 'options') {
    readOptions(field, options, OUTLIER_OPTION_NAMES)
    const baseEjectionMs = readDelayMs(`${field}.baseEjectionMs`, options.baseEjectionMs, 30_000)
    const { maxEjectionMs } = options
    this.#options = {
      consecutiveErrors: readInteger(`${field}.consecutiveErrors`, options.consecutiveErrors, 5, 0, 10_000),
      failurePercent: readInteger(`${field}.failurePercent`, options.failurePercent, 0, 0, 100),
      successRateDeviation: readNumber(
        `${field}.successRateDeviation`,
        options.successRateDeviation,
        1.9,
        0.1,
        100,
      ),
      latencyFactor: readNumber(`${field}.latencyFactor`, options.latencyFactor, 0, 1.1, 1000),
      minRequests: readInteger(`${field}.minRequests`, options.minRequests, 100, 1, 1_000_000),
      minServers: readInteger(`${field}.minServers`, options.minServers, 5, 1, 10_000),
      intervalMs: readDelayMs(`${field}.intervalMs`, options.intervalMs, 10_000),
      baseEjectionMs,
      maxEjectionMs: readDelayMs(
        `${field}.maxEjectionMs`,
        maxEjectionMs,
        Math.max(300_000, baseEjectionMs),
        baseEjectionMs,
      ),
      maxEjectedPercent: readInteger(`${field}.maxEjectedPercent`, options.maxEjectedPercent, 10, 0, 100),
      clock: readObject(`${field}.clock`, options.clock, monotonicClock, ['now', 'setTimeout']),
    }
  }

  /** Judge one more server. */
  watch(listener: OutlierListener): OutlierRecord {
    const record = new OutlierRecord(listener)
    this.#records.add(record)
    this.#timer ??= this.#next()
    return record
  }

  /** Judge it no longer; nothing more is told of it. */
  forget(record: OutlierRecord): void {
    if (!this.#records.delete(record)) return
    if (record.ejected) this.#ejected--
    record.ejected = false
    if (this.#records.size === 0) this.close()
  }

  /** No timer is left; who is out stays out. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * A request ended on it.
   * @param ok false where it failed, and by the server's fault
   */
  count(record: OutlierRecord, ok: boolean, latencyMs: number): void {
    record.requests++
    record.latencyMs += latencyMs
    if (ok) {
      record.consecutive = 0
      return
    }
    record.errors++
    record.consecutive++
    const limit = this.#options.consecutiveErrors
    // Exactly at the limit, or at a multiple of it: where no more may be out, it is not asked with each error again.
    if (limit === 0 || record.consecutive % limit !== 0) return
    this.#eject(record, 'consecutive-errors', `${record.consecutive} errors in a row`)
  }

  #eject(record: OutlierRecord, reason: OutlierReason, detail: string): void {
    if (record.ejected || !this.#mayEject()) return
    const { baseEjectionMs, maxEjectionMs, clock } = this.#options
    const durationMs = Math.min(baseEjectionMs * (record.times + 1), maxEjectionMs)
    record.times++
    record.ejected = true
    record.until = clock.now() + durationMs
    this.#ejected++
    record.listener.ejected(reason, detail, durationMs)
  }

  #mayEject(): boolean {
    const all = this.#records.size
    const most = Math.max(1, Math.floor((all * this.#options.maxEjectedPercent) / 100))
    return this.#ejected < Math.min(most, all - 1)
  }

  #next(): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#timer = this.#next()
      this.#sweep()
    }, this.#options.intervalMs)
  }

  #sweep(): void {
    const now = this.#options.clock.now()
    const judged: OutlierRecord[] = []
    for (const record of this.#records) {
      if (record.ejected) {
        if (now >= record.until) this.#return(record)
      } else {
        if (record.requests >= this.#options.minRequests) judged.push(record)
        else if (record.times > 0) record.times--
      }
    }
    this.#judge(judged)
    for (const record of judged) if (!record.ejected && record.times > 0) record.times--
    for (const record of this.#records) {
      record.requests = 0
      record.errors = 0
      record.latencyMs = 0
    }
  }

  #return(record: OutlierRecord): void {
    record.ejected = false
    record.consecutive = 0
    this.#ejected--
    record.listener.returned()
  }

  /** The rates of those that had enough requests in this interval; the worst first, as not all may be ejected. */
  #judge(judged: readonly OutlierRecord[]): void {
    const { failurePercent, successRateDeviation, latencyFactor, minServers } = this.#options
    const byErrors = [...judged].sort((one, other) => successRate(one) - successRate(other))
    if (failurePercent > 0) {
      for (const record of byErrors) {
        const percent = 100 * (1 - successRate(record))
        if (percent >= failurePercent) {
          this.#eject(
            record,
            'failure-percent',
            `${percent.toFixed(1)} % of ${record.requests} requests failed`,
          )
        }
      }
    }
    if (judged.length < minServers) return
    if (successRateDeviation > 0) {
      const rates = judged.map(successRate)
      const least = mean(rates) - successRateDeviation * deviation(rates)
      for (const record of byErrors) {
        const rate = successRate(record)
        if (rate < least) {
          const detail = `${(100 * rate).toFixed(1)} % succeeded, where ${(100 * least).toFixed(1)} % is the least`
          this.#eject(record, 'success-rate', detail)
        }
      }
    }
    if (latencyFactor > 0) {
      const slowestFirst = [...judged].sort((one, other) => latency(other) - latency(one))
      const most = latencyFactor * latency(slowestFirst[slowestFirst.length >> 1] as OutlierRecord)
      for (const record of slowestFirst) {
        if (latency(record) <= most) break
        this.#eject(
          record,
          'latency',
          `${latency(record).toFixed(1)} ms, where ${most.toFixed(1)} ms is the most`,
        )
      }
    }
  }
}

const successRate = ({ requests, errors }: OutlierRecord): number => 1 - errors / requests
const latency = ({ requests, latencyMs }: OutlierRecord): number => latencyMs / requests
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map(value => (value - middle) ** 2)))
}
