/** One pattern of a list, and what finds it. */
export interface PatternEntry {
  /** Of its list: what comes first has the lower one. */
  readonly id: number
  /** As it was written. */
  readonly pattern: string
  /** Of a map. */
  value: string | undefined
}

/**
 * Patterns of one method, compiled so that a value is compared with all of them at once.
 *
 * Where several match, `find` gives that which HAProxy's maps give: the longest for `beg` and `ip`, else the first.
 */
export interface PatternIndex<T> {
  /** @throws {RuleError} `EVENER_INVALID_OPTION` for a pattern that this method cannot read; then nothing is changed */
  add(entry: PatternEntry): void
  /** What was added. */
  remove(entry: PatternEntry): void
  find(value: T): PatternEntry | undefined
}

/** The entry that comes first. */
export function earlier(
  one: PatternEntry | undefined,
  other: PatternEntry | undefined,
): PatternEntry | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.id < one.id ? other : one
}
