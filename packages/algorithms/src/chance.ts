/**
 * The chance that algorithms draw from unless they are given another: xorshift128 (G. Marsaglia, "Xorshift RNGs",
 * 2003), begun at a place that `Math.random` gives.
 *
 * `Math.random` itself allocates each number that it returns, and costs more than the rest of a draw.
 *
 * Not for: secrets; who sees some numbers can tell the next.
 */
import type { Random } from './balancer.ts'

const word = (): number => (Math.random() * 2 ** 32) | 0

/** A new source of chance, unlike any other: numbers of 53 bits from 0 up to, not including, 1. */
export function chance(): Random {
  let [x, y, z] = [word(), word(), word()]
  // All four 0 would stay so.
  let w = word() | 1
  return () => {
    // Two steps at once, as each takes 32 bits further: that halves what is read from the closure and written to it.
    const first = x ^ (x << 11)
    const second = y ^ (y << 11)
    const upper = w ^ (w >>> 19) ^ first ^ (first >>> 8)
    const lower = upper ^ (upper >>> 19) ^ second ^ (second >>> 8)
    x = z
    y = w
    z = upper
    w = lower
    return ((upper >>> 0) * 2 ** 21 + (lower >>> 11)) / 2 ** 53
  }
}
