/**
 * What this package throws: at construction, for options and certificates that cannot work.
 *
 * Nothing that a client sends, and no file that changes later, leads to an error thrown; those are events.
 */

/** The codes of a {@link TlsError}. */
export type TlsErrorCode = 'EVENER_INVALID_OPTION' | 'EVENER_INVALID_CERTIFICATE'

/** An option or a certificate that cannot be used. `message` names the field or the file, and why. */
export class TlsError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code: TlsErrorCode
  /** The option as a path (`tickets.rotateMs`), or the file or place of the certificate. */
  readonly subject: string

  constructor(code: TlsErrorCode, subject: string, message: string) {
    super(message)
    this.name = 'TlsError'
    this.code = code
    this.subject = subject
  }
}

/** The error for a certificate, key, list or staple that cannot be used. */
export const unusable = (source: string, reason: string): TlsError =>
  new TlsError('EVENER_INVALID_CERTIFICATE', source, `${source}: ${reason}`)

/** What an error says, whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
