/**
 * Keeping many checks apart.
 *
 * At the start HAProxy counts its servers and sets each at its share of the interval. Here targets come and go,
 * so the count is never known: each newcomer takes the next point of the golden-ratio sequence, which at every
 * length cuts the interval into gaps of at most three sizes (the three-distance theorem, Sós 1958). The first
 * target is checked at once, the second 0.62 of an interval later, the third at 0.24, and so on.
 *
 * Afterwards each delay can be jittered, as with HAProxy's `spread-checks`, so that checks from several
 * processes do not fall into step.
 */
import type { Random } from './contract.ts'

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

/** Where in the interval the `index`-th target (from 0) begins: from 0 (included) to 1 (excluded). */
export function startPoint(index: number): number {
  return (index * GOLDEN_RATIO) % 1
}

/** The delay, more or less up to `spread` of it (0 to 0.5); evenly distributed. */
export function jittered(delayMs: number, spread: number, random: Random): number {
  return spread === 0 ? delayMs : delayMs * (1 + spread * (1 - 2 * random()))
}
