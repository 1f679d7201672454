/**
 * What a rule does, and what follows from it.
 *
 * A list of rules runs from the first on until one gives a final {@link Verdict} or the list is at its end. An action
 * that only edits gives none.
 */
import { all, type Condition, not } from './condition.ts'
import { laterStage, type Stage } from './stage.ts'

/** An answer that a rule makes in place of a server. */
export interface RuleAnswer {
  readonly status: number
  readonly reason?: string | undefined
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Undefined for the page that the door has for this status. */
  readonly body: Buffer | string | undefined
}

/** Go on with the next rule (or, with `verdict`, end so) once all of what is said here has come about. */
export interface Wait<B = unknown> {
  readonly kind: 'wait'
  readonly delayMs?: number | undefined
  /** Until so much of the body has come, or all of it; a 408 where that takes longer. */
  readonly body?: { readonly bytes: number; readonly timeoutMs: number } | undefined
  /** Until more bytes of layer 4 have come, or no more may be waited for. */
  readonly more?: boolean | undefined
  /** Never rejects. What it gives is the rule's verdict. */
  readonly until?: Promise<Verdict<B> | undefined> | undefined
  readonly verdict?: Verdict<B> | undefined
}

export type Verdict<B = unknown> =
  /** No further rule of this list. HAProxy's `allow`, `accept`. */
  | { readonly kind: 'allow' }
  /** HAProxy's `deny`, `return`, `redirect`, `auth`; `denied` where it is counted as a denial: `deny`, `tarpit`. */
  | { readonly kind: 'answer'; readonly answer: RuleAnswer; readonly denied?: boolean | undefined }
  /** The connection is closed without a word: HAProxy's `reject`; and `silent-drop`, where the client is not even told. */
  | { readonly kind: 'reject'; readonly silently: boolean }
  /** HAProxy's `use_backend`. */
  | { readonly kind: 'backend'; readonly backend: B }
  | Wait<B>

/** A list that rules stand in. HAProxy's `tcp-request connection` and `content`, `http-request`, `-response`, `-after-response`. */
export type Place = 'connection' | 'content' | 'request' | 'response' | 'afterResponse'

/** One rule: an action with, perhaps, a condition. */
export class Rule<S = never> {
  /** As HAProxy writes it: `set-header X-Ssl 1 if { ssl_fc }`. */
  readonly text: string
  readonly needs: Stage
  /** Never throws. Undefined: on to the next. */
  readonly run: (scope: S) => Verdict | undefined
  /** What is run where the condition holds. */
  readonly act: (scope: S) => Verdict | undefined
  readonly condition: Condition<S> | undefined
  /** The lists that it may stand in, of those that know what it needs; all of them where it is left out. */
  readonly places: readonly Place[] | undefined

  constructor(
    text: string,
    needs: Stage,
    act: (scope: S) => Verdict | undefined,
    places?: readonly Place[] | undefined,
    condition?: Condition<S> | undefined,
  ) {
    this.text = text
    this.needs = needs
    this.act = act
    this.run = condition === undefined ? act : scope => (condition.test(scope) ? act(scope) : undefined)
    this.places = places
    this.condition = condition
  }

  /** Only where the condition is true. */
  if<C extends S>(condition: Condition<C>): Rule<C> {
    return this.#where('if', condition.text, condition)
  }

  /** Only where the condition is false. */
  unless<C extends S>(condition: Condition<C>): Rule<C> {
    return this.#where('unless', condition.text, not(condition))
  }

  #where<C extends S>(word: string, text: string, condition: Condition<C>): Rule<C> {
    return new Rule<C>(
      `${this.text} ${word} ${text}`,
      laterStage(word, this.needs, condition.needs),
      this.act,
      this.places,
      this.condition === undefined ? condition : all<C>(condition, this.condition),
    )
  }
}
