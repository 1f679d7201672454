/**
 * One request and its response, from the door to a server and back.
 *
 * ```text
 *  1 locate    the affinity says where the client belongs            start
 *    look      as much of the body as the balancer wants to see      #look
 *  2 place     a lease on a server, at once or from the queue        #place
 *  3 attempt   the engine connects and sends                         #attempt
 *  4 response  head edited, cookie committed, body passed on         response, data, finished
 *  5 retry     a failure that may be repeated goes back to 2         failed
 *  6 end       lease released, counted, door told                    #end
 * ```
 *
 * It joins four things that know nothing of each other: the {@link Dispatch} (who, how often), the engine (how it
 * travels), the request's body (what can be sent again), and the client's side of the door.
 *
 * Invariant: `#end` runs exactly once, whatever order clients, servers, timers and operators act in; no lease, timer
 * or transfer is left behind by it.
 */
import type { Duplex } from 'node:stream'
import type { HeaderEdits } from '@evener/session'
import type { Backend } from '../balance/backend.ts'
import type { NoServerReason } from '../balance/counters.ts'
import type { Dispatch, Placed } from '../balance/dispatch.ts'
import type { Lease } from '../balance/lease.ts'
import { type Failed, failed, type Outcome, type Phase } from '../balance/outcome.ts'
import type { Server } from '../balance/server.ts'
import type { Timeouts } from '../balance/timeouts.ts'
import type { Timer } from '../base/clock.ts'
import { Deadline } from '../base/deadline.ts'
import { TimeoutError } from '../base/timeout-error.ts'
import type { Tracks } from '../base/tracking.ts'
import type { RequestRecord } from '../log/request-record.ts'
import type { EditedResponse } from '../rules/edited-response.ts'
import type { Ended, Transaction } from '../rules/transaction.ts'
import type { Answer, AnswerStatus } from './answer.ts'
import type { ClientSide } from './client-side.ts'
import type { Attempt, AttemptFailure, Passing, ResponseHead, Transfer } from './engine.ts'
import type { ExchangeSettings } from './exchange-settings.ts'
import { statusOf } from './failure-status.ts'
import { allowedTrailers, edit, endToEnd, type Headers, headerValue } from './headers.ts'
import { addedLines, SeenResponse } from './incoming-head.ts'
import { fieldsOf, outgoingHead } from './outgoing-head.ts'
import { type ClientRequest, isIdempotent } from './request.ts'
import type { RequestBody } from './request-body.ts'
import type { Served } from './served.ts'
import { Tunnel, type TunnelOwner } from './tunnel.ts'
import { wrongHandshake, wrongUpgrade } from './websocket.ts'

/** The most of a body that a balancer is shown. */
const mostLookedAt = 1_048_576

export class Exchange implements Attempt, Placed, Served, TunnelOwner {
  readonly request: ClientRequest
  readonly body: RequestBody
  readonly #client: ClientSide
  readonly #settings: ExchangeSettings
  readonly #backend: Backend
  readonly #dispatch: Dispatch
  readonly #tracks: Tracks | undefined
  readonly #rules: Transaction | undefined
  /** What is written down for the log. */
  readonly #record: RequestRecord | undefined
  #timeouts: Timeouts
  #clientMs: number
  readonly #deadline: Deadline
  readonly #ownsDeadline: boolean
  #headers: Headers | undefined
  #phase: Phase = 'queue'
  #lease: Lease | undefined
  #pause: Timer | undefined
  #transfer: Transfer | undefined
  #tunnel: Tunnel | undefined
  #fresh = false
  #lastFailure: Failed | undefined
  #status = 0
  #clientBlocked = false
  /** Rules have answered in place of the server's response. */
  #answeredHere = false
  /** The balancer wants to see more of the body. */
  #looking = false
  #done = false

  constructor(
    settings: ExchangeSettings,
    backend: Backend,
    request: ClientRequest,
    body: RequestBody,
    client: ClientSide,
    deadline?: Deadline,
    tracks?: Tracks,
    rules?: Transaction,
    record?: RequestRecord,
  ) {
    this.#tracks = tracks
    this.#rules = rules
    this.#record = record
    this.#settings = settings
    this.#backend = backend
    this.#timeouts = rules === undefined ? backend.timeouts : rules.timeouts(backend.timeouts)
    this.#clientMs = rules?.clientMs ?? settings.clientMs
    this.request = request
    this.body = body
    this.#client = client
    this.#dispatch = backend.dispatch(request)
    this.#deadline = deadline ?? new Deadline(backend.clock, () => this.overdue())
    this.#ownsDeadline = deadline === undefined
    settings.counters.begin(this.#dispatch.beganAt)
    settings.began?.(this)
  }

  // ── 1, 2: where ────────────────────────────────────────────────────────────────────────────────────

  /** Begin. */
  start(): void {
    const wrong = this.upgrade === 'websocket' ? wrongHandshake(this.request) : undefined
    if (wrong !== undefined) {
      this.refuse(wrong.status, wrong.message)
      return
    }
    const located = this.#dispatch.locate()
    if (this.#backend.balancer.bodyWanted !== undefined) this.request.body = () => this.body.held
    if (located === undefined) this.#look()
    else void located.then(() => this.guard(() => this.#look()))
  }

  /** Wait for as much of the body as the balancer wants to see before it chooses. */
  #look(): void {
    const { body, request } = this
    if (this.#done) return
    this.#looking = false
    if (!body.complete && body.bytes < mostLookedAt) {
      const wanted = this.#backend.balancer.bodyWanted?.(request) ?? 0
      if (wanted > body.bytes) {
        // The client may wait for a word before it sends its body, and no server can give it yet.
        if (request.expectContinue === true && body.bytes === 0) this.#client.informational(100, [])
        this.#looking = true
        this.#deadline.arm(this.#clientMs)
        body.gather(Math.min(wanted, mostLookedAt), () => this.guard(() => this.#look()))
        return
      }
    }
    if (body.bytes > 0) this.#deadline.rest()
    this.#place()
  }

  #place(): void {
    if (this.#done) return
    this.#phase = 'queue'
    this.#dispatch.place(this)
  }

  /** The same, where no caller is there any more to whom an error of the host's own could be thrown. */
  #placeLater(): void {
    this.guard(() => this.#place())
  }

  /** Do something that may call what the host has plugged in. */
  guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#backend.emit('fault', error)
      this.fail(error)
    }
  }

  /** End it with a 500: what the host has plugged in threw. */
  fail(error: unknown): void {
    if (this.#done) return
    this.#stop()
    this.#reply(500)
    this.#end(failed(this.#phase, 'proxy', 'internal', error as Error))
  }

  /** It got no server. */
  refused(reason: NoServerReason): void {
    const failure = this.#lastFailure
    if (failure === undefined) {
      this.#reply(503)
      this.#finish(reason)
      return
    }
    // It had a server, which failed it, and got no other: it ends with that failure.
    this.#reply(statusOf(failure))
    this.#end(failure)
  }

  // ── 3: attempt ─────────────────────────────────────────────────────────────────────────────────────

  /** It has a place on a server. */
  leased(lease: Lease): void {
    this.#lease = lease
    lease.session = this
    this.#dispatch.leased(lease)
    this.#attempt()
  }

  #attempt(): void {
    this.#phase = 'connect'
    const transfer = this.#settings.engine.attempt(this)
    // On a kept connection the body is taken at once, and what the client had sent of it may be refused within the call.
    if (this.#done) transfer.abort()
    else {
      this.#transfer = transfer
      if (this.#phase === 'connect') this.#deadline.arm(this.#timeouts.connectMs)
    }
  }

  get server(): Server {
    return (this.#lease as Lease).server
  }

  get headers(): Headers {
    this.#headers ??= fieldsOf(this.head(''))
    return this.#headers
  }

  get fresh(): boolean {
    return this.#fresh
  }

  get upgrade(): string | undefined {
    return this.request.upgrade
  }

  head(ownLines: string): string {
    const { affinity } = this.#backend
    return outgoingHead(this.request, this.server, this.#settings.forwarding, affinity, ownLines)
  }

  connected(): void {
    ;(this.#lease as Lease).connected()
    if (this.body.complete) this.#wait()
    else {
      this.#phase = 'send'
      this.#deadline.arm(Math.min(this.#clientMs, this.#timeouts.serverMs))
    }
  }

  #wait(): void {
    this.#phase = 'wait'
    this.#deadline.arm(this.#timeouts.responseMs)
  }

  progress(): void {
    this.#deadline.touch()
  }

  // ── 4: response ────────────────────────────────────────────────────────────────────────────────────

  informational(status: number, rawHeaders: readonly string[]): void {
    this.#deadline.touch()
    this.#client.informational(status, endToEnd(rawHeaders))
  }

  response(came: ResponseHead): 'unwanted' | Passing {
    this.server.counters.response(came.status)
    ;(this.#lease as Lease).answered()
    if (this.#backend.policy.retriesStatus(came.status) && this.#retryStatus()) return 'unwanted'
    const rules = this.#rules
    const edited = rules === undefined ? undefined : this.#edited(came, rules)
    if (edited === 'refused') return 'unwanted'
    const head = edited === undefined ? came : edited.sent(came)
    const edits = edited === undefined ? this.#bind(came) : edited.edits
    const passing = this.#client.respond(head, edits, addedLines(came, this.request, this.#settings, edited))
    if (passing === undefined) {
      const cause = new Error('the response head cannot be passed on')
      this.#attemptFailed(failed('wait', 'server', 'junk-response', cause))
      return 'unwanted'
    }
    this.#status = head.status
    if (this.#record !== undefined) this.#record.head = came
    this.#backend.counters.response(head.status)
    this.#settings.counters.response(head.status)
    this.#tracks?.responded(head.status)
    this.#phase = 'receive'
    this.body.commit()
    return passing
  }

  /** What rules make of a server's response; `refused` where they answered in its place, undefined where none look at it. */
  #edited(came: ResponseHead, rules: Transaction): EditedResponse | 'refused' | undefined {
    rules.variables.forgetRequest()
    if (!rules.seeResponses(this.#backend)) return undefined
    const verdict = rules.responded(came, this.server, this.#backend)
    const response = rules.response as EditedResponse
    if (verdict !== undefined) {
      this.#refuseResponse(verdict, rules)
      return 'refused'
    }
    this.#timeouts = rules.timeouts(this.#backend.timeouts)
    this.#clientMs = rules.clientMs ?? this.#settings.clientMs
    if (this.#backend.affinity !== undefined) {
      const edits = this.#dispatch.bind(response)
      this.#record?.bound(this.#dispatch, response, edits)
      response.edit(edits)
    }
    rules.afterwards(this.#backend)
    return response
  }

  #refuseResponse(verdict: Ended, rules: Transaction): void {
    this.#transfer = undefined
    const denied = rules.countDenied(verdict, this.server, this.#backend)
    const answer = rules.answerOf(verdict, this.#settings.answers)
    this.#answeredHere = !denied
    if (answer === undefined) this.#client.abort()
    else this.#answer(answer)
    this.#end(
      denied
        ? failed('wait', 'proxy', 'denied')
        : { kind: 'completed', phase: 'receive', status: this.#status },
    )
  }

  /** What only the attempt that won may say: where the client belongs. */
  #bind(head: ResponseHead): HeaderEdits | undefined {
    if (this.#backend.affinity === undefined) return undefined
    const seen = new SeenResponse(head)
    const edits = this.#dispatch.bind(seen)
    this.#record?.bound(this.#dispatch, seen, edits)
    return edits
  }

  flush(): void {
    this.#deadline.arm(Math.min(this.#clientMs, this.#timeouts.serverMs))
    this.#client.flush()
  }

  data(chunk: Buffer): boolean {
    this.server.counters.bytesOut += chunk.length
    this.#backend.counters.bytesOut += chunk.length
    this.#settings.counters.bytesOut += chunk.length
    this.#tracks?.count('bytes_out', chunk.length)
    if (this.#client.write(chunk)) return true
    this.#clientBlocked = true
    return false
  }

  finished(trailers: readonly string[]): void {
    this.#transfer = undefined
    const outcome: Outcome = { kind: 'completed', phase: 'receive', status: this.#status }
    this.body.discard()
    this.#client.end(trailers.length === 0 ? trailers : allowedTrailers(trailers))
    this.#end(outcome)
  }

  upgraded(head: ResponseHead, socket: Duplex, firstBytes: Buffer): void {
    this.#transfer = undefined
    this.server.counters.response(101)
    ;(this.#lease as Lease).answered()
    const wrong = wrongUpgrade(this.request, head.rawHeaders)
    if (wrong !== undefined) {
      this.#spoiled(socket, wrong)
      return
    }
    const edited = this.#rules === undefined ? undefined : this.#edited(head, this.#rules)
    if (edited === 'refused') {
      socket.destroy()
      return
    }
    const headers = endToEnd(head.rawHeaders)
    headers.push('Connection', 'Upgrade', 'Upgrade', headerValue(head.rawHeaders, 'upgrade') as string)
    edit(headers, edited === undefined ? this.#bind(head) : edited.edits)
    const client = this.#client.switchProtocols(head.reason, headers)
    if (client === 'gone') {
      socket.destroy()
      this.#end(failed('wait', 'client', 'client-abort'))
      return
    }
    if (client === 'unsendable') {
      this.#spoiled(socket, 'its 101 cannot be passed on')
      return
    }
    this.#status = 101
    this.#phase = 'tunnel'
    this.#backend.counters.response(101)
    this.#settings.counters.response(101)
    this.#deadline.disarm()
    this.#tunnel = new Tunnel(
      client.socket,
      socket,
      this,
      this.#timeouts.tunnelMs,
      this.#backend.clock,
      this.upgrade === 'websocket',
    )
    this.#settings.tunnelling?.(this)
    if (client.firstBytes.length > 0) client.socket.unshift(client.firstBytes)
    if (firstBytes.length > 0) socket.unshift(firstBytes)
  }

  /** The server has changed protocols in a way that the client must not see. */
  #spoiled(socket: Duplex, why: string): void {
    socket.destroy()
    this.#attemptFailed(failed('wait', 'server', 'junk-response', new Error(`the server: ${why}`)))
  }

  tunnelled(direction: 'in' | 'out', bytes: number): void {
    const counter = direction === 'in' ? 'bytesIn' : 'bytesOut'
    this.server.counters[counter] += bytes
    this.#backend.counters[counter] += bytes
    this.#settings.counters[counter] += bytes
    this.#tracks?.count(direction === 'in' ? 'bytes_in' : 'bytes_out', bytes)
    this.#record?.tunnelled(direction, bytes)
  }

  tunnelEnded(outcome: Outcome): void {
    this.#tunnel = undefined
    this.#end(outcome)
  }

  /** Close its tunnel once neither side has said anything for so long. */
  closeWhenQuiet(quietMs: number): void {
    this.#tunnel?.closeWhenQuiet(quietMs, () => this.shutdown())
  }

  // ── 5: failure and retry ───────────────────────────────────────────────────────────────────────────

  failed(failure: AttemptFailure): void {
    this.#transfer = undefined
    // A stale connection says nothing about the server: the same lease, on a new connection.
    const unprocessed = failure.unprocessed === true && this.body.replayable
    if (failure.stale && !this.#fresh && (unprocessed || this.#repeatable)) {
      this.#fresh = true
      this.#attempt()
      return
    }
    const internal = failure.reason === 'internal'
    if (internal) this.#dispatch.backend.emit('fault', failure.cause)
    const side = internal ? 'proxy' : 'server'
    this.#attemptFailed(failed(failure.phase, side, failure.reason, failure.cause, failure.stale))
  }

  get #repeatable(): boolean {
    return isIdempotent(this.request.method) && this.body.replayable
  }

  #retryStatus(): boolean {
    const outcome = failed('wait', 'server', 'retry-status')
    const decision = this.#decide(outcome)
    if (decision === 'give-up') return false
    this.#transfer = undefined
    this.#again(outcome, decision)
    return true
  }

  #decide(outcome: Failed): 'give-up' | 'same-server' | 'another-server' {
    return this.#dispatch.retry(outcome, {
      idempotent: isIdempotent(this.request.method),
      replayable: this.body.replayable,
    })
  }

  #attemptFailed(outcome: Failed): void {
    this.#transfer = undefined
    if (this.#status !== 0) {
      // The client has, or now gets, part of a response: only breaking off tells it that the rest is missing.
      this.#client.flush()
      this.#client.abort()
      this.#end(outcome)
      return
    }
    const decision = this.#decide(outcome)
    if (decision === 'give-up') {
      this.#reply(statusOf(outcome))
      this.#end(outcome)
    } else this.#again(outcome, decision)
  }

  #again(outcome: Failed, decision: 'same-server' | 'another-server'): void {
    this.#deadline.rest()
    this.#fresh = false
    this.#lastFailure = outcome
    // The head may name the server, for a client of HTTP/1.0 that named no host.
    this.#headers = undefined
    this.#releaseLease(outcome)
    const { policy, clock } = this.#backend
    const pauseMs = decision === 'same-server' ? Math.min(policy.retryDelayMs, this.#timeouts.connectMs) : 0
    if (pauseMs === 0) this.#placeLater()
    else this.#pause = clock.setTimeout(() => this.#placeLater(), pauseMs)
  }

  /** Something took too long. By what is waited for, it is the client's doing or the server's. */
  overdue(): void {
    const timeouts = this.#timeouts
    const waitsForClient =
      this.#looking ||
      (this.#phase === 'receive' ? this.#clientBlocked : this.#phase === 'send' && !this.body.blocked)
    const limitMs = waitsForClient
      ? this.#clientMs
      : this.#phase === 'connect'
        ? timeouts.connectMs
        : this.#phase === 'wait'
          ? timeouts.responseMs
          : timeouts.serverMs
    if (this.#deadline.idleMs < limitMs) {
      this.#deadline.extend(limitMs)
      return
    }
    const phase = this.#phase
    if (waitsForClient) {
      this.#abandon(failed(phase, 'client', 'client-timeout'), 408)
      return
    }
    this.#transfer?.abort()
    const reason =
      phase === 'connect' ? 'conn-failure' : phase === 'receive' ? 'broken-response' : 'response-timeout'
    this.#attemptFailed(
      failed(phase, 'server', reason, new TimeoutError(`nothing from the server for ${limitMs} ms`)),
    )
  }

  // ── the door ───────────────────────────────────────────────────────────────────────────────────────

  /** The client can take more of the response. */
  clientReady(): void {
    this.#clientBlocked = false
    this.#deadline.touch()
    this.#transfer?.resume()
  }

  /** A piece of the request's body came. */
  clientProgress(): void {
    this.#deadline.touch()
  }

  /** The request's body is whole and handed on. */
  requestComplete(): void {
    if (this.#phase === 'send') this.#wait()
  }

  /** The client is gone. */
  clientGone(cause?: Error): void {
    this.#abandon(failed(this.#phase, 'client', 'client-abort', cause))
  }

  /** The request turned out to be wrong while it was under way: its body is too large, or is not valid. */
  refuse(status: AnswerStatus, message?: string): void {
    this.#abandon(failed(this.#phase, 'client', 'bad-request'), status, message)
  }

  get clientAddress(): string {
    return this.request.sourceAddress
  }

  get what(): string {
    return `${this.request.method} ${this.request.uri}`
  }

  /** Break it off: the deadline of a graceful close. */
  shutdown(): void {
    this.#abandon(failed(this.#phase, 'proxy', 'shutdown'), 503)
  }

  /** End it without a word to the client, whom the host answers: what it has plugged in threw. */
  giveUp(error: unknown): void {
    if (this.#done) return
    this.#stop()
    this.body.discard()
    this.#end(failed(this.#phase, 'proxy', 'internal', error as Error))
  }

  /** Nothing goes on that is under way. */
  #stop(): void {
    this.#transfer?.abort()
    this.#transfer = undefined
    this.#dispatch.leaveQueue()
    this.#pause?.cancel()
  }

  #abandon(outcome: Failed, status?: AnswerStatus, message?: string): void {
    if (this.#done) return
    this.#stop()
    const tunnel = this.#tunnel
    this.#tunnel = undefined
    if (tunnel !== undefined) {
      // The tunnel ends the exchange when it has closed both sides.
      tunnel.shutdown()
      return
    }
    if (status !== undefined && this.#status === 0) this.#reply(status, message)
    else this.#client.abort()
    this.#end(outcome)
  }

  // ── 6: end ─────────────────────────────────────────────────────────────────────────────────────────

  #reply(status: AnswerStatus, message?: string): void {
    this.#answer(this.#settings.answers.make(status, this.request, message))
  }

  #answer(made: Answer): void {
    const answer = this.#rules === undefined ? made : this.#rules.answered(made, this.#backend)
    this.#status = answer.status
    this.#backend.counters.response(answer.status)
    this.#settings.counters.response(answer.status)
    this.body.discard()
    this.#client.answer(answer)
  }

  #end(outcome: Outcome): void {
    this.#releaseLease(outcome)
    if (!this.#done) this.#tracks?.outcome(outcome)
    this.#finish(outcome)
  }

  #finish(outcome: Outcome | NoServerReason): void {
    if (this.#done) return
    this.#done = true
    // A door's own deadline has gone on to what follows the response.
    if (this.#ownsDeadline) this.#deadline.disarm()
    this.#backend.counters.bytesIn += this.body.bytes
    this.#settings.counters.bytesIn += this.body.bytes
    if (typeof outcome === 'string') this.#dispatch.reject(outcome)
    else this.#dispatch.end(outcome)
    const tracks = this.#tracks
    if (tracks !== undefined && this.body.bytes > 0) tracks.count('bytes_in', this.body.bytes)
    // Its line may ask what it tracks.
    this.#record?.ended(this.#dispatch, outcome, this.#status, this.body.bytes, this.#answeredHere)
    tracks?.end()
    this.#settings.ended(this)
  }

  #releaseLease(outcome: Outcome): void {
    const lease = this.#lease
    if (lease === undefined) return
    this.#lease = undefined
    lease.server.counters.bytesIn += this.body.bytes
    lease.release(outcome)
  }
}
