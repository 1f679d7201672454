/** What the HTTP doors count of the requests that come by them: plain numbers, as those of backends. */
import { ResponseCounters } from '../balance/counters.ts'
import { RateCounter } from '../base/rate-counter.ts'

export class DoorCounters extends ResponseCounters {
  /** Requests, those included that were answered without a backend. */
  requests = 0
  /** Bytes of request bodies and tunnels towards servers, and of response bodies and tunnels towards clients. */
  bytesIn = 0
  bytesOut = 0
  /** Requests per second, now and at most. */
  readonly rate = new RateCounter()
  /** Requests that rules denied, be it after a while. HAProxy's `dreq`. */
  requestsDenied = 0
  /** Responses that rules denied. HAProxy's `dresp`. */
  responsesDenied = 0
  /** Requests answered without a backend, by status. */
  readonly refused: Partial<Record<number, number>> = {}

  /** A request for a backend begins. */
  begin(now: number): void {
    this.requests++
    this.rate.add(now)
  }

  /** A request was answered without becoming one of a backend. */
  refuse(status: number, now: number): void {
    this.begin(now)
    this.response(status)
    this.refused[status] = (this.refused[status] ?? 0) + 1
  }
}
