/** How one target is checked: the monitor's options, with what `add` overrides, read and completed. */
import type { Checker, Target } from './contract.ts'
import { readChoice, readDelayMs, readFraction, readInteger, readObject, readOptions } from './options.ts'
import { HEALTH_LEVELS, type HealthLevel } from './rise-fall.ts'

/** What can be set for all targets of a monitor, and overridden for one. */
export interface CheckOptions<T extends Target = Target> {
  /** The way of probing: `tcpCheck()`, `httpCheck()`, or your own. */
  readonly checker?: Checker<T> | undefined
  /**
   * From the end of one check to the start of the next, in milliseconds: 1 to 2^31 - 1, 2000 by default.
   * HAProxy's `inter`. A check that takes long makes the next one later; two never overlap.
   */
  readonly intervalMs?: number | undefined
  /**
   * Instead of `intervalMs` while the target is on its way up or down, and before its first checks have settled
   * it; `intervalMs` by default. HAProxy's `fastinter`.
   */
  readonly fastIntervalMs?: number | undefined
  /** Instead of `intervalMs` while the target is fully down; `intervalMs` by default. HAProxy's `downinter`. */
  readonly downIntervalMs?: number | undefined
  /** Successes in a row that bring a target up: at least 1, 2 by default. */
  readonly rise?: number | undefined
  /** Failures in a row that take a target down: at least 1, 3 by default. */
  readonly fall?: number | undefined
  /**
   * The longest a check may take from its start, connecting included, in milliseconds; `intervalMs` by default,
   * as HAProxy has it without `timeout check`. Then it is aborted and counts as failed.
   */
  readonly timeoutMs?: number | undefined
  /**
   * Random variation of every delay, as a fraction of it: 0 to 0.5, 0 by default. HAProxy's `spread-checks`
   * (there in percent); 0.02 to 0.05 does well where several processes check the same targets.
   */
  readonly spread?: number | undefined
  /**
   * Where a target begins: `fully-up`, `up` (the default: the first failed check takes it down), `down` (the
   * first good check brings it up) or `fully-down` (it takes `rise`). HAProxy's `init-state`.
   */
  readonly initialState?: HealthLevel | undefined
}

/** The same, complete. */
export interface Settings<T extends Target> {
  readonly checker: Checker<T>
  readonly intervalMs: number
  readonly fastIntervalMs: number
  readonly downIntervalMs: number
  readonly rise: number
  readonly fall: number
  readonly timeoutMs: number
  readonly spread: number
  readonly initialState: HealthLevel
}

export const CHECK_OPTION_NAMES = [
  'checker',
  'intervalMs',
  'fastIntervalMs',
  'downIntervalMs',
  'rise',
  'fall',
  'timeoutMs',
  'spread',
  'initialState',
] as const

/** High enough for anybody, low enough that a millisecond value in the wrong place is found out. */
const MAX_COUNT = 10_000

/** @throws {HealthError} `EVENER_INVALID_OPTION` for a value out of its range */
export function readSettings<T extends Target>(where: string, options: CheckOptions<T>): Settings<T> {
  const intervalMs = readDelayMs(`${where}.intervalMs`, options.intervalMs, 2000)
  return {
    checker: readObject(`${where}.checker`, options.checker, undefined, ['check']),
    intervalMs,
    fastIntervalMs: readDelayMs(`${where}.fastIntervalMs`, options.fastIntervalMs, intervalMs),
    downIntervalMs: readDelayMs(`${where}.downIntervalMs`, options.downIntervalMs, intervalMs),
    rise: readInteger(`${where}.rise`, options.rise, 2, 1, MAX_COUNT),
    fall: readInteger(`${where}.fall`, options.fall, 3, 1, MAX_COUNT),
    timeoutMs: readDelayMs(`${where}.timeoutMs`, options.timeoutMs, intervalMs),
    spread: readFraction(`${where}.spread`, options.spread, 0, 0.5),
    initialState: readChoice(`${where}.initialState`, options.initialState, 'up', HEALTH_LEVELS),
  }
}

/**
 * One target's settings: the monitor's options with the overrides laid over them. What depends on `intervalMs`
 * by default follows the overridden one.
 */
export function overrideSettings<T extends Target>(
  options: CheckOptions<T>,
  overrides: CheckOptions<T>,
): Settings<T> {
  readOptions('overrides', overrides, CHECK_OPTION_NAMES)
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return readSettings('overrides', { ...options, ...Object.fromEntries(given) })
}
