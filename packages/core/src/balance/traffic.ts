/**
 * What real requests say about a server, told to who may take it out: HAProxy's `observe`, the outlier detector, the
 * circuit breaker.
 *
 * Only what is the server's doing counts: a client that aborts, is slow or sends rubbish, and what Evener itself breaks
 * off, say nothing, neither good nor bad.
 *
 * Cost: for a request a few fields are written; nothing is allocated. A server of which nothing is observed has none of
 * these.
 * Source: HAProxy `check.c`: what counts at which layer; 501 and 505 are for the client's request, and are no errors.
 */
import type { CircuitBreaker, ErrorLimit, OutlierDetector, OutlierRecord } from '@evener/health'
import type { Outcome } from './outcome.ts'

/** What an outcome says of its server: it did well, it failed, or nothing. */
export type Verdict = 'good' | 'bad' | 'none'

/** At layer 7 a status counts as well as the connection. */
export function verdictOf(outcome: Outcome): Verdict {
  if (outcome.kind === 'completed') {
    const { status } = outcome
    return status < 500 || status === 501 || status === 505 ? 'good' : 'bad'
  }
  // A kept connection that the server closed meanwhile is nobody's failure.
  return outcome.side === 'server' && !outcome.stale ? 'bad' : 'none'
}

/** At layer 4 only the connection counts: made or not. */
export function connectionVerdictOf(outcome: Outcome): Verdict {
  if (outcome.kind === 'completed') return 'good'
  if (outcome.phase === 'connect') return outcome.side === 'server' ? 'bad' : 'none'
  return outcome.phase === 'queue' ? 'none' : 'good'
}

/** An error in words, as the statistics and logs of HAProxy say it. */
export function describeError(outcome: Outcome): string {
  if (outcome.kind === 'completed') return `wrong HTTP response ${outcome.status}`
  const cause = outcome.cause === undefined ? '' : `, ${outcome.cause.message}`
  return `${outcome.reason} in ${outcome.phase}${cause}`.slice(0, 200)
}

/** All who look at the traffic of one server; those that are set. */
export class Traffic {
  limit: ErrorLimit | undefined
  breaker: CircuitBreaker | undefined
  detector: OutlierDetector | undefined
  record: OutlierRecord | undefined
  /** Told when so many errors came in a row that something is due. */
  limitReached: ((limit: ErrorLimit, outcome: Outcome) => void) | undefined

  /** There is a connection, or an answer: at layer 4 that is all there is to know. */
  answered(): void {
    if (this.limit?.observed === 'layer4') this.limit.clear()
  }

  /** A request on this server ended. */
  ended(outcome: Outcome, latencyMs: number): void {
    const verdict = verdictOf(outcome)
    if (verdict !== 'none') {
      const ok = verdict === 'good'
      if (this.record !== undefined) this.detector?.count(this.record, ok, latencyMs)
      this.breaker?.count(ok)
    }
    const { limit } = this
    if (limit === undefined) return
    const observed = limit.observed === 'layer4' ? connectionVerdictOf(outcome) : verdict
    if (observed === 'good') limit.clear()
    else if (observed === 'bad' && limit.error()) this.limitReached?.(limit, outcome)
  }
}
