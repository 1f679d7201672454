/**
 * What Node's parser cannot read gets an answer of the door's own, in its turn: Node by itself writes a bare 400 at
 * once, over the response that may be under way, and closes.
 *
 * Invariant: one answer for each connection, after the responses to what came before, and none to a request that has
 * had its own; nothing that follows on the connection is served.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { statusLine } from '@evener/http1'
import { monotonic } from '../base/clock.ts'
import type { Answer, AnswerStatus } from './answer.ts'
import { textOfPairs } from './head-text.ts'
import { answering } from './turn.ts'

/** How long, and how much, a client may go on sending, so that it comes to read its answer. */
const lingerMs = 5_000
const lingerBytes = 1_048_576

/** The door, as far as this needs it. */
export interface MalformedOwner {
  /** The answer, counted. */
  refusal(status: AnswerStatus): Answer
  /** That answer, of so many bytes, is on its way; for the log. */
  unread(socket: Duplex, status: AnswerStatus, bytes: number): void
  /** End the exchange to which this request's body belongs. False where there is none under way. */
  refuseBody(req: IncomingMessage, res: ServerResponse, status: AnswerStatus): boolean
}

export class Malformed {
  readonly #owner: MalformedOwner
  /** How much of each connection is read at most. */
  readonly #seen = new WeakMap<Duplex, number>()

  constructor(owner: MalformedOwner) {
    this.#owner = owner
  }

  /** To be called with what a server tells by its `clientError` event. */
  handle(error: ParseError, socket: Duplex): void {
    const most = this.#seen.get(socket)
    if (most !== undefined) {
      // Node goes on parsing what can no longer be parsed, with an error for every read.
      if (bytesRead(socket) < most) return
      if (socket.writableEnded) socket.destroy()
      else socket.pause()
      return
    }
    const status = statusOf(error)
    // The client has gone, or does not speak TLS.
    if (status === undefined) socket.destroy()
    else {
      this.#seen.set(socket, bytesRead(socket) + lingerBytes)
      this.#settle(socket, status, inBodies.has(error.code as string))
    }
  }

  #settle(socket: Duplex, status: AnswerStatus, inBody: boolean): void {
    if (socket.destroyed || !socket.writable) {
      socket.destroy()
      return
    }
    const res = answering(socket)
    if (res === undefined) {
      // A body after its response, or a next request after it.
      if (inBody) socket.destroy()
      else this.#answer(socket, status)
    } else if (res.req.complete) {
      // A request that has waited for its turn begins in the next tick.
      res.once('close', () => setImmediate(() => this.#settle(socket, status, inBody)))
    } else if (!this.#owner.refuseBody(res.req, res, status)) {
      if (res.headersSent) socket.destroy()
      else this.#answer(socket, status)
    }
  }

  #answer(socket: Duplex, status: AnswerStatus): void {
    const { headers, body } = this.#owner.refusal(status)
    const head = `${statusLine(status)}${textOfPairs(headers)}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]))
    this.#owner.unread(socket, status, head.length + body.length)
    const linger = monotonic.setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => linger.cancel())
    this.#seen.set(socket, bytesRead(socket) + lingerBytes)
    socket.resume()
  }
}

/** What Node adds to an error of its parser. */
interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
}

function bytesRead(socket: Duplex): number {
  return (socket as Socket).bytesRead ?? 0
}

/** Node's code for what is wrong, as a status. Undefined where there is nobody to answer. */
function statusOf({ code, rawPacket }: ParseError): AnswerStatus | undefined {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413
    case 'HPE_INVALID_VERSION':
      // Node calls a version invalid, too, that does not end as it must.
      return otherVersion.test(rawPacket?.toString('latin1') ?? '') ? 505 : 400
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    // The client ended its side in the middle of a message.
    case 'HPE_INVALID_EOF_STATE':
      return undefined
    default:
      return code?.startsWith('HPE_') === true ? 400 : undefined
  }
}

const otherVersion = / HTTP\/(?!1\.[01]\r)\d\.\d\r\n/

/** What is wrong in a body, and never in a head. */
const inBodies: ReadonlySet<string> = new Set(['HPE_INVALID_CHUNK_SIZE', 'HPE_CHUNK_EXTENSIONS_OVERFLOW'])
