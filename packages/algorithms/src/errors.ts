/** What this package throws: only while something is being made, never while it chooses. */
export class AlgorithmError extends Error {
  override readonly name = 'AlgorithmError'
  /** Stable across versions, unlike the message. */
  readonly code = 'EVENER_INVALID_OPTION'
  /** The option that cannot be used: `random.draws`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}
