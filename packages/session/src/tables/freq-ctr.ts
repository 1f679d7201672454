/**
 * A rate over a sliding window, computed exactly as HAProxy computes it: the events of the period that runs, and of the
 * one before it the part that still lies in the window.
 *
 * Each rate is three cells of a `Uint32Array`: when the running period began, its events, those of the one before. Time
 * is in milliseconds modulo 2^32, as HAProxy's ticks are, and periods begin at even ones.
 *
 * Invariant: `previous` covers exactly the period before the one that began at `began`.
 * Cost: O(1), 12 bytes, no allocation. Not for exact counts: a burst is smeared over one period.
 * Source: HAProxy, `freq_ctr` (management manual, "show table"; configuration manual, section 11.1).
 */

/** How many cells a rate takes. */
export const rateCells = 3

const BEGAN = 0
const CURRENT = 1
const PREVIOUS = 2

/** Make the running period the one that `now` falls into. */
function rotate(cells: Uint32Array, at: number, now: number, periodMs: number): void {
  const began = cells[at + BEGAN]!
  // A new row is all zeros: its first period begins with its first event, however young the clock is.
  if (began === 0 && cells[at + CURRENT] === 0) cells[at + BEGAN] = now & ~1
  else if ((now - began) >>> 0 >= periodMs) rotateFrom(cells, at, now, periodMs, began)
}

function rotateFrom(cells: Uint32Array, at: number, now: number, periodMs: number, began: number): void {
  const next = (began + periodMs) >>> 0
  const missed = (now - next) >>> 0 >= periodMs
  cells[at + PREVIOUS] = missed ? 0 : cells[at + CURRENT]!
  cells[at + CURRENT] = 0
  cells[at + BEGAN] = (missed ? now : next) & ~1
}

/** Count so many events now. */
export function addToRate(cells: Uint32Array, at: number, now: number, periodMs: number, by: number): void {
  rotate(cells, at, now, periodMs)
  cells[at + CURRENT]! += by
}

/** Events in the last period, rounded down. Single events are told for a whole period, so that they do not flap. */
export function readRate(cells: Uint32Array, at: number, now: number, periodMs: number): number {
  let current = cells[at + CURRENT]!
  let previous = cells[at + PREVIOUS]!
  let remain = (cells[at + BEGAN]! + periodMs - now) | 0
  if (remain < 0) {
    remain += periodMs
    previous = remain >= 0 ? current : 0
    current = 0
  }
  if (current === 0 && previous <= 1) return previous
  return current + Math.floor((previous * Math.max(remain, 0)) / periodMs)
}

/**
 * How long until the rate is at most `most`, in milliseconds, if nothing is counted meanwhile. 0 where it is already.
 */
export function msUntilRate(
  cells: Uint32Array,
  at: number,
  now: number,
  periodMs: number,
  most: number,
): number {
  if (readRate(cells, at, now, periodMs) <= most) return 0
  let current = cells[at + CURRENT]!
  let previous = cells[at + PREVIOUS]!
  let remain = (cells[at + BEGAN]! + periodMs - now) | 0
  if (remain < 0) {
    remain += periodMs
    previous = current
    current = 0
  }
  // The rate is rounded down: it is `most` until it reaches the next whole number.
  const limit = most + 1
  if (current < limit) return Math.max(1, Math.floor(remain - ((limit - current) * periodMs) / previous) + 1)
  // All of the older period has to leave the window, and then a part of the running one.
  return remain + Math.floor(periodMs - (limit * periodMs) / current) + 1
}

/** A rate as it is saved and sent: how long ago the running period began, and both counts. */
export interface RateState {
  readonly ageMs: number
  readonly current: number
  readonly previous: number
}

export function rateState(cells: Uint32Array, at: number, now: number): RateState {
  const ageMs = (now - cells[at + BEGAN]!) >>> 0
  return { ageMs, current: cells[at + CURRENT]!, previous: cells[at + PREVIOUS]! }
}

/** The other way: one that is older than two periods is empty. */
export function setRate(
  cells: Uint32Array,
  at: number,
  now: number,
  periodMs: number,
  { ageMs, current, previous }: RateState,
): void {
  const empty = ageMs >= 2 * periodMs
  cells[at + BEGAN] = empty ? now & ~1 : (now - ageMs) & ~1
  cells[at + CURRENT] = empty ? 0 : current
  cells[at + PREVIOUS] = empty ? 0 : previous
}
