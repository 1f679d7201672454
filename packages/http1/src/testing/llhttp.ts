/**
 * Node's own parser, llhttp, as a second opinion. It is reached by a module that Node keeps for its own use but has
 * always left importable; nothing but tests and the fuzzer may depend on it.
 */
import type { Reading, ReadMessage } from './reading.ts'

interface Parser {
  initialize(type: number, resource: object, maxHeaderBytes: number, lenientFlags: number): void
  execute(bytes: Buffer): number | Error
  finish(): undefined | number | Error
  close(): void
  [callback: number]: unknown
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

const { HTTPParser, methods } = process.getBuiltinModule('_http_common') as unknown as {
  HTTPParser: ParserClass
  /** Names of methods by llhttp's numbers. */
  methods: readonly string[]
}

/** What one who reads as the bytes come wants to know. */
export interface LlhttpOptions {
  /** The method of the request that the next final response answers. `GET` by default. */
  requestMethod?: (() => string) | undefined
  /** A head is whole; its message's content is yet to come. Names and values in turn. */
  onHead?: ((start: string, headers: readonly string[]) => void) | undefined
  /** A message is whole. */
  onMessage?: ((message: ReadMessage) => void) | undefined
}

/**
 * llhttp, strict, on the bytes of one connection as they come.
 *
 * What follows an upgrade or a CONNECT is not HTTP unless whoever answers says so: {@link LlhttpReader.read} stops there
 * (`tunnel`), and takes the rest after {@link LlhttpReader.reset}.
 * Not for: leaving about. Each one keeps 7 KB outside the heap until it is closed.
 */
export class LlhttpReader {
  /** Whole messages so far. */
  readonly messages: ReadMessage[] = []
  /** Start and content so far of the message that is being read. */
  start = ''
  content = ''
  /** True between a head and the end of its message. */
  begun = false
  tunnel = false
  /** Why it reads no further, once it has refused something. */
  refusal: string | undefined
  readonly #parser = new HTTPParser()
  #side: 'request' | 'response'
  #requestMethod: () => string
  readonly #onHead: LlhttpOptions['onHead']
  readonly #onMessage: LlhttpOptions['onMessage']
  /** True where the request that is being read asks to change protocols. */
  upgrades = false
  // More header lines than fit one call come here first, the target with them.
  #early = ''
  #earlyHeaders: string[] = []

  constructor(side: 'request' | 'response', { requestMethod, onHead, onMessage }: LlhttpOptions = {}) {
    this.#side = side
    this.#requestMethod = requestMethod ?? (() => 'GET')
    this.#onHead = onHead
    this.#onMessage = onMessage
    const parser = this.#parser
    parser[HTTPParser.kOnHeaders] = (headers: string[], url: string) => {
      this.#early += url
      this.#earlyHeaders.push(...headers)
    }
    parser[HTTPParser.kOnHeadersComplete] = (
      _major: number,
      _minor: number,
      headers: string[] | undefined,
      method: number | undefined,
      url: string | undefined,
      status: number | undefined,
      _reason: string | undefined,
      upgrade: boolean,
    ) => {
      this.upgrades = this.#side === 'request' && upgrade
      return this.#head(methods[method ?? -1] ?? '', url || this.#early, status ?? 0, headers)
    }
    parser[HTTPParser.kOnBody] = (part: Buffer) => {
      this.content += part.toString('latin1')
    }
    parser[HTTPParser.kOnMessageComplete] = () => {
      this.begun = false
      // Trailers came the way of early header lines, this message's target with them.
      this.#early = ''
      this.#earlyHeaders = []
      const message = { start: this.start, content: this.content }
      this.messages.push(message)
      this.#onMessage?.(message)
    }
    this.reset()
  }

  #head(method: string, url: string, status: number, headers: readonly string[] | undefined): number {
    const asked = this.#side === 'response' ? this.#requestMethod() : ''
    this.begun = true
    this.content = ''
    this.start = this.#side === 'request' ? `${method} ${url}` : String(status)
    this.#early = ''
    const all = headers ?? this.#earlyHeaders
    this.#earlyHeaders = []
    this.tunnel =
      this.#side === 'request'
        ? method === 'CONNECT'
        : status === 101 || (asked === 'CONNECT' && status >= 200 && status < 300)
    this.#onHead?.(this.start, all)
    if (this.tunnel) return 2
    return this.#side === 'response' && asked === 'HEAD' ? 1 : 0
  }

  /** Read at a message's beginning, as on a new connection; the messages so far stay. */
  reset(side = this.#side, requestMethod = this.#requestMethod): void {
    this.#side = side
    this.#requestMethod = requestMethod
    this.begun = false
    this.tunnel = false
    this.refusal = undefined
    this.upgrades = false
    this.#early = ''
    this.#earlyHeaders = []
    const type = side === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE
    this.#parser.initialize(type, {}, 1 << 20, 0)
  }

  /** @returns how many bytes were read: fewer than there are after an error, or where a tunnel begins */
  read(bytes: Buffer): number {
    if (this.tunnel || this.refusal !== undefined) return 0
    const result = this.#parser.execute(bytes)
    if (result instanceof Error) {
      this.refusal = (result as Error & { reason?: string }).reason ?? result.message
      return 0
    }
    if (this.upgrades && !this.begun) this.tunnel = true
    return result
  }

  /** The connection has ended. True where that was the end of a body. */
  finish(): boolean {
    if (!this.begun || this.tunnel || this.refusal !== undefined) return false
    const before = this.messages.length
    this.#parser.finish()
    return this.messages.length > before
  }

  /** Give the memory back. */
  close(): void {
    this.#parser.close()
  }
}

/** Kept for the next call: millions of parsers are more than the event loop can clear away between its turns. */
let spare: LlhttpReader | undefined

/** How llhttp, strict, reads the bytes. */
export function llhttpReading(side: 'request' | 'response', bytes: Buffer, requestMethod = 'GET'): Reading {
  const reader = spare ?? new LlhttpReader(side)
  spare = undefined
  try {
    reader.reset(side, () => requestMethod)
    const used = reader.read(bytes)
    const { refusal } = reader
    const ended = side === 'response' && reader.finish()
    const messages = reader.messages.splice(0)
    if (refusal !== undefined) return { messages, ending: 'refused', code: refusal }
    if (reader.tunnel) return { messages, ending: 'tunnel' }
    if (ended) return { messages, ending: 'ended' }
    return { messages, ending: reader.begun || used < bytes.length ? 'partial' : 'open' }
  } finally {
    spare = reader
  }
}
