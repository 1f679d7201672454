/** What this package throws: at construction, for options that cannot be. Writing a line never throws. */
export class LogError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_INVALID_OPTION'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LogError'
  }
}
