/**
 * Plain numbers that only grow, but for those named `…Now`. A reader samples them; nothing is announced.
 *
 * They hold to one equation, at every moment, for each server and each backend:
 * `requests = requestsNow + completed + failed + aborted + rejected`.
 */
import type { Outcome } from './outcome.ts'

/** What servers and backends both count. */
export class TrafficCounters {
  /** Requests taken. A retry on a server is another request for that server, and none for the backend. */
  requests = 0
  /** Requests under way. */
  requestsNow = 0
  /** The most requests that were ever under way at once. */
  requestsMax = 0
  /** Requests whose response, or tunnel, passed whole. */
  completed = 0
  /** Requests that failed by the server's or Evener's own doing. */
  failed = 0
  /** Requests that the client gave up. */
  aborted = 0
  /** Requests that waited in the queue; those waiting now; the most that ever waited at once. */
  queued = 0
  queueNow = 0
  queueMax = 0
  /** Bytes of request bodies and tunnels towards the server. */
  bytesIn = 0
  /** Bytes of response bodies and tunnels towards the client. */
  bytesOut = 0
  /** Attempts that followed a failed one on the same server. */
  retries = 0
  /** Attempts that were moved to another server after a failure. */
  redispatches = 0
  /** Attempts that ended without a connection. */
  connectErrors = 0
  /** Attempts that ended with a missing, late, invalid or broken response. */
  responseErrors = 0
  /** Responses by the first digit of their status. */
  responses1xx = 0
  responses2xx = 0
  responses3xx = 0
  responses4xx = 0
  responses5xx = 0

  /** A request begins. */
  begin(): void {
    this.requests++
    if (++this.requestsNow > this.requestsMax) this.requestsMax = this.requestsNow
  }

  /** A request that began has ended. */
  end(outcome: Outcome): void {
    this.requestsNow--
    if (outcome.kind === 'completed') this.completed++
    else if (outcome.side === 'client') this.aborted++
    else this.failed++
  }

  /** An attempt failed by the server's doing. */
  error(outcome: Outcome): void {
    if (outcome.kind === 'completed' || outcome.side !== 'server') return
    if (outcome.phase === 'connect') this.connectErrors++
    else this.responseErrors++
  }

  /** A response head arrived or, for a backend, was sent to the client. */
  response(status: number): void {
    if (status < 200) this.responses1xx++
    else if (status < 300) this.responses2xx++
    else if (status < 400) this.responses3xx++
    else if (status < 500) this.responses4xx++
    else this.responses5xx++
  }

  /** A request joins the queue. */
  enqueue(): void {
    this.queued++
    if (++this.queueNow > this.queueMax) this.queueMax = this.queueNow
  }
}

/** What is counted for a server. */
export class ServerCounters extends TrafficCounters {
  /** Health checks done, and those that failed. */
  checks = 0
  checksFailed = 0
  /** How often so many errors of real requests came in a row that `onError` was done. */
  errorLimits = 0
  /** How often it was taken out as an outlier, and how often its circuit opened. */
  ejections = 0
  circuitOpenings = 0
  /** How often it went from up to down. */
  downTransitions = 0
}

/** Why a backend could not give a server. */
export type NoServerReason =
  /** No server is up, or none has a weight above 0. */
  | 'no-server'
  /** The queue holds as many requests as it may. */
  | 'queue-full'
  /** The request waited as long as it may. */
  | 'queue-timeout'
  /** The backend has been closed. */
  | 'closed'

/** What is counted for a backend. */
export class BackendCounters extends TrafficCounters {
  /** Requests that got no server. */
  rejected = 0
  /** The same by reason. */
  readonly rejectedBy: Record<NoServerReason, number> = {
    'no-server': 0,
    'queue-full': 0,
    'queue-timeout': 0,
    closed: 0,
  }
  /** Requests that went to the server that their affinity named. */
  sticky = 0
  /** Retries that the budget did not allow. */
  retriesRefused = 0

  /** A request that began ends without a server. */
  reject(reason: NoServerReason): void {
    this.requestsNow--
    this.rejected++
    this.rejectedBy[reason]++
  }
}
