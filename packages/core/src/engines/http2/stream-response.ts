/** The head of a stream's response, in the form in which engines hand heads over. */
import type { ServerConnectionView } from '@evener/rules'
import type { ResponseHead } from '../../http/engine.ts'

/** Whatever it came by. */
interface Origin {
  readonly facts: ServerConnectionView
}

export class StreamResponse implements ResponseHead {
  readonly status: number
  /** HTTP/2 has none. */
  readonly reason = ''
  readonly rawHeaders: readonly string[]
  readonly hasBody: boolean
  readonly #from: Origin

  constructor(status: number, rawHeaders: readonly string[], hasBody: boolean, from: Origin) {
    this.status = status
    this.rawHeaders = rawHeaders
    this.hasBody = hasBody
    this.#from = from
  }

  get connection(): ServerConnectionView {
    return this.#from.facts
  }
}
