/**
 * Plain numbers that only grow, but for those named `…Now`. A reader samples them; nothing is announced.
 *
 * They hold to one equation, at every moment, for each server and each backend:
 * `requests = requestsNow + completed + failed + aborted + rejected + requestsDenied`; a server rejects and denies none.
 */
import { RateCounter } from '../base/rate-counter.ts'
import type { Outcome } from './outcome.ts'
import { RequestTimes } from './request-times.ts'

/** Responses by the first digit of their status: what doors, backends and servers all count. */
export class ResponseCounters {
  responses1xx = 0
  responses2xx = 0
  responses3xx = 0
  responses4xx = 0
  responses5xx = 0

  /** A response head arrived or, for a backend or a door, was sent to the client. */
  response(status: number): void {
    if (status < 200) this.responses1xx++
    else if (status < 300) this.responses2xx++
    else if (status < 400) this.responses3xx++
    else if (status < 500) this.responses4xx++
    else this.responses5xx++
  }
}

/** What servers and backends both count. */
export class TrafficCounters extends ResponseCounters {
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
  /** Requests that ended without any connection; for a server, where it was the last that was tried. */
  unreached = 0
  /** Attempts that ended with a missing, late, invalid or broken response. */
  responseErrors = 0
  /** Requests whose response, or tunnel, was broken off by the server, and by the client. */
  cutByServer = 0
  cutByClient = 0
  /** Requests for which the balancer chose the server. */
  balanced = 0
  /** When the last request began, by the backend's clock; minus infinity before the first. */
  lastBeganAt = Number.NEGATIVE_INFINITY
  /** Requests per second, now and at most. */
  readonly rate = new RateCounter()
  /** How long those took that were answered. */
  readonly times = new RequestTimes()

  /** A request begins. */
  begin(now: number): void {
    this.requests++
    this.lastBeganAt = now
    this.rate.add(now)
    if (++this.requestsNow > this.requestsMax) this.requestsMax = this.requestsNow
  }

  /** A request that began has ended. */
  end(outcome: Outcome): void {
    this.requestsNow--
    if (outcome.kind === 'completed') {
      this.completed++
      return
    }
    const passing = outcome.phase === 'receive' || outcome.phase === 'tunnel'
    if (outcome.side === 'client') {
      this.aborted++
      if (passing) this.cutByClient++
    } else {
      this.failed++
      if (passing && outcome.side === 'server') this.cutByServer++
    }
  }

  /** An attempt failed by the server's doing. */
  error(outcome: Outcome): void {
    if (outcome.kind === 'completed' || outcome.side !== 'server') return
    if (outcome.phase === 'connect') this.connectErrors++
    else this.responseErrors++
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
  /** Responses of it that rules denied. HAProxy's `dresp`. */
  responsesDenied = 0
  /** Connections begun, and requests that went on one that was kept. */
  connects = 0
  reuses = 0
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
  /** Requests, and responses, that rules denied: the backend's, and of responses the door's. HAProxy's `dreq`, `dresp`. */
  requestsDenied = 0
  responsesDenied = 0
  /** Retries that the budget did not allow. */
  retriesRefused = 0
  /** How often its last server went, so that nobody was left to serve. */
  downTransitions = 0

  /** A request came, and the backend's rules denied it. */
  deny(now: number): void {
    this.begin(now)
    this.requestsNow--
    this.requestsDenied++
  }

  /** A request that began ends without a server. */
  reject(reason: NoServerReason): void {
    this.requestsNow--
    this.rejected++
    this.rejectedBy[reason]++
  }
}
