/**
 * Rules whose conditions begin with a comparison of the same value, by the same method, with constants: hundreds of
 * `use_backend … if { hdr(host) … }`. Together they are one look-up, which tells the first of them that can match.
 *
 * Invariant: what is passed over is what would not have matched, so rules ask and act in the order in which they stand. It
 * holds because a comparison of a value with a key changes nothing, and is what its rule asks first, and all that is asked
 * ahead of its turn; and because `RuleList` asks anew after each rule that acts, which may have changed the value. An index
 * holds where it is between two questions: lists are run to an end without a pause.
 * Cost: a look-up for each kind of comparison, once a request and once more after each rule that acts.
 */
import type { Rule } from './action.ts'
import type { Comparison } from './condition.ts'
import type { PatternIndex } from './patterns/entry.ts'
import { indexFor, type MatchMethod } from './patterns/methods.ts'

/** Fewer are not worth a look-up after each rule that acts. */
const fewest = 16

/** Regular expressions are tried one by one anyway; numbers come of values that are cast. */
const methods: ReadonlySet<MatchMethod> = new Set(['str', 'beg', 'end', 'sub', 'dir', 'dom', 'ip'])

export class RuleIndex<S> {
  readonly #groups: readonly Group<S>[]
  /** For each rule, the next one at or behind it that is not of the index. */
  readonly #others: Int32Array

  private constructor(groups: readonly Group<S>[], count: number) {
    this.#groups = groups
    const indexed = new Set(groups.flatMap(({ places }) => places))
    this.#others = new Int32Array(count)
    for (let at = count - 1, other = count; at >= 0; at--) {
      if (!indexed.has(at)) other = at
      this.#others[at] = other
    }
  }

  /** Undefined where there are not enough rules of one kind. */
  static of<S>(rules: readonly Rule<S>[]): RuleIndex<S> | undefined {
    const kinds = new Map<string, number[]>()
    for (const [place, { condition }] of rules.entries()) {
      const kind = kindOf(condition?.first)
      if (kind === undefined) continue
      const places = kinds.get(kind)
      if (places === undefined) kinds.set(kind, [place])
      else places.push(place)
    }
    const groups = [...kinds.values()].filter(places => places.length >= fewest)
    if (groups.length === 0) return undefined
    return new RuleIndex(
      groups.map(places => new Group(rules, places)),
      rules.length,
    )
  }

  /** Whether the rule at this place is of the index. */
  has(place: number): boolean {
    return this.#others[place] !== place
  }

  /** The next place whose rule is not of the index, or the end. */
  nextOther(place: number): number {
    return this.#others[place]!
  }

  /**
   * The first place from here on whose rule is of the index, and may match: its first comparison is true. Or the end.
   * @param asked whether the same was asked of a place before, with no rule having acted since
   */
  next(scope: S, from: number, asked: boolean): number {
    let first = this.#others.length
    for (const group of this.#groups) first = group.next(scope, from, asked, first)
    return first
  }
}

function kindOf(first: Comparison | undefined): string | undefined {
  if (first === undefined || !methods.has(first.method)) return undefined
  const { value, method, ignoreCase } = first
  if (value.type !== (method === 'ip' ? 'addr' : 'str')) return undefined
  return `${value.key} ${method} ${ignoreCase}`
}

/** The rules of one kind. */
class Group<S> {
  readonly places: readonly number[]
  readonly #tests: readonly ((scope: S) => boolean)[]
  readonly #index: PatternIndex<string>
  readonly #ask: (scope: S) => boolean
  /** Whether the index gives the first pattern that matches: for these methods it is the longest. */
  readonly #inOrder: boolean
  /** The first of the places that may be the next: none before it is. */
  #at = 0

  constructor(rules: readonly Rule<S>[], places: readonly number[]) {
    const conditions = places.map(place => rules[place]!.condition!)
    const { value, method, ignoreCase } = conditions[0]!.first!
    this.places = places
    this.#tests = conditions.map(({ first }) => first!.test)
    this.#inOrder = method !== 'beg' && method !== 'ip'
    this.#index = indexFor(method as 'str', ignoreCase)
    for (const [at, { first }] of conditions.entries())
      for (const pattern of first!.patterns) this.#index.add({ id: at, pattern, value: undefined })
    this.#ask = value.testing(sample => this.#look(sample as string))
  }

  #look(sample: string): boolean {
    const entry = this.#index.find(sample)
    if (entry !== undefined) this.#at = Math.min(this.#at, this.#inOrder ? entry.id : 0)
    return false
  }

  /** @param end places from here on are of no interest; given back where there is none before */
  next(scope: S, from: number, asked: boolean, end: number): number {
    const { places } = this
    if (!asked) {
      this.#at = places.length
      this.#ask(scope)
    }
    for (; this.#at < places.length; this.#at++) {
      const place = places[this.#at]!
      if (place >= end) return end
      if (place >= from && this.#tests[this.#at]!(scope)) return place
    }
    return end
  }
}
