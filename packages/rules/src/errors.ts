/** What this package throws: at construction, for rules that cannot work. Nothing that a client or a server sends throws. */
export class RuleError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_INVALID_OPTION'
  /** What is wrong, as a path: `redirect.status`, `request[3]`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.name = 'RuleError'
    this.field = field
  }
}
