/**
 * Errors of Evener: a stable `code` to program against, a message that names the thing, and the `cause`.
 *
 * Only configuration errors and misuse are thrown. What a client or a server does wrong is an
 * {@link Outcome}, a value, because it is ordinary and because nothing on the network may end the process.
 */

/** Every code an error of this package can carry. Codes never change their meaning. */
export type ErrorCode =
  | 'EVENER_INVALID_OPTION'
  | 'EVENER_UNKNOWN_OPTION'
  | 'EVENER_DUPLICATE_ID'
  | 'EVENER_EMPTY_POOL'
  | 'EVENER_INVALID_ADDRESS'
  | 'EVENER_UNKNOWN_SERVER'
  | 'EVENER_BODY_CONSUMED'
  | 'EVENER_LEASE_RELEASED'
  | 'EVENER_CLOSED'

/** An error thrown by Evener. */
export class EvenerError extends Error {
  /** Stable and machine-readable; see {@link ErrorCode}. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'EvenerError'
    this.code = code
  }
}
