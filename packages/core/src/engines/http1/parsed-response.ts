/** A response head as the codec read it, in the form in which engines hand heads over. */
import type { ResponseHead as Http1ResponseHead } from '@evener/http1'
import type { ServerConnectionView } from '@evener/rules'
import type { ResponseHead } from '../../http/engine.ts'

/** Whatever it came by. */
interface Origin {
  readonly facts: ServerConnectionView
}

export class ParsedResponse implements ResponseHead {
  readonly parsed: Http1ResponseHead
  readonly #from: Origin

  constructor(parsed: Http1ResponseHead, from: Origin) {
    this.parsed = parsed
    this.#from = from
  }

  get connection(): ServerConnectionView {
    return this.#from.facts
  }

  get status(): number {
    return this.parsed.status
  }

  get reason(): string {
    return this.parsed.reason
  }

  /** Made anew at each call; for those who do not go on from `parsed`. */
  get rawHeaders(): readonly string[] {
    return this.parsed.lines.pairs()
  }

  get hasBody(): boolean {
    return this.parsed.framing !== 'none'
  }
}
