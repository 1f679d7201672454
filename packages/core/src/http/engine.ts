/**
 * The seam between an exchange and what carries it: an engine takes one attempt to one server.
 *
 * Calls go both ways, and no promise is made per attempt, because this is the per-request path: the exchange
 * implements {@link Attempt}, the engine returns a {@link Transfer}. The engine's contract suite
 * (`@evener/core/contract`) says what correct is; it takes any engine.
 */
import type { Duplex } from 'node:stream'
import type { ResponseHead as Http1ResponseHead } from '@evener/http1'
import type { ServerConnectionView } from '@evener/rules'
import type { FailureReason, Phase } from '../balance/outcome.ts'
import type { Server } from '../balance/server.ts'
import type { ClientRequest } from './request.ts'
import type { RequestBody } from './request-body.ts'

/** The head of a server's response. */
export interface ResponseHead {
  /** 200 to 599; 1xx come by {@link Attempt.informational}. */
  readonly status: number
  /** The reason phrase, perhaps empty. */
  readonly reason: string
  /** Names and values in turn, as the server sent them, hop-by-hop ones included. */
  readonly rawHeaders: readonly string[]
  /** True where a body follows or may follow; false for HEAD, 204, 304. */
  readonly hasBody: boolean
  /** The same as the codec read it, where it did: who writes bytes goes on from there. */
  readonly parsed?: Http1ResponseHead | undefined
  /** The connection that it came by, for rules; undefined where the engine does not say. To be asked before the response is whole. */
  readonly connection?: ServerConnectionView | undefined
}

/**
 * Pieces of a response's body up to this size may lie in memory that is read into again right after the call, whatever
 * {@link Attempt.data} answers: whoever cannot pass them on within it copies them.
 */
export const lentPieceBytes = 4_096

/** In which form a body passes: its content, or as it stands on the wire with its chunk framing. */
export type Passing = 'content' | 'wire'

/** Why an attempt failed on the server's side. */
export interface AttemptFailure {
  readonly phase: Phase
  readonly reason: FailureReason
  /** A kept-alive connection had been closed by the server: the request was not looked at. */
  readonly stale: boolean
  /** The server has said that it did not look at the request: it may be sent again whatever its method. */
  readonly unprocessed?: boolean
  readonly cause: Error | undefined
}

/**
 * One attempt, as the engine sees it. The engine calls back, in this order, and all but `connected` only after
 * `attempt()` has returned:
 * `connected`, `informational`*, then `response` and `data`* and `finished`, or `upgraded`; or, at any point instead,
 * `failed`. After `finished`, `upgraded`, `failed` or {@link Transfer.abort} it calls no more.
 */
export interface Attempt {
  readonly server: Server
  readonly request: ClientRequest
  /** The headers to send, names and values in turn: end-to-end ones only, ours included. Framing is the engine's. */
  readonly headers: readonly string[]
  /** The same as the text of a whole head, request line and empty line included, with these lines of the engine's. */
  head(ownLines: string): string
  /** What follows them. The engine attaches to it once it is connected, and detaches when it has ended. */
  readonly body: RequestBody
  /** True where a kept-alive connection must not be used: the last one had gone stale. */
  readonly fresh: boolean
  /** The protocol to change to, if the server agrees. */
  readonly upgrade: string | undefined

  /** There is a connection, TLS included: from here on the server may see the request. */
  connected(): void
  /** A 1xx response other than 101. */
  informational(status: number, rawHeaders: readonly string[]): void
  /**
   * The head, and the question in which form the body is wanted: its `content`, or as it stands on the `wire`, chunk
   * framing and trailers included (asked for only where the head has `parsed`). `unwanted`: the engine gives the server
   * up and calls no more.
   */
  response(head: ResponseHead): 'unwanted' | Passing
  /**
   * A piece of the body. False: hold the rest back until {@link Transfer.resume}; the piece is still needed, unless it is
   * as small as {@link lentPieceBytes}. True: an engine that {@link Engine.lendsBuffers} may read into the same memory
   * again.
   */
  data(chunk: Buffer): boolean
  /**
   * All that is at hand has been told, and more of the response is to come: what was held together for one write goes
   * out. To be called at the end of each turn with a `response` or `data`; the server's silence is measured from here.
   */
  flush(): void
  /** The response is whole. Trailers are names and values in turn. */
  finished(trailers: readonly string[]): void
  /** The server agreed to change protocols: the connection is the exchange's now. Each of its sides ends by itself. */
  upgraded(head: ResponseHead, socket: Duplex, firstBytes: Buffer): void
  /** It ended otherwise. */
  failed(failure: AttemptFailure): void
  /** Something moved towards the server: its silence is measured from here. */
  progress(): void
}

/** An attempt under way, as the exchange sees it. */
export interface Transfer {
  /** Go on with the response's body. */
  resume(): void
  /** Give up: close the connection, call no more. Without effect once it has ended. */
  abort(): void
}

/** What carries requests to servers. One engine may serve many backends and doors. */
export interface Engine {
  /** For logs: `http-proxy-3`, `evener`. */
  readonly name: string
  /** True where the pieces of a response lie in memory that the engine reads into again. */
  readonly lendsBuffers?: boolean
  /** True where request bodies are taken as they stand on the wire; otherwise as their content. */
  readonly takesWire?: boolean
  /** Begin an attempt. Never throws: what goes wrong is told by {@link Attempt.failed}. */
  attempt(attempt: Attempt): Transfer
  /** Close idle connections to servers. Attempts under way go on. */
  close(): void
}
