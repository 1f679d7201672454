/**
 * TLS contexts by their authorities: making one parses certificates and costs more than the check itself, so
 * each set of authorities is parsed once.
 *
 * Invariant: at most `MAX_CONTEXTS` are kept; a host that gives a new Buffer each time pays the parsing, not
 * memory. Cost: O(1).
 */
import { createSecureContext, type SecureContext } from 'node:tls'
import type { TargetTls } from './contract.ts'

const MAX_CONTEXTS = 64

export class TlsContexts {
  readonly #contexts = new Map<TargetTls['ca'], SecureContext>()

  /** The context for these authorities (by identity, strings by value); throws where they cannot be parsed. */
  get(ca: TargetTls['ca']): SecureContext {
    let context = this.#contexts.get(ca)
    if (context === undefined) {
      context = createSecureContext(ca === undefined ? {} : { ca: ca as string | Buffer })
      if (this.#contexts.size === MAX_CONTEXTS) this.#contexts.clear()
      this.#contexts.set(ca, context)
    }
    return context
  }
}
