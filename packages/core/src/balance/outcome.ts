/**
 * How an attempt ended: a value, not an exception, because most of these are ordinary.
 *
 * It names the *phase* it happened in, the *side* whose doing it was, and the *reason* in HAProxy's words
 * (manual, "retry-on"), from which {@link RetryPolicy} decides whether another attempt is safe. What a
 * client does is never counted against a server.
 */

/** Where on its way the request was. `queue` is before a server was chosen, `tunnel` after an upgrade. */
export type Phase = 'queue' | 'connect' | 'send' | 'wait' | 'receive' | 'tunnel'

/** Whose doing it was. */
export type Side = 'client' | 'server' | 'proxy'

/** What went wrong. */
export type FailureReason =
  /** No connection to the server, TLS included: nothing of the request has been sent. */
  | 'conn-failure'
  /** The connection ended before the first byte of an answer. */
  | 'empty-response'
  /** What came is not a valid HTTP response. */
  | 'junk-response'
  /** No answer in time. */
  | 'response-timeout'
  /** A status that the policy asks to retry. */
  | 'retry-status'
  /** The answer began and did not end as it should. */
  | 'broken-response'
  /** The client went away. */
  | 'client-abort'
  /** The client sent or read nothing for too long. */
  | 'client-timeout'
  /** A rule denied the response, which was answered in its place. */
  | 'denied'
  /** The request cannot be sent on as it is. */
  | 'bad-request'
  /** Something that the host has plugged in threw. */
  | 'internal'
  /** Shut by Evener itself: a deadline of a graceful close, or sessions of a server shut by its operator. */
  | 'shutdown'

/** The attempt went well: the whole response, or the whole tunnel, has passed. */
export interface Completed {
  readonly kind: 'completed'
  readonly phase: 'receive' | 'tunnel'
  /** The status of the response; 101 for a tunnel; 0 where there is none, as at layer 4. */
  readonly status: number
}

/** The attempt failed. */
export interface Failed {
  readonly kind: 'failed'
  readonly phase: Phase
  readonly side: Side
  readonly reason: FailureReason
  /** The connection had served before and was closed by the server meanwhile: the request was not looked at. */
  readonly stale: boolean
  /** What the system or the parser said. */
  readonly cause: Error | undefined
}

export type Outcome = Completed | Failed

/** Make a failure. */
export function failed(
  phase: Phase,
  side: Side,
  reason: FailureReason,
  cause?: Error | undefined,
  stale = false,
): Failed {
  return { kind: 'failed', phase, side, reason, stale, cause }
}

/** True where the server did what it should: it answered, or it was the client that ended the attempt. */
export function serverIsFine(outcome: Outcome): boolean {
  return outcome.kind === 'completed' || outcome.side !== 'server'
}
