/**
 * The head of a response, of a server's or of Evener's own, with what rules and an affinity made of it.
 *
 * Its status never changes between one that has a body and one that has none (204, 304): the client would read the
 * connection in another way than it was written.
 */
import { EditedHead, type FieldEdits, PairFields, type ResponseView } from '@evener/rules'
import type { AffinityResponse, HeaderEdits } from '@evener/session'
import { type Answer, isBodyless } from '../http/answer.ts'
import type { ResponseHead } from '../http/engine.ts'

export class EditedResponse implements ResponseView, AffinityResponse {
  readonly version = '1.1'
  readonly head: EditedHead
  readonly #cameStatus: number
  readonly #cameReason: string
  #status: number
  #reason: string

  constructor(head: ResponseHead | Answer) {
    const own = 'body' in head
    const lines = own ? undefined : head.parsed?.lines
    this.head = new EditedHead(lines ?? new PairFields(own ? head.headers : head.rawHeaders))
    this.#cameStatus = head.status
    this.#cameReason = own ? (head.reason ?? '') : head.reason
    this.#status = this.#cameStatus
    this.#reason = this.#cameReason
  }

  get status(): number {
    return this.#status
  }

  set status(status: number) {
    const whole = Number.isInteger(status) && status >= 200 && status <= 599
    if (whole && this.#cameStatus >= 200 && isBodyless(status) === isBodyless(this.#cameStatus))
      this.#status = status
  }

  get reason(): string {
    return this.#reason
  }

  set reason(reason: string) {
    if (reasonPhrase.test(reason)) this.#reason = reason
  }

  header(name: string): string | undefined {
    const values = this.head.all(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  get setCookies(): readonly string[] {
    return this.head.all('set-cookie')
  }

  /** What the affinity tells the client. */
  edit(edits: HeaderEdits | undefined): void {
    if (edits === undefined) return
    for (const name of edits.remove ?? none) this.head.delete(name.toLowerCase())
    for (const [name] of edits.set ?? none) this.head.delete(name.toLowerCase())
    for (const [name, value] of edits.set ?? none) this.#add(name, value)
    for (const [name, value] of edits.append ?? none) this.#add(name, value)
  }

  /** An affinity of the host's own may be wrong; what is no value is left out, as it is without rules. */
  #add(name: string, value: string): void {
    if (fieldValue.test(value)) this.head.add(name, value)
  }

  get edits(): FieldEdits | undefined {
    return this.head.edits()
  }

  /** The head that came, with this status. */
  sent(came: ResponseHead): ResponseHead {
    if (this.#status === this.#cameStatus && this.#reason === this.#cameReason) return came
    const { rawHeaders, hasBody, parsed } = came
    return { status: this.#status, reason: this.#reason, rawHeaders, hasBody, parsed }
  }

  /** An answer of Evener's own, as it is now. */
  answer(came: Answer): Answer {
    if (!this.head.edited && this.#status === this.#cameStatus && this.#reason === this.#cameReason)
      return came
    return {
      status: this.#status,
      reason: this.#reason || undefined,
      headers: this.head.pairs(),
      body: came.body,
    }
  }
}

const none: readonly never[] = []
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]{0,256}$/
