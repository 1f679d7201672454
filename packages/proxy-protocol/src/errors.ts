/**
 * What this package throws: for options and headers of the host's own making, which are mistakes in a program.
 *
 * What comes from the network is never thrown for; it is refused by a value, `ProxyHeaderError`.
 */

/** An option has a value that is not allowed. `message` names the field, the value and what is allowed. */
export class ProxyOptionError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_INVALID_OPTION'
  /** The option: `maxBytes`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.name = 'ProxyOptionError'
    this.field = field
  }
}

/** A header says what the protocol cannot carry. `message` names the field, the value and what is allowed. */
export class ProxyWriteError extends Error {
  /** Stable: tell errors apart by this, not by the message. */
  readonly code = 'EVENER_PROXY_UNWRITABLE'
  /** The field, as a path: `tlvs.tls.commonName`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.name = 'ProxyWriteError'
    this.field = field
  }
}
