/**
 * Lists of rules, and how they are run.
 *
 * ```ts
 * const verdict = list.run(scope)          // to its end, to a final verdict, or to a wait:
 * list.run(scope, verdict.next)            // once that is over
 * ```
 *
 * Invariant: a rule is run once for each request, unless it asked for bytes that had not come.
 * Cost: a call for each rule, but for many that compare the same value with constants (see `rule-index.ts`); nothing is
 * allocated but for a wait.
 */
import { type Place, Rule, type Verdict, type Wait } from './action.ts'
import { checkNames, refuse } from './options.ts'
import { RuleIndex } from './rule-index.ts'
import type { ConnectionScope, ContentScope, RequestScope, ResponseScope } from './scope.ts'
import { isKnownAt, type Stage } from './stage.ts'

/** A wait, and where the list goes on after it. */
export interface Paused<B = unknown> extends Wait<B> {
  readonly next: number
}

const stageOf: Readonly<Record<Place, Stage>> = {
  connection: 'connection',
  content: 'content',
  request: 'request',
  response: 'response',
  afterResponse: 'response',
}

export class RuleList<S> {
  readonly place: Place
  readonly rules: readonly Rule<S>[]
  readonly #tests: readonly (((scope: S) => boolean) | undefined)[]
  readonly #acts: readonly ((scope: S) => Verdict | undefined)[]
  readonly #index: RuleIndex<S> | undefined

  /** @throws {RuleError} `EVENER_INVALID_OPTION` for what is no rule, or cannot stand in this list */
  constructor(place: Place, rules: readonly Rule<S>[]) {
    if (!Array.isArray(rules)) refuse(place, rules, 'a list of rules')
    for (const [index, rule] of rules.entries()) {
      const field = `${place}[${index}]`
      if (!(rule instanceof Rule)) refuse(field, rule, 'a rule: what setHeader(), deny() and others give')
      if (!isKnownAt(rule.needs, stageOf[place]))
        refuse(
          field,
          rule.text,
          `a rule that needs no more than what is known there; this needs the ${rule.needs}`,
        )
      if (rule.places?.includes(place) === false)
        refuse(field, rule.text, `a rule for this list; this is one for ${rule.places.join(', ')}`)
    }
    this.place = place
    this.rules = [...rules]
    this.#tests = rules.map(({ condition }) => condition?.test)
    this.#acts = rules.map(({ act }) => act)
    this.#index = place === 'content' ? undefined : RuleIndex.of(rules)
  }

  /**
   * Run the rules from `from` on.
   * @returns undefined where the list ended; else the verdict that ended it, or a wait
   */
  run(scope: S, from = 0): Exclude<Verdict, Wait> | Paused | undefined {
    if (this.place === 'content') return this.#runContent(scope, from)
    const tests = this.#tests
    const index = this.#index
    // The first place, at `at` or behind it, of a rule of the index that may match; below `at` where it has to be found.
    let indexed = -1
    let asked = false
    for (let at = from; at < tests.length; ) {
      if (index?.has(at) === true) {
        if (indexed < at) {
          indexed = index.next(scope, at, asked)
          asked = true
        }
        if (indexed > at) {
          at = Math.min(indexed, index.nextOther(at))
          continue
        }
      }
      const test = tests[at]
      if (test !== undefined && !test(scope)) {
        at++
        continue
      }
      // What a rule does may change what others ask for.
      indexed = -1
      asked = false
      const verdict = this.#acts[at++]!(scope)
      if (verdict === undefined) continue
      return verdict.kind === 'wait' ? { ...verdict, next: at } : verdict
    }
    return undefined
  }

  /** Here even a condition may ask for bytes that have not come. */
  #runContent(scope: S, from: number): Exclude<Verdict, Wait> | Paused | undefined {
    const { content } = scope as ContentScope
    for (let index = from; index < this.rules.length; index++) {
      content.undecided = false
      const verdict = this.rules[index]!.run(scope)
      if (content.undecided && !content.complete) return { kind: 'wait', more: true, next: index }
      if (verdict === undefined) continue
      return verdict.kind === 'wait' ? { ...verdict, next: index + 1 } : verdict
    }
    return undefined
  }
}

/** The options of {@link ruleset}: rules by the list that they stand in, each run from the first on. */
export interface RulesetOptions {
  /** When a client has connected, before anything is read. HAProxy's `tcp-request connection`. */
  readonly connection?: readonly Rule<ConnectionScope>[] | undefined
  /** At layer 4, with the first bytes of the client. HAProxy's `tcp-request content`. */
  readonly content?: readonly Rule<ContentScope>[] | undefined
  /** With the head of a request. HAProxy's `http-request`. */
  readonly request?: readonly Rule<RequestScope>[] | undefined
  /** With the head of a server's response. HAProxy's `http-response`. */
  readonly response?: readonly Rule<ResponseScope>[] | undefined
  /** With the head of whatever goes to the client, answers of rules and doors included. HAProxy's `http-after-response`. */
  readonly afterResponse?: readonly Rule<ResponseScope>[] | undefined
}

/** Rules that were checked. A list without rules is undefined. */
export interface Ruleset {
  readonly connection: RuleList<ConnectionScope> | undefined
  readonly content: RuleList<ContentScope> | undefined
  readonly request: RuleList<RequestScope> | undefined
  readonly response: RuleList<ResponseScope> | undefined
  readonly afterResponse: RuleList<ResponseScope> | undefined
}

/**
 * Check lists of rules.
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the list and the rule: `request[3]`
 */
export function ruleset(options: RulesetOptions): Ruleset {
  checkNames('ruleset', options, Object.keys(stageOf))
  return {
    connection: list('connection', options.connection),
    content: list('content', options.content),
    request: list('request', options.request),
    response: list('response', options.response),
    afterResponse: list('afterResponse', options.afterResponse),
  }
}

function list<S>(place: Place, rules: readonly Rule<S>[] | undefined): RuleList<S> | undefined {
  if (rules === undefined) return undefined
  const made = new RuleList(place, rules)
  return made.rules.length === 0 ? undefined : made
}
