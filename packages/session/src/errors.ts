/**
 * What this package throws: at construction, for options that cannot work; and for a saved table that is none.
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

/** A saved table cannot be loaded. `message` names the file, the line and what is wrong with it. */
export class SessionFileError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_INVALID_TABLE_FILE'
  readonly file: string
  /** From 1. */
  readonly line: number

  constructor(file: string, line: number, what: string) {
    super(`${file}, line ${line}: ${what}`)
    this.name = 'SessionFileError'
    this.file = file
    this.line = line
  }
}
