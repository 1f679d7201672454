/**
 * A connection of layer 4 on its way through the rules that look at its first bytes: HAProxy's `tcp-request content`, with
 * its `inspect-delay`.
 *
 * A rule that cannot tell from the bytes that are there is run again when more have come; when there will be no more, or
 * none may be waited for any longer, it is run a last time with what there is.
 *
 * Invariant: `settled` is told once, unless {@link cancel} comes first; no timer is left after either.
 */
import type { ContentScope, ContentView, Paused, RuleList, Verdict } from '@evener/rules'
import type { Clock, Timer } from '../base/clock.ts'
import type { ClientSession } from './client-session.ts'
import { RuleWait, type WaitingRules } from './rule-wait.ts'

/** Whom it tells, and asks. */
export interface ContentOwner {
  readonly clock: Clock
  /** How long it may take altogether, in milliseconds. */
  readonly inspectMs: number
  /** The most bytes that are waited for. */
  readonly mostBytes: number
  /** What has come so far. */
  readonly early: Buffer | undefined
  /** Have {@link ContentScreening.came} called when more has come. */
  readMore(): void
  failed(error: unknown): void
  settled(verdict: Exclude<Verdict, { kind: 'wait' }> | undefined): void
}

export class ContentScreening implements ContentScope, WaitingRules {
  readonly content: ContentView & { bytes: Buffer; complete: boolean } = {
    bytes: noBytes,
    complete: false,
    undecided: false,
  }
  readonly #list: RuleList<ContentScope>
  readonly #session: ClientSession
  readonly #owner: ContentOwner
  #next = 0
  #awaitsBytes = false
  #waiting: RuleWait | undefined
  #limit: Timer | undefined
  #over = false

  /** To be followed by {@link start}. */
  constructor(list: RuleList<ContentScope>, session: ClientSession, owner: ContentOwner) {
    this.#list = list
    this.#session = session
    this.#owner = owner
  }

  get connection(): ClientSession['connection'] {
    return this.#session.connection
  }

  get carrier(): ClientSession['carrier'] {
    return this.#session.carrier
  }

  get variables(): ClientSession['variables'] {
    return this.#session.variables
  }

  get tracked(): ClientSession['tracked'] {
    return this.#session.tracked
  }

  get around(): ClientSession['around'] {
    return this.#session.around
  }

  start(): void {
    this.#run(0)
  }

  /** More bytes have come. */
  came(): void {
    if (!this.#awaitsBytes) return
    this.#awaitsBytes = false
    this.#run(this.#next)
  }

  /** No more can come. */
  ended(): void {
    this.content.complete = true
    this.came()
  }

  cancel(): void {
    this.#over = true
    this.#waiting?.cancel()
    this.#limit?.cancel()
  }

  #run(from: number): void {
    if (this.#over) return
    const { content } = this
    const { early, mostBytes } = this.#owner
    content.bytes = early ?? noBytes
    if (content.bytes.length >= mostBytes) content.complete = true
    try {
      const verdict = this.#list.run(this, from)
      if (verdict?.kind === 'wait') this.#wait(verdict)
      else this.#settle(verdict)
    } catch (error) {
      this.failed(error)
    }
  }

  #settle(verdict: Verdict | undefined): void {
    if (this.#over) return
    this.cancel()
    this.#owner.settled(verdict?.kind === 'wait' ? undefined : verdict)
  }

  #wait(paused: Paused): void {
    if (paused.more === true && !this.content.complete) {
      this.#next = paused.next
      this.#awaitsBytes = true
      const { clock, inspectMs } = this.#owner
      if (this.#limit === undefined && inspectMs !== Number.POSITIVE_INFINITY)
        this.#limit = clock.setTimeout(() => this.ended(), inspectMs)
      this.#owner.readMore()
      return
    }
    this.#waiting = new RuleWait(paused, this)
    this.#waiting.start(this.#owner.clock)
  }

  /** @internal */
  resumed(next: number): void {
    this.#run(next)
  }

  /** @internal */
  decided(verdict: Verdict): void {
    this.#settle(verdict)
  }

  /** @internal */
  failed(error: unknown): void {
    this.#owner.failed(error)
    this.#settle({ kind: 'reject', silently: false })
  }
}

const noBytes = Buffer.alloc(0)
