/** What may be wrong with the use of this package, as a stable code. */
export type HealthErrorCode = 'EVENER_INVALID_OPTION' | 'EVENER_DUPLICATE_ID'

/**
 * A mistake in how the package is used, found when the thing is made and never later.
 *
 * What goes wrong while checking is not an error: it is a `CheckResult`.
 */
export class HealthError extends Error {
  override readonly name = 'HealthError'
  /** Stable across versions, unlike the message. */
  readonly code: HealthErrorCode

  constructor(code: HealthErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
