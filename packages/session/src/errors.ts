/**
 * What this package throws: only at construction, only for options that cannot work.
 *
 * Nothing that a client, a server or a store sends leads to an error; it leads to "no server known".
 */

/** An option has a value that is not allowed. `message` names the field, the value and what is allowed. */
export class SessionOptionError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_INVALID_OPTION'
  /** The option, as a path: `values.app1`, `signing.secrets[1]`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.name = 'SessionOptionError'
    this.field = field
  }
}
