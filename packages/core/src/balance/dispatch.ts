/**
 * One request's way through a backend: which server it belongs to, which it has tried, how often it may still
 * try, and how it ended. Every door (HTTP, its own sockets, layer 4) carries its requests with one of these,
 * so that choosing, retrying and counting are written once.
 *
 * ```text
 * place() ── lease ── attempt ── lease.release(outcome) ── ended? ── end(outcome)
 *    ▲                                      │ failed
 *    └───────────── retry(outcome) ◄────────┘ 'same-server' after a pause, or 'another-server'
 * ```
 *
 * Invariant: `end` or `reject` is called exactly once; every lease that `next` gives is released before.
 */

import type { RequestInfo } from '@evener/algorithms'
import type { AffinityRequest, AffinityResponse, HeaderEdits } from '@evener/session'
import type { Backend } from './backend.ts'
import type { NoServerReason } from './counters.ts'
import type { Acquired, Lease, NoServer, Queued } from './lease.ts'
import { type Failed, failed, type Outcome } from './outcome.ts'
import type { Retryable, RetryDecision } from './retry.ts'
import type { Server } from './server.ts'

/**
 * Whether a client stays with a server that is down or in maintenance: not at all; as long as nothing better is tried
 * (`persist`); or whatever comes (`forcePersist`).
 */
export type Staying = 'while-usable' | 'down-too' | 'forced'

/** What backends may know of a request. */
export type BackendRequest = RequestInfo & AffinityRequest & Wishes

/** What rules have said of a request. */
export interface Wishes {
  /** The server that should serve it, before any other, where it is usable. HAProxy's `use-server`. */
  readonly wantedServer?: string | undefined
  /** How long it waits for a server, in milliseconds; as long as the backend says by default. */
  readonly queueMs?: number | undefined
}

/** Who is to be placed on a server. */
export interface Placed {
  /** There is a place. */
  leased(lease: Lease): void
  /** There is none. */
  refused(reason: NoServerReason): void
  /** Do something that may throw, where no caller is there any more to whom it could be thrown. */
  guard(step: () => void): void
}

export class Dispatch {
  readonly backend: Backend
  readonly request: BackendRequest
  /** Attempts that followed the first. */
  retries = 0
  /** How many of them went to another server. */
  redispatches = 0
  /** Its place in the queue when it came to wait, from 1: for its server, or for any. HAProxy's `%sq`, `%bq`. */
  serverQueue = 0
  backendQueue = 0
  /** The id that the affinity found. */
  found: string | undefined
  /** When it began, by the backend's clock. */
  readonly beganAt: number
  /** The last lease, and its server. */
  lease: Lease | undefined
  server: Server | undefined
  #tried: Set<Server> | undefined
  #sticky = false
  #staying: Staying = 'while-usable'
  #ignored = false
  #again: Server | undefined
  #queued: Queued | undefined
  #ended = false

  /** Made by `Backend.dispatch`. */
  constructor(backend: Backend, request: BackendRequest, beganAt: number) {
    this.backend = backend
    this.request = request
    this.beganAt = beganAt
  }

  /** True once it has ended. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Ask the affinity where the client belongs. To be called once, before the first `next`.
   * @returns a promise where the answer is kept outside the process
   */
  locate(): Promise<void> | undefined {
    const { backend, request } = this
    if (backend.affinity === undefined) return undefined
    this.#staying = backend.stayingOf(request)
    this.#ignored = this.#staying !== 'forced' && backend.ignores(request)
    if (this.#ignored) return undefined
    const found = backend.affinity.find(request, backend.reachable(this.#staying))
    if (found === undefined || typeof found === 'string') {
      this.found = found
      return undefined
    }
    return found.then(
      id => {
        this.found = id
      },
      () => undefined,
    )
  }

  /** Take a place on the next server to try. */
  next(): Acquired {
    const again = this.#again
    this.#again = undefined
    const first = again === undefined && this.retries === 0
    if (first && this.request.wantedServer !== undefined) {
      const wanted = this.backend.server(this.request.wantedServer)
      if (wanted?.usable === true) return this.backend.acquire(this.request, undefined, wanted)
    }
    const belongs = first && this.found !== undefined
    const preferred = belongs ? this.backend.server(this.found as string) : again
    const staying = belongs || this.#sticky ? this.#staying : 'while-usable'
    return this.backend.acquire(this.request, this.#tried, preferred, belongs, staying)
  }

  /** Take a place on the next server to try, and wait for it where there is none yet. */
  place(who: Placed): void {
    this.#placed(who, this.next())
  }

  /** Wait no longer. */
  leaveQueue(): void {
    this.#queued?.cancel()
  }

  #placed(who: Placed, acquired: Acquired): void {
    if (acquired.kind === 'lease') who.leased(acquired)
    else if (acquired.kind === 'none') who.refused(acquired.reason)
    else {
      this.#queued = acquired
      if (acquired.forServer) this.serverQueue = acquired.position
      else this.backendQueue = acquired.position
      void acquired.lease.then(result => this.#leftQueue(who, result))
    }
  }

  #leftQueue(who: Placed, result: Lease | NoServer): void {
    this.#queued = undefined
    if (!this.#ended) who.guard(() => this.#placed(who, result))
    // The client went away between the grant and this turn.
    else if (result.kind === 'lease') result.release(failed('queue', 'client', 'client-abort'))
  }

  /** A lease was given: remember it and its server. */
  leased(lease: Lease): void {
    const { server, sticky } = lease
    // A retry on the same server is no second choice: the client still belongs there.
    this.#sticky = sticky || (this.#sticky && server === this.server)
    this.lease = lease
    this.server = server
  }

  /** What to do after a failed attempt. Counts the retry that it decides for. */
  retry(outcome: Failed, request: Retryable): RetryDecision {
    const { backend, server } = this
    const { policy } = backend
    if (server === undefined || this.#ended || this.retries >= policy.retries) return 'give-up'
    if (!policy.allows(outcome, request)) return 'give-up'
    if (outcome.reason !== 'conn-failure' && !backend.retryBudget.withdraw()) {
      backend.counters.retriesRefused++
      return 'give-up'
    }
    this.retries++
    this.#tried ??= new Set()
    this.#tried.add(server)
    const forced = this.#sticky && this.#staying === 'forced'
    const where = forced
      ? 'same-server'
      : policy.where(this.retries, this.#sticky, backend.hasAnother(this.#tried))
    const stays = this.#sticky && this.#staying !== 'while-usable'
    if (where === 'same-server' && (server.usable || stays)) {
      this.#again = server
      backend.retried(server, outcome)
      return 'same-server'
    }
    if (where === 'same-server' && !policy.redispatches) return 'give-up'
    // Where there is no other, it is the same one that is asked again: a retry, as HAProxy counts it.
    if (backend.hasAnother(new Set([server]))) {
      this.redispatches++
      backend.redispatched(server, outcome)
    } else backend.retried(server, outcome)
    return 'another-server'
  }

  /**
   * The server of the last lease serves the client: have the affinity remember it. Where that throws, it is told, and
   * the client is not remembered: what it was served is its own all the same.
   * @returns edits to the response
   */
  bind(response?: AffinityResponse): HeaderEdits | undefined {
    const { backend, server } = this
    if (backend.affinity === undefined || server === undefined || this.#ignored) return undefined
    try {
      return backend.affinity.bind(this.request, server.id, this.found, response)
    } catch (error) {
      backend.emit('fault', error)
      return undefined
    }
  }

  /** It ended with an attempt, or with a client that gave up. */
  end(outcome: Outcome): void {
    if (this.#ended) return
    this.#ended = true
    this.backend.counters.end(outcome)
    const { lease } = this
    if (lease === undefined) return
    if (lease.answeredAt >= 0) this.#timed(lease)
    else if (outcome.kind === 'failed' && outcome.phase === 'connect' && outcome.side === 'server') {
      this.backend.counters.unreached++
      lease.server.counters.unreached++
    }
  }

  /** Its answer has passed, or a part of it: say how long that took, in the phases of the attempt that was answered. */
  #timed({ server, startedAt, connectedAt, answeredAt }: Lease): void {
    const { backend, beganAt } = this
    const connected = connectedAt < 0 ? startedAt : connectedAt
    const totalMs = backend.now() - beganAt
    for (const { times } of [backend.counters, server.counters]) {
      times.queue.add(startedAt - beganAt)
      times.connect.add(connected - startedAt)
      times.response.add(answeredAt - connected)
      times.total.add(totalMs)
    }
  }

  /** It ended without a server. */
  reject(reason: NoServerReason): void {
    if (this.#ended) return
    this.#ended = true
    this.backend.counters.reject(reason)
  }
}
