/**
 * The body of a request on its way to a server: flow control, and a bounded memory of what has passed, so that a
 * retry can send it again.
 *
 * A door feeds it (`push`, `finish`); an attempt drinks from it (`attach`, `detach`). Nothing is read from the
 * client before the first attempt has a connection, so a request that waits in the queue, or is moved from one
 * dead server to the next, costs no memory for its body.
 *
 * Invariant: `replayable` means that everything that ever left towards a server is still held. Past
 * `replayBytes` the memory is let go and the request can be sent once only.
 * Cost: the chunks are kept, never copied.
 */

import { allowedTrailers } from './headers.ts'

/** Where the body's bytes go: one attempt. */
export interface BodySink {
  /** Take a chunk. False asks for a pause until {@link RequestBody.resume}, and the chunk is still needed. */
  write(chunk: Buffer): boolean
  /** True where a chunk is needed no more once `write` has answered true: its memory may be read into again. */
  readonly releases?: boolean
  /** The body is whole. Trailers are name and value in turn. */
  end(trailers: readonly string[]): void
}

/** Where they come from: the door's reading of the client. */
export interface BodySource {
  /** Let chunks come. */
  resume(): void
  /** Hold them back. One may still come. */
  pause(): void
}

/** How the body is delimited, as the client sent it. */
export type Framing = 'none' | 'length' | 'chunked'

const noTrailers: readonly string[] = []
/** Most requests have no body, and need no list for its chunks. */
const noChunks: readonly Buffer[] = []
const noBytes = Buffer.alloc(0)

export class RequestBody {
  readonly framing: Framing
  /** True where the chunks are as they stand on the wire, framing and trailers included; else they are content. */
  readonly wire: boolean
  readonly #source: BodySource
  readonly #replayBytes: number
  #kept = noChunks as Buffer[]
  #keptBytes = 0
  #replayable = true
  /** Chunks that came while no attempt was there to take them, and that the memory no longer holds. */
  #pending = noChunks as Buffer[]
  #sink: BodySink | undefined
  #trailers = noTrailers
  #complete: boolean
  #discarding = false
  #blocked = false
  /** Who waits before there is an attempt, and for how many bytes. */
  #gathered: (() => void) | undefined
  #wantedBytes = 0
  /** Bytes that came from the client. */
  bytes = 0

  /**
   * @param replayBytes how much is kept for a retry, in bytes
   */
  constructor(framing: Framing, source: BodySource, replayBytes: number, wire = false) {
    this.framing = framing
    this.wire = wire
    this.#source = source
    this.#replayBytes = replayBytes
    this.#complete = framing === 'none'
  }

  /** True once all of it came from the client. */
  get complete(): boolean {
    return this.#complete
  }

  /** True while every byte that left can be sent again. */
  get replayable(): boolean {
    return this.#replayable
  }

  /** True while the server takes no more: the client is being held back. */
  get blocked(): boolean {
    return this.#blocked
  }

  // ── the door ───────────────────────────────────────────────────────────────────────────────────────

  /**
   * A chunk came from the client. The door pauses when told by {@link BodySource.pause}.
   * @param contentBytes how much of it is content, where it is as it stood on the wire
   * @returns whether the chunk is still needed: its memory must not be read into again
   */
  push(chunk: Buffer, contentBytes: number = chunk.length): boolean {
    this.bytes += chunk.length
    if (this.#discarding) return false
    const needed = this.#passOn(chunk, contentBytes)
    if (this.#gathered !== undefined && this.bytes >= this.#wantedBytes) this.#tellGathered()
    return needed
  }

  #passOn(chunk: Buffer, contentBytes: number): boolean {
    if (this.#replayable) {
      this.#keptBytes += contentBytes
      if (this.#keptBytes <= this.#replayBytes) this.#kept = added(this.#kept, chunk)
      else if (this.#sink === undefined) {
        // Between two attempts: what is kept still has to be sent whole, once.
        this.#pending = [...this.#kept, chunk]
        this.#forget()
        return true
      } else this.#forget()
    } else if (this.#sink === undefined) {
      this.#pending = added(this.#pending, chunk)
      return true
    }
    const sink = this.#sink
    if (sink === undefined) return true
    const kept = this.#replayable || sink.releases !== true
    if (sink.write(chunk)) return kept
    this.#blocked = true
    this.#source.pause()
    return true
  }

  /** The client's body is whole. */
  finish(trailers: readonly string[]): void {
    this.#complete = true
    if (trailers.length > 0) this.#trailers = allowedTrailers(trailers)
    if (this.#discarding) return
    this.#sink?.end(this.#trailers)
    if (this.#gathered !== undefined) this.#tellGathered()
  }

  // ── before there is an attempt ─────────────────────────────────────────────────────────────────────

  /** Let it come until there are so many bytes of it, or all; then hold the client back again, and tell. */
  gather(bytes: number, told: () => void): void {
    this.#wantedBytes = bytes
    this.#gathered = told
    this.#source.resume()
  }

  /** What has come so far; undefined once some of it is held no more. */
  get held(): Buffer | undefined {
    const chunks = this.#replayable ? this.#kept : this.#pending
    if (chunks.length === 0) return this.#replayable ? noBytes : undefined
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
  }

  #tellGathered(): void {
    const told = this.#gathered as () => void
    this.#gathered = undefined
    if (!this.#complete) this.#source.pause()
    told()
  }

  // ── the attempt ────────────────────────────────────────────────────────────────────────────────────

  /** Send what came so far, then what comes, to this sink. */
  attach(sink: BodySink): void {
    this.#sink = sink
    const before = this.#replayable ? this.#kept : this.#pending
    if (!this.#replayable) this.#pending = noChunks as Buffer[]
    let open = true
    for (const chunk of before) open = sink.write(chunk)
    if (this.#complete) sink.end(this.#trailers)
    else if (open) this.#source.resume()
    else this.#blocked = true
  }

  /** The sink has room again. */
  resume(): void {
    this.#blocked = false
    if (this.#sink !== undefined && !this.#complete) this.#source.resume()
  }

  /** The attempt is over: hold the client back until another one comes, or {@link discard}. */
  detach(sink: BodySink): void {
    if (this.#sink !== sink) return
    this.#sink = undefined
    this.#blocked = false
    if (!this.#complete) this.#source.pause()
  }

  /** The answer has begun: there will be no other attempt. */
  commit(): void {
    this.#forget()
  }

  /** Nobody wants the rest: let it come and throw it away, so that the client can read its answer. */
  discard(): void {
    this.#discarding = true
    this.#gathered = undefined
    this.#sink = undefined
    this.#pending = noChunks as Buffer[]
    this.#forget()
    if (!this.#complete) this.#source.resume()
  }

  #forget(): void {
    this.#replayable = false
    this.#kept = noChunks as Buffer[]
  }
}

function added(chunks: Buffer[], chunk: Buffer): Buffer[] {
  if (chunks.length === 0) return [chunk]
  chunks.push(chunk)
  return chunks
}
