/** The little statistics that the bench needs: the median of repeats, with its spread. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Undefined of no values: there is no median of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/**
 * One value as a multiple of another, repeat by repeat.
 *
 * Repeats of different subjects alternate, so those of one number were measured within a minute of each other: what
 * slows the machine for a while slows both, and falls out.
 */
export function ratios(values: readonly number[], references: readonly number[]): Spread | undefined {
  const found: number[] = []
  for (const [i, value] of values.entries()) {
    const reference = references[i]
    if (reference !== undefined && reference > 0) found.push(value / reference)
  }
  return spreadOf(found)
}
