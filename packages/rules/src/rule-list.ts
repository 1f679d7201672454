/**
 * Lists of rules, and how they are run.
 *
 * ```ts
 * const verdict = list.run(scope)          // to its end, to a final verdict, or to a wait:
 * list.run(scope, verdict.next)            // once that is over
 * ```
 *
 * Invariant: a rule is run once for each request, unless it asked for bytes that had not come.
 * Cost: a call for each rule; nothing is allocated but for a wait.
 */
import { type Place, Rule, type Verdict, type Wait } from './action.ts'
import { checkNames, refuse } from './options.ts'
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
  }

  /**
   * Run the rules from `from` on.
   * @returns undefined where the list ended; else the verdict that ended it, or a wait
   */
  run(scope: S, from = 0): Exclude<Verdict, Wait> | Paused | undefined {
    const { rules } = this
    const content = this.place === 'content' ? (scope as ContentScope).content : undefined
    for (let index = from; index < rules.length; index++) {
      if (content !== undefined) content.undecided = false
      const verdict = rules[index]!.run(scope)
      if (content?.undecided === true && !content.complete) return { kind: 'wait', more: true, next: index }
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
