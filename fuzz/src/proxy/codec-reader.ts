/**
 * Evener's own reading of what a client's, or Evener's, connection carries, as it comes, with where each message
 * ends. It reads on after a request to upgrade: whether that changes anything is for the answer to say.
 */
import { type Body, bodyOf, type RequestHead, RequestReader } from '@evener/http1'

export interface Accounted {
  readonly method: string
  /** As it goes on: never in absolute form. */
  readonly target: string
  /** The value of the header that tags what Evener forwards; '' without one. */
  readonly tag: string
  readonly keepAlive: boolean
  readonly content: string
  /** Where it ends, counted from the first byte of the connection. */
  readonly end: number
}

export const tagName = 'X-Fuzz'

/** Evener's reading of all that a connection carried. */
export function codecReading(bytes: Buffer): CodecReader {
  const reader = new CodecReader()
  reader.read(bytes)
  return reader
}

export class CodecReader {
  readonly messages: Accounted[] = []
  /** The head of a message whose body is not whole. */
  head: RequestHead | undefined
  /** The code of the error that ended it. */
  refusal: string | undefined
  readonly #reader = new RequestReader()
  readonly #onMessage: ((message: Accounted) => void) | undefined
  #body: Body | undefined
  #content = ''
  #read = 0

  constructor(onMessage?: (message: Accounted) => void) {
    this.#onMessage = onMessage
  }

  read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length && this.refusal === undefined) {
      if (this.#body === undefined) {
        const head = this.#reader.read(bytes, at)
        if (head === undefined) break
        if (head.kind === 'error') {
          this.refusal = head.code
          break
        }
        at = this.#reader.consumed
        this.head = head
        this.#content = ''
        this.#body = bodyOf(head, { decode: true })
      }
      at = this.#readBody(bytes, at)
    }
    this.#read += bytes.length
  }

  #readBody(bytes: Buffer, at: number): number {
    const body = this.#body as Body
    const after = body.consume(bytes, at, bytes.length)
    if (after < 0) {
      this.refusal = body.error?.code ?? 'unknown'
      return bytes.length
    }
    for (let i = 0; i < body.content.length; i += 2) {
      this.#content += bytes.toString('latin1', body.content[i], body.content[i + 1])
    }
    if (body.done) this.#whole(this.#read + after)
    return after
  }

  #whole(end: number): void {
    const head = this.head as RequestHead
    const message = {
      method: head.method,
      target: head.originTarget,
      tag: head.header('x-fuzz') ?? '',
      keepAlive: head.keepAlive,
      content: this.#content,
      end,
    }
    this.#body = undefined
    this.head = undefined
    this.messages.push(message)
    this.#onMessage?.(message)
  }
}
