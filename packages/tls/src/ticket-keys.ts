/**
 * The key that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1), a new one every
 * `rotateMs`.
 *
 * Processes that are given one secret have the same key at the same time without a word between them: it is
 * derived from the secret and the number of the period (HKDF, RFC 5869). A key that is thrown away protects
 * what was sent before, as far as its secret is safe; without a secret each process draws its own, which no
 * other can read.
 *
 * node:tls knows one key at a time: with it, the tickets of the period before lead to a full handshake, once
 * a client and period. Clocks that differ by a second cost resumption for that second.
 * Cost: 10 µs a period.
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import { TlsError } from './errors.ts'
import { checkNames, integerOption, isBytes, refuse } from './options.ts'

/** Gives the key of a period, 48 bytes: 16 of name, 16 for HMAC, 16 for AES. Called once a period. */
export type TicketKeyProvider = (period: number) => Uint8Array

/** How sessions are resumed. */
export interface TicketOptions {
  /**
   * At least 32 bytes, equal in all processes that are to resume each other's sessions. Exactly one of
   * `secret` and `keys` may be given; by default a secret of this process alone.
   */
  readonly secret?: string | Uint8Array | undefined
  /** Keys from elsewhere, for instance from a file that is shared between machines. */
  readonly keys?: TicketKeyProvider | undefined
  /** How long a key is used, in milliseconds: 60,000 to 2^31 - 1; 43,200,000 (12 hours) by default. */
  readonly rotateMs?: number | undefined
  /**
   * How long a ticket is good for, in seconds: 1 to 604,800 (a week, the most that RFC 8446 allows); 7,200
   * by default.
   */
  readonly lifetimeSeconds?: number | undefined
}

export class TicketKeys {
  readonly lifetimeSeconds: number
  readonly #rotateMs: number
  readonly #keys: TicketKeyProvider

  /** @throws {TlsError} `EVENER_INVALID_OPTION` */
  constructor(options: TicketOptions = {}) {
    checkNames('tickets', options, ['secret', 'keys', 'rotateMs', 'lifetimeSeconds'])
    const { secret, keys } = options
    this.#rotateMs = integerOption('tickets.rotateMs', options.rotateMs, 43_200_000, 60_000, 2_147_483_647)
    this.lifetimeSeconds = integerOption('tickets.lifetimeSeconds', options.lifetimeSeconds, 7200, 1, 604_800)
    if (secret !== undefined && keys !== undefined) {
      refuse('tickets.keys', keys, 'nothing where tickets.secret is given')
    }
    if (secret !== undefined && (!isBytes(secret) || Buffer.byteLength(secret) < 32)) {
      // The secret itself is nothing for an error message.
      const message = 'tickets.secret is too short or no text or bytes; allowed is 32 bytes and more'
      throw new TlsError('EVENER_INVALID_OPTION', 'tickets.secret', message)
    }
    if (keys !== undefined && typeof keys !== 'function') refuse('tickets.keys', keys, 'a function')
    this.#keys = keys ?? derived(secret ?? randomBytes(32))
  }

  /**
   * The key for a moment, and how long it is still used.
   * @param epochMs milliseconds since the epoch
   * @throws {TlsError} `EVENER_INVALID_OPTION` where the provider gives no 48 bytes
   */
  at(epochMs: number): { readonly key: Buffer; readonly leftMs: number } {
    const period = Math.floor(epochMs / this.#rotateMs)
    const key = this.#keys(period)
    if (!(key instanceof Uint8Array) || key.length !== 48) {
      throw new TlsError('EVENER_INVALID_OPTION', 'tickets.keys', 'tickets.keys() did not give 48 bytes')
    }
    return { key: Buffer.from(key), leftMs: Math.max(1, Math.ceil((period + 1) * this.#rotateMs - epochMs)) }
  }
}

function derived(secret: string | Uint8Array): TicketKeyProvider {
  return period =>
    new Uint8Array(hkdfSync('sha256', secret, 'evener session tickets', `period ${period}`, 48))
}
