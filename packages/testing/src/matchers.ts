/**
 * Assertions about simulations for vitest: `@evener/testing/matchers`.
 *
 *     import { simulationMatchers } from '@evener/testing/matchers'
 *     expect.extend(simulationMatchers)
 *
 * A failure says what was found beside what was allowed, and shows the result as text. Nothing of vitest is imported:
 * the types need version 5 or newer, the matchers any version that knows `expect.extend`, and so does Jest.
 */
import { TestingError } from './errors.ts'
import { figure, percent } from './simulate/picture-words.ts'
import { SimulationResult } from './simulate/result.ts'

/** What the matchers are, on `expect(result)`. */
export interface SimulationMatchers<R = unknown> {
  /**
   * Each server's share of the requests differs from the share that it was due by its weight by no more than this:
   * `0.02` are two of a hundred requests.
   */
  toShareWithin(difference: number): R
  /**
   * When the pool changed, no more than this share of the keys went to another server than before: `1.05 / n` where
   * one of n equal servers left. Fails where no key was seen on both sides of a change.
   */
  toMoveAtMost(share: number): R
  /** At least this share of the requests went to the server where their key was last. */
  toKeepKeysTogether(share: number): R
  /** 99 of 100 requests took less than this. */
  toKeepP99Below(milliseconds: number): R
  /** This percentage of the requests, `99.9` for example, took less than so long. */
  toKeepPercentileBelow(percentage: number, milliseconds: number): R
  /** No more than this share of the requests failed or were refused; none by default. */
  toLoseAtMost(share?: number): R
  /** No server ever had more than so many requests at work and in line. */
  toKeepLinesWithin(requests: number): R
  /** The 99th percentile is at most that of another result, times a tolerance: 1 by default. */
  toBeAsFastAs(other: SimulationResult, tolerance?: number): R
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends SimulationMatchers<R> {}
}

/** What a matcher answers to vitest and Jest. */
export interface MatcherVerdict {
  readonly pass: boolean
  message(): string
}

function resultOf(matcher: string, received: unknown): SimulationResult {
  if (received instanceof SimulationResult) return received
  const message = `${matcher}(): expect() was given ${typeof received}; allowed: what simulate() returned`
  throw new TestingError('EVENER_INVALID_OPTION', message)
}

function limitOf(matcher: string, field: string, value: number): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new TestingError('EVENER_INVALID_OPTION', `${matcher}(): ${field} is ${value}; allowed: 0 or more`)
}

/** @param found what there is, as the end of the sentence "expected …, and …" */
function verdict(pass: boolean, result: SimulationResult, wanted: string, found: string): MatcherVerdict {
  const message = () =>
    `expected ${result.balancer} ${pass ? 'not ' : ''}to ${wanted}, and ${found}\n\n${result.text()}`
  return { pass, message }
}

/** For `expect.extend`. */
export const simulationMatchers = {
  toShareWithin(received: unknown, difference: number): MatcherVerdict {
    const result = resultOf('toShareWithin', received)
    limitOf('toShareWithin', 'difference', difference)
    const off = ({ share, dueShare }: SimulationResult['servers'][number]) => Math.abs(share - dueShare)
    const worst = result.servers.reduce((one, other) => (off(other) > off(one) ? other : one))
    const found = `${worst.id} had ${percent(worst.share)} and was due ${percent(worst.dueShare)}`
    return verdict(
      off(worst) <= difference,
      result,
      `share within ${percent(difference)} of the weights`,
      found,
    )
  },

  toMoveAtMost(received: unknown, share: number): MatcherVerdict {
    const result = resultOf('toMoveAtMost', received)
    limitOf('toMoveAtMost', 'share', share)
    const { compared, moved, movedShare } = result.keys
    if (compared === 0) {
      const message =
        'no key was seen both before and after a change of the pool; more requests, or fewer keys, help'
      throw new TestingError('EVENER_INVALID_STATE', `toMoveAtMost(): ${message}`)
    }
    const found = `${percent(movedShare)} did: ${moved} of ${compared}`
    return verdict(movedShare <= share, result, `move at most ${percent(share)} of the keys`, found)
  },

  toKeepKeysTogether(received: unknown, share: number): MatcherVerdict {
    const result = resultOf('toKeepKeysTogether', received)
    limitOf('toKeepKeysTogether', 'share', share)
    const { sameServer } = result.keys
    const wanted = `send at least ${percent(share)} of the requests where their key was last`
    return verdict(sameServer >= share, result, wanted, `it sent ${percent(sameServer)}`)
  },

  toKeepP99Below(received: unknown, milliseconds: number): MatcherVerdict {
    return percentileBelow('toKeepP99Below', received, 99, milliseconds)
  },

  toKeepPercentileBelow(received: unknown, percentage: number, milliseconds: number): MatcherVerdict {
    return percentileBelow('toKeepPercentileBelow', received, percentage, milliseconds)
  },

  toLoseAtMost(received: unknown, share = 0): MatcherVerdict {
    const result = resultOf('toLoseAtMost', received)
    limitOf('toLoseAtMost', 'share', share)
    const { failed, refused, requests } = result
    const found = `${failed} failed and ${refused} were refused of ${requests}`
    return verdict(failed + refused <= share * requests, result, `lose at most ${percent(share)}`, found)
  },

  toKeepLinesWithin(received: unknown, requests: number): MatcherVerdict {
    const result = resultOf('toKeepLinesWithin', received)
    limitOf('toKeepLinesWithin', 'requests', requests)
    const worst = result.servers.reduce((one, other) => (other.maxInFlight > one.maxInFlight ? other : one))
    const wanted = `keep at most ${requests} requests on any server`
    return verdict(worst.maxInFlight <= requests, result, wanted, `${worst.id} had ${worst.maxInFlight}`)
  },

  toBeAsFastAs(received: unknown, other: SimulationResult, tolerance = 1): MatcherVerdict {
    const result = resultOf('toBeAsFastAs', received)
    const than = resultOf('toBeAsFastAs', other)
    limitOf('toBeAsFastAs', 'tolerance', tolerance)
    const [own, others] = [result.latency.p99, than.latency.p99]
    const wanted = `be as fast as ${than.balancer} (p99 ${figure(others)} ms, times ${tolerance})`
    return verdict(own <= others * tolerance, result, wanted, `its p99 was ${figure(own)} ms`)
  },
}

function percentileBelow(
  matcher: string,
  received: unknown,
  percentage: number,
  milliseconds: number,
): MatcherVerdict {
  const result = resultOf(matcher, received)
  limitOf(matcher, 'milliseconds', milliseconds)
  if (!(percentage > 0 && percentage <= 100)) {
    const message = `${matcher}(): percentage is ${percentage}; allowed: above 0, to 100`
    throw new TestingError('EVENER_INVALID_OPTION', message)
  }
  if (result.completed === 0) {
    throw new TestingError(
      'EVENER_INVALID_STATE',
      `${matcher}(): no request was completed: there is no latency`,
    )
  }
  const found = result.percentile(percentage)
  const wanted = `keep p${percentage} below ${figure(milliseconds)} ms`
  return verdict(found < milliseconds, result, wanted, `it was ${figure(found)} ms`)
}
