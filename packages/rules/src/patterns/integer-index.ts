/**
 * Numbers and ranges of them: HAProxy's `int`, and `len` for lengths.
 *
 * Single numbers are found by hash, ranges one after the other.
 */
import { refuse } from '../options.ts'
import { earlier, type PatternEntry, type PatternIndex } from './entry.ts'

/** Both ends belong to it. */
export interface IntegerRange {
  readonly least: number
  readonly most: number
}

const form = /^(?:(eq|ge|gt|le|lt)\s+)?(?:(-?\d+(?:\.\d+)?)?(:)(-?\d+(?:\.\d+)?)?|(-?\d+(?:\.\d+)?))$/

/**
 * Read `200`, `200:299`, `500:`, `:99`, `ge 500`. As in HAProxy, `3.1` is a version of two numbers, each of 16 bits.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function integerRange(field: string, pattern: string): IntegerRange {
  const parts = form.exec(pattern)
  if (parts === null)
    refuse(field, pattern, 'a number, a range such as 200:299, or a comparison such as ge 500')
  const [, operator, from, colon, to, single] = parts
  if (colon !== undefined) {
    if (operator !== undefined && operator !== 'eq')
      refuse(field, pattern, 'a range without a comparison, or a comparison with one number')
    if (from === undefined && to === undefined) refuse(field, pattern, 'a range with an end, or two')
    const least = from === undefined ? Number.NEGATIVE_INFINITY : integer(from)
    const most = to === undefined ? Number.POSITIVE_INFINITY : integer(to)
    if (least > most) refuse(field, pattern, 'a range whose first number is not above its second')
    return { least, most }
  }
  const number = integer(single as string)
  switch (operator) {
    case 'ge':
      return { least: number, most: Number.POSITIVE_INFINITY }
    case 'gt':
      return { least: number + 1, most: Number.POSITIVE_INFINITY }
    case 'le':
      return { least: Number.NEGATIVE_INFINITY, most: number }
    case 'lt':
      return { least: Number.NEGATIVE_INFINITY, most: number - 1 }
    default:
      return { least: number, most: number }
  }
}

function integer(text: string): number {
  const [whole = '', minor] = text.split('.')
  return minor === undefined ? Number(whole) : Number(whole) * 65_536 + Number(minor)
}

export class IntegerIndex implements PatternIndex<number> {
  readonly #single = new Map<number, PatternEntry[]>()
  #ranges: { readonly range: IntegerRange; readonly entry: PatternEntry }[] = []

  add(entry: PatternEntry): void {
    const range = integerRange('int pattern', entry.pattern)
    if (range.least !== range.most) {
      this.#ranges.push({ range, entry })
      return
    }
    const same = this.#single.get(range.least)
    if (same === undefined) this.#single.set(range.least, [entry])
    else same.push(entry)
  }

  remove(entry: PatternEntry): void {
    const { least, most } = integerRange('int pattern', entry.pattern)
    const left = this.#single.get(least)?.filter(each => each !== entry)
    if (least !== most) this.#ranges = this.#ranges.filter(each => each.entry !== entry)
    else if (left?.length === 0) this.#single.delete(least)
    else if (left !== undefined) this.#single.set(least, left)
  }

  find(value: number): PatternEntry | undefined {
    const single = this.#single.get(value)?.[0]
    const ranges = this.#ranges
    for (let at = 0; at < ranges.length; at++) {
      const { range, entry } = ranges[at]!
      if (value >= range.least && value <= range.most) return earlier(single, entry)
    }
    return single
  }
}
