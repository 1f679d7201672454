/**
 * The errors of the testing kit: each carries a stable `code`, so that a test may look at the code and a person
 * at the message.
 */

/** Why the kit gave up. */
export type TestingErrorCode =
  /** An option is unknown, of the wrong type or out of range. */
  | 'EVENER_INVALID_OPTION'
  /** Something was called at a time when it cannot be done. */
  | 'EVENER_INVALID_STATE'
  /** The peer closed or reset the connection while something was still expected of it. */
  | 'EVENER_CONNECTION_GONE'
  /** Bytes that are not the HTTP/1.1 that was expected. */
  | 'EVENER_MALFORMED_MESSAGE'
  /** What was waited for did not come before the deadline. */
  | 'EVENER_TIMEOUT'
  /** A script has no more entries, or timers never end. */
  | 'EVENER_EXHAUSTED'

/** An error of the testing kit. */
export class TestingError extends Error {
  override readonly name = 'TestingError'
  readonly code: TestingErrorCode

  constructor(code: TestingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
