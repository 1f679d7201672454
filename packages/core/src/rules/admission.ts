/**
 * A request on its way through the rules of its door and its backend, with the route between them.
 *
 * ```text
 *  start ─► door's rules ─► route ─► backend's rules ─► settled: go on, answer, or drop
 *              │  ▲                      │  ▲
 *              └──┴── wait: a time, a body, a promise
 * ```
 * Nearly all are settled within `start`. Others wait, as the door's current {@link Served}: a client that goes away ends
 * the wait, and what it sends beyond the body that is waited for stays with the kernel.
 *
 * Invariant: `settled` is set once, or the client is gone; after either, no timer is left.
 */
import type { Paused, Verdict } from '@evener/rules'
import { Backend } from '../balance/backend.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Answer, AnswerStatus, Answers } from '../http/answer.ts'
import type { ClientSide } from '../http/client-side.ts'
import type { ClientRequest } from '../http/request.ts'
import type { RequestBody } from '../http/request-body.ts'
import type { Served } from '../http/served.ts'
import { answerOf } from './answer-of.ts'
import { RuleWait, type WaitingRules } from './rule-wait.ts'
import type { Ended, Transaction } from './transaction.ts'

/** What became of it. The `state` is for the log: two letters, see `log/termination.ts`. */
export type Settled<D> =
  /** It goes to a backend whose rules let it pass; or wherever else the route said. */
  | { readonly kind: 'go'; readonly destination: Backend | D }
  | { readonly kind: 'answer'; readonly answer: Answer; readonly state: string }
  /** The connection is closed without an answer. */
  | { readonly kind: 'drop'; readonly silently: boolean; readonly state: string }

/** The door of a request, as far as its rules need it. */
export interface Admitting<D> {
  readonly answers: Answers
  readonly clock: Clock
  /** Where it goes. What it throws is answered with 500. */
  route(request: ClientRequest): Backend | D
}

/** The client, as far as its rules need it. */
type AdmittedClient = Pick<ClientSide, 'informational' | 'abort'>

/** The most of a body that rules are shown. */
const mostAwaited = 1_048_576

export class Admission<D> implements Served, WaitingRules {
  readonly transaction: Transaction
  readonly body: RequestBody
  settled: Settled<D> | undefined
  readonly #door: Admitting<D>
  readonly #client: AdmittedClient
  /** Told where it was not settled within {@link start}. */
  readonly #told: (admission: Admission<D>) => void
  #backend: Backend | undefined
  #waiting: RuleWait | undefined
  #bodyTimer: Timer | undefined
  #starting = true
  /** What it waits for is decided: it is only kept waiting. */
  #tarpitted = false
  #over = false

  constructor(
    transaction: Transaction,
    body: RequestBody,
    client: AdmittedClient,
    door: Admitting<D>,
    told: (admission: Admission<D>) => void,
  ) {
    this.transaction = transaction
    this.body = body
    this.#client = client
    this.#door = door
    this.#told = told
  }

  /** True once it is settled, or the client is gone. */
  get over(): boolean {
    return this.#over
  }

  /** The backend whose rules it came to. */
  get backend(): Backend | undefined {
    return this.#backend
  }

  /**
   * Run the rules.
   * @param backend where it goes, where the door has no rules and has asked its route already
   * @returns whether it is settled now; else the door is told later
   */
  start(backend?: Backend): boolean {
    this.#guard(() => {
      if (backend === undefined) this.#run(0)
      else this.#goTo(backend)
    })
    this.#starting = false
    return this.settled !== undefined
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.failed(error)
    }
  }

  #run(from: number): void {
    const lists = this.#backend === undefined ? this.transaction.door.lists : this.#backend.rules
    const verdict = lists?.request?.run(this.transaction, from)
    const hints = this.transaction.takeHints()
    if (hints !== undefined) this.#client.informational(103, hints)
    if (verdict?.kind === 'wait') this.#wait(verdict)
    else this.#ended(verdict)
  }

  #ended(verdict: Verdict | undefined): void {
    if (verdict === undefined || verdict.kind === 'allow') {
      if (this.#backend !== undefined) this.#pass(this.#backend)
      else this.#goTo(this.#door.route(this.transaction.edited))
    } else if (verdict.kind === 'backend') this.#switched(verdict.backend)
    else if (verdict.kind === 'wait') this.#wait({ ...verdict, next: Number.POSITIVE_INFINITY })
    else this.#refused(verdict)
  }

  #goTo(destination: Backend | D): void {
    if (!(destination instanceof Backend)) {
      this.#settle({ kind: 'go', destination })
      return
    }
    this.#backend = destination
    this.transaction.routed(destination)
    this.#run(0)
  }

  #switched(backend: unknown): void {
    if (this.#backend !== undefined) {
      // As in HAProxy: a request that has its backend stays there.
      this.#pass(this.#backend)
    } else if (backend instanceof Backend) this.#goTo(backend)
    else {
      this.transaction.door.failed(new TypeError('a rule named a backend that is none of createBackend()'))
      this.#answer(500, 'IR')
    }
  }

  #pass(backend: Backend): void {
    this.transaction.passed()
    this.#settle({ kind: 'go', destination: backend })
  }

  #refused(verdict: Exclude<Ended, { readonly kind: 'allow' | 'backend' }>): void {
    const denied = verdict.kind === 'reject' || verdict.denied === true
    if (denied) this.#denied()
    const state = this.#tarpitted ? 'PT' : denied ? 'PR' : 'LR'
    if (verdict.kind === 'reject') {
      this.#settle({ kind: 'drop', silently: verdict.silently, state })
      return
    }
    const answer = answerOf(verdict.answer, this.#door.answers, this.transaction.edited)
    // The door counts what it answers; that it was for a backend, only the rules know.
    if (denied) this.#backend?.counters.response(answer.status)
    this.#settle({ kind: 'answer', answer, state })
  }

  #denied(): void {
    this.transaction.door.counters.requestsDenied++
    this.#backend?.counters.deny(this.#backend.clock.now())
  }

  #answer(status: AnswerStatus, state: string): void {
    const answer = this.#door.answers.make(status, this.transaction.edited)
    this.#settle({ kind: 'answer', answer, state })
  }

  #settle(settled: Settled<D>): void {
    if (this.#over) return
    this.settled = settled
    this.#stop()
    if (!this.#starting) this.#told(this)
  }

  #stop(): void {
    this.#over = true
    this.#waiting?.cancel()
    this.#bodyTimer?.cancel()
  }

  // ── waits ──────────────────────────────────────────────────────────────────────────────────────────

  #wait(paused: Paused): void {
    this.#tarpitted = paused.verdict !== undefined && paused.delayMs !== undefined
    const wait = new RuleWait(paused, this)
    this.#waiting = wait
    if (paused.body !== undefined) this.#awaitBody(paused.body, wait)
    wait.start(this.#door.clock)
  }

  /** @internal */
  resumed(next: number): void {
    this.#guard(() => this.#run(next))
  }

  /** @internal */
  decided(verdict: Verdict): void {
    this.#guard(() => this.#ended(verdict))
  }

  /** @internal */
  failed(error: unknown): void {
    this.transaction.door.failed(error)
    this.#answer(500, 'IR')
  }

  /** HAProxy's `wait-for-body`; 408 where it takes too long. */
  #awaitBody({ bytes, timeoutMs }: NonNullable<Paused['body']>, wait: RuleWait): void {
    const { body, transaction } = this
    transaction.request.bodyAwaited = true
    const wanted = Math.min(bytes, mostAwaited)
    if (body.complete || body.bytes >= wanted) return
    wait.hold()
    // The client may wait for a word before it sends its body, and no server can give it yet.
    if (transaction.edited.expectContinue === true && body.bytes === 0) {
      this.#client.informational(100, [])
      transaction.edited.expectContinue = false
    }
    this.#bodyTimer = this.#door.clock.setTimeout(() => this.#answer(408, 'cR'), timeoutMs)
    body.gather(wanted, () => {
      this.#bodyTimer?.cancel()
      wait.came()
    })
  }

  // ── the door ───────────────────────────────────────────────────────────────────────────────────────

  clientReady(): void {
    // Nothing was written.
  }

  clientProgress(): void {
    // Its time is limited as a whole.
  }

  requestComplete(): void {
    // The body tells by itself.
  }

  overdue(): void {
    // Waits have timers of their own.
  }

  clientGone(): void {
    if (this.#over) return
    this.#stop()
    this.#client.abort()
    this.transaction.record?.refused(this.#tarpitted ? 'CT' : 'CR', 0, this.#backend)
    this.transaction.tracks?.end()
  }

  refuse(status: AnswerStatus): void {
    this.#answer(status, 'PR')
  }

  shutdown(): void {
    this.#answer(503, 'KR')
  }
}
