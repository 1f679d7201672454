/**
 * A client that sends exactly the bytes it is given and believes nothing it gets.
 *
 * Reading is a pull: what is not read holds the server back, after some 128 KB in buffers of this process. So a slow
 * reader is one that does not read. Each read has a deadline, and what came until then is in the error.
 *
 * Invariant: responses are read in order, and not a byte beyond the one asked for is taken.
 * Not for: more than one read at a time; load.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { chunkOf, lastChunk, piecesOf } from '../behaviours/answer.ts'
import { TestingError } from '../errors.ts'
import { integer, knownOptions } from '../options.ts'
import { BodyReader } from '../wire/body-reader.ts'
import { ByteSource } from '../wire/byte-source.ts'
import { type HeaderList, headerPairs, readHead } from '../wire/head.ts'
import { resetSocket } from '../wire/reset-socket.ts'
import {
  type InformationalResponse,
  parseResponseHead,
  type RawResponse,
  type ResponseHead,
} from './response.ts'

// Kept from before a test replaces the globals by fake ones.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis

/** Where a client connects, and how patient it is. */
export interface RawClientOptions {
  readonly port?: number
  /** `127.0.0.1` by default. */
  readonly host?: string
  /** A unix socket's path, instead of host and port. */
  readonly path?: string
  /** Speak TLS, with these options of Node's. */
  readonly tls?: ConnectionOptions
  /** How long each read and the connect may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
  /** Keep this side open after the server's FIN; false by default. */
  readonly halfOpen?: boolean
}

/** How one response is read. */
export interface ReadResponseOptions {
  /** The method asked with, `GET` by default: HEAD has no body. */
  readonly method?: string
  /** Bytes of body kept, all by default. */
  readonly keepBodyBytes?: number
  /** Called with each piece of body as it comes and its offset; reading waits for it. */
  readonly onPiece?: (piece: Buffer, offset: number) => unknown
}

export class RawClient {
  readonly socket: Socket
  /** Resolves when the server has ended (`end`) or reset the connection; what it sent before must have been read. */
  readonly closed: Promise<'end' | 'reset'>
  private readonly tcp: Socket
  private readonly source: ByteSource
  private readonly timeoutMs: number

  /** Use {@link rawClient}, which also connects. */
  constructor(socket: Socket, tcp: Socket, timeoutMs: number) {
    this.socket = socket
    this.tcp = tcp
    this.timeoutMs = timeoutMs
    this.source = new ByteSource(socket)
    this.closed = new Promise(resolve => {
      socket.once('end', () => resolve('end'))
      socket.once('close', () => resolve(this.source.failure ? 'reset' : 'end'))
    })
  }

  /** True once the server's FIN or RST was seen. */
  get ended(): boolean {
    return this.source.ended
  }

  /** Bytes received and not yet read. */
  get unread(): number {
    return this.source.available
  }

  /**
   * Send bytes (text as latin1); resolves when they are with the kernel.
   * @throws {TestingError} `EVENER_CONNECTION_GONE` if the connection is closed first
   */
  send(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    return new Promise((resolve, reject) => {
      this.socket.write(data, error => {
        if (error)
          reject(new TestingError('EVENER_CONNECTION_GONE', 'closed while sending', { cause: error }))
        else resolve()
      })
    })
  }

  /** Send a body piece by piece, as fast as the server takes it; `{ bytes }` generates that many. */
  async sendBody(
    body: Uint8Array | { readonly bytes: number },
    options: { readonly chunked?: boolean; readonly trailers?: HeaderList } = {},
  ): Promise<void> {
    for (const piece of piecesOf(body)) await this.send(options.chunked ? chunkOf(piece) : piece)
    if (options.chunked) await this.send(lastChunk(headerPairs(options.trailers ?? [])))
  }

  /** Send a FIN; reading goes on. */
  end(): void {
    this.socket.end()
  }

  /** Send a RST. */
  reset(): void {
    resetSocket(this.socket, this.tcp)
  }

  /** Close both ways at once. */
  destroy(): void {
    this.socket.destroy()
    this.tcp.destroy()
  }

  /** Take nothing more from the socket, not even into buffers. */
  pause(): void {
    this.source.hold()
  }

  /** Read on after `pause()`. */
  resume(): void {
    this.source.release()
  }

  /**
   * The head of the next final response (101 is one); interim responses are collected in it.
   * @throws {TestingError} `EVENER_CONNECTION_GONE` if the connection ends first; `EVENER_MALFORMED_MESSAGE`;
   *   `EVENER_TIMEOUT`
   */
  async readHead(options: Pick<ReadResponseOptions, 'method'> = {}): Promise<ResponseHead> {
    const informational: InformationalResponse[] = []
    while (true) {
      const head = await this.within(readHead(this.source, true), 'the head of a response')
      if (!head?.complete)
        throw this.goneError(head ? `after ${JSON.stringify(head.raw)}` : 'before a response')
      const response = parseResponseHead(head, options.method ?? 'GET', informational)
      if (response.status >= 200 || response.status === 101) return response
      informational.push(response)
    }
  }

  /**
   * The body that belongs to a head, as far as it comes: a connection that ends in the middle is not an error but
   * `complete: false`.
   * @throws {TestingError} `EVENER_MALFORMED_MESSAGE`, `EVENER_TIMEOUT`
   */
  async readBody(head: ResponseHead, options: ReadResponseOptions = {}): Promise<RawResponse> {
    const reader = new BodyReader(this.source, head.framing, true)
    const kept: Buffer[] = []
    let room = options.keepBodyBytes ?? Number.MAX_SAFE_INTEGER
    while (true) {
      const offset = reader.bytes
      const piece = await this.within(reader.next(), `more than ${offset} bytes of body`)
      if (!piece) break
      if (room > 0) kept.push(piece.subarray(0, room))
      room = Math.max(0, room - piece.length)
      await options.onPiece?.(piece, offset)
    }
    const body = Buffer.concat(kept)
    return {
      ...head,
      body,
      bodyBytes: reader.bytes,
      get text() {
        return body.toString()
      },
      trailers: reader.trailers,
      complete: reader.complete,
      broken: reader.complete ? undefined : this.source.failure ? 'reset' : 'end',
    }
  }

  /** {@link readHead} and {@link readBody}. */
  async readResponse(options: ReadResponseOptions = {}): Promise<RawResponse> {
    return this.readBody(await this.readHead(options), options)
  }

  /**
   * Exactly this many bytes, whatever they mean: for what goes through a tunnel.
   * @throws {TestingError} `EVENER_CONNECTION_GONE` if fewer come; `EVENER_TIMEOUT`
   */
  async readBytes(count: number): Promise<Buffer> {
    while (this.source.available < count) {
      const more = await this.within(this.source.more(), `${count} bytes, ${this.source.available} came`)
      if (!more) throw this.goneError(`after ${this.source.available} of ${count} bytes`)
    }
    return this.source.take(count)
  }

  /** Everything up to the end of the connection, or its reset. */
  async readUntilClose(): Promise<Buffer> {
    const all: Buffer[] = []
    while (
      this.source.available > 0 ||
      (await this.within(this.source.more(), 'the end of the connection'))
    ) {
      all.push(this.source.take(65_536))
    }
    return Buffer.concat(all)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.destroy()
    return Promise.resolve()
  }

  private goneError(where: string): TestingError {
    const how = this.source.failure ? 'reset' : 'closed'
    const cause = this.source.failure
    return new TestingError('EVENER_CONNECTION_GONE', `connection ${how} ${where}`, cause && { cause })
  }

  private async within<T>(work: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = startTimer(() => {
        const message = `waited ${this.timeoutMs} ms for ${what}`
        reject(new TestingError('EVENER_TIMEOUT', message))
      }, this.timeoutMs)
    })
    try {
      return await Promise.race([work, deadline])
    } finally {
      stopTimer(timer)
    }
  }
}

/**
 * Connect; over TLS, with the handshake done.
 * @throws {TestingError} `EVENER_INVALID_OPTION`, `EVENER_TIMEOUT`; what the connect failed with (`ECONNREFUSED`, …)
 */
export async function rawClient(options: RawClientOptions): Promise<RawClient> {
  knownOptions('rawClient()', options, ['port', 'host', 'path', 'tls', 'timeoutMs', 'halfOpen'])
  const timeoutMs = integer('rawClient()', 'timeoutMs', options.timeoutMs ?? 10_000, 1, 2 ** 31 - 1)
  const allowHalfOpen = options.halfOpen ?? false
  const where =
    options.path !== undefined
      ? { path: options.path, allowHalfOpen }
      : {
          port: integer('rawClient()', 'port', options.port, 1, 65_535),
          host: options.host ?? '127.0.0.1',
          allowHalfOpen,
          noDelay: true,
        }
  const tcp = connectTcp(where)
  const socket = options.tls ? connectTls({ ...options.tls, socket: tcp }) : tcp
  await new Promise<void>((resolve, reject) => {
    const timer = startTimer(() => {
      tcp.destroy()
      reject(new TestingError('EVENER_TIMEOUT', `not connected within ${timeoutMs} ms`))
    }, timeoutMs)
    const failed = (error: Error) => {
      stopTimer(timer)
      reject(error)
    }
    socket.once('error', failed)
    socket.once(options.tls ? 'secureConnect' : 'connect', () => {
      stopTimer(timer)
      socket.off('error', failed)
      resolve()
    })
  })
  return new RawClient(socket, tcp, timeoutMs)
}
