/**
 * What Evener accounts for: each stream that a client sends, as the codec reads it, and a tag for each attempt to
 * forward one of its messages. Whoever reads what was forwarded must find each tag at most once, with this message's
 * method and body, and no message without a tag.
 *
 * Bounded: attempts that nobody has read after `mostOpen` later ones are let go.
 */
import type { ClientRequest } from '@evener/core'
import type { Random } from '@evener/http1/testing'
import type { Finding } from '../finding.ts'
import { type Accounted, codecReading } from './codec-reader.ts'

const mostOpen = 20_000

/** One client's stream through the frontend. */
export class Stream {
  readonly seed: number
  readonly kind: 'requests' | 'responses'
  readonly bytes: Buffer
  readonly random: Random
  /** The stream's messages that reach a backend. */
  readonly forwardable: readonly Accounted[]
  /** All of them. */
  readonly messages: readonly Accounted[]
  readonly refusal: string | undefined
  /** True where it ends within a body: an answer may come all the same. */
  readonly cutShort: boolean
  /** Final responses that origins sent, by the message that they answer. */
  readonly sent = new Map<number, string[]>()
  routed = 0

  constructor(seed: number, kind: Stream['kind'], bytes: Buffer, random: Random) {
    this.seed = seed
    this.kind = kind
    this.bytes = bytes
    this.random = random
    const reader = codecReading(bytes)
    this.messages = reader.messages
    this.refusal = reader.refusal
    this.cutShort = reader.head !== undefined
    this.forwardable = reader.messages.filter(({ method }) => method !== 'CONNECT')
  }
}

export interface Attempted {
  readonly stream: Stream
  /** Which of the stream's forwardable messages; that may be one which is not whole. */
  readonly index: number
}

export class Ledger {
  readonly findings: Finding[] = []
  readonly #requests = new WeakMap<ClientRequest, Attempted>()
  readonly #attempts = new Map<string, Attempted>()
  #lastTag = 0

  /** The frontend has read one more head of this stream. */
  routed(stream: Stream, request: ClientRequest): void {
    const index = stream.routed++
    this.#requests.set(request, { stream, index })
    const message = stream.forwardable[index]
    if (message === undefined) return
    const is = `${request.method} ${request.uri}`
    if (is !== `${message.method} ${message.target}`) {
      this.found(`the frontend read ${is}, the codec ${message.method} ${message.target}`, stream)
    }
  }

  /** A tag for one more attempt. */
  attempt(request: ClientRequest): string {
    const tag = String(++this.#lastTag)
    const attempted = this.#requests.get(request)
    if (attempted !== undefined) this.#attempts.set(tag, attempted)
    if (this.#attempts.size > mostOpen) {
      for (const oldest of this.#attempts.keys()) {
        this.#attempts.delete(oldest)
        if (this.#attempts.size <= mostOpen) break
      }
    }
    return tag
  }

  attempted(tag: string): Attempted | undefined {
    return this.#attempts.get(tag)
  }

  found(what: string, stream: Stream | undefined, log?: Buffer): void {
    const bytes = [
      ...(stream === undefined ? [] : [{ label: 'the client sent', bytes: stream.bytes }]),
      ...(log === undefined ? [] : [{ label: 'the connection carried', bytes: log }]),
    ]
    this.findings.push({ what, seed: stream?.seed ?? 0, bytes })
  }
}

/** Checks what one parser reads on connections: one for each parser and connection. */
export class Audit {
  readonly #ledger: Ledger
  readonly #parser: string
  readonly #log: () => Buffer
  readonly #seen = new Set<string>()
  #wrong = false

  constructor(ledger: Ledger, parser: string, log: () => Buffer) {
    this.#ledger = ledger
    this.#parser = parser
    this.#log = log
  }

  /** Tags that were read. */
  get seen(): ReadonlySet<string> {
    return this.#seen
  }

  /** A head was read. @returns what it belongs to */
  head(tag: string, method: string): Attempted | undefined {
    const attempted = this.#ledger.attempted(tag)
    if (attempted === undefined) this.#found(`a message that Evener did not send (tag "${tag}")`, undefined)
    else if (this.#seen.has(tag)) this.#found(`the message ${tag} twice`, attempted)
    else {
      const { stream, index } = attempted
      const message = stream.forwardable[index]
      if (message !== undefined && message.method !== method) {
        this.#found(`the method ${method} for ${message.method}`, attempted)
      }
    }
    this.#seen.add(tag)
    return attempted
  }

  /** The message of the last head is whole. */
  body(tag: string, content: string): void {
    const attempted = this.#ledger.attempted(tag)
    if (attempted === undefined) return
    const message = attempted.stream.forwardable[attempted.index]
    if (message === undefined) this.#found('a whole message where Evener had part of one', attempted)
    else if (message.content !== content) {
      this.#found(
        `another body: ${JSON.stringify(content)} for ${JSON.stringify(message.content)}`,
        attempted,
      )
    }
  }

  #found(what: string, attempted: Attempted | undefined): void {
    // One is enough: what follows on this connection is its consequence.
    if (this.#wrong) return
    this.#wrong = true
    this.#ledger.found(`${this.#parser} reads ${what}`, attempted?.stream, this.#log())
  }
}
