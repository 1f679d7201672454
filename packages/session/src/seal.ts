/**
 * How the text of a cookie is protected from its bearer: not at all, or by a signature.
 *
 * A signed text is `text.signature`: HMAC-SHA-256 over the cookie's name and the text, cut to 128 bits (RFC
 * 2104 section 5 allows down to half), in base64url. The name is signed with it, so a value that was made
 * for one cookie is worth nothing in another. The text stays readable: a signature keeps clients from
 * choosing their server, not from knowing it.
 *
 * Keys rotate: the first signs, all verify. A text under an older key is told as `stale`, and is sent anew.
 * The signature is compared in constant time; which key fitted is not a secret.
 *
 * Cost: about 5 µs for a signature, and for each key tried.
 * Not for: hiding the text; see `encrypted-seal.ts`.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { refuse } from './options.ts'

export interface Opened {
  readonly text: string
  /** True where the text was sealed in a way that is going out of use. */
  readonly stale: boolean
}

export interface Seal {
  /** True where a text is always sealed to the same. */
  readonly constant: boolean
  seal(text: string): string
  /** The text that was sealed; undefined for everything that was not sealed here. Never throws. */
  open(sealed: string): Opened | undefined
}

/** No protection: HAProxy's own cookies. */
export const plainSeal: Seal = {
  constant: true,
  seal: text => text,
  open: sealed => ({ text: sealed, stale: false }),
}

const SIGNATURE_BYTES = 16
const SIGNATURE_LENGTH = 22
const LEAST_SECRET_BYTES = 16

/** @throws {SessionOptionError} without a secret, or with one under 16 bytes; the message never shows it */
export function signedSeal(name: string, secrets: readonly (string | Uint8Array)[]): Seal {
  const keys = keysFrom('signing.secrets', secrets)
  const newest = keys[0]!
  return {
    constant: true,
    seal: text => `${text}.${signature(newest, name, text)}`,
    open(sealed) {
      const dot = sealed.length - SIGNATURE_LENGTH - 1
      if (dot < 0 || sealed.charAt(dot) !== '.') return undefined
      const text = sealed.slice(0, dot)
      const given = Buffer.from(sealed.slice(dot + 1), 'utf8')
      if (given.length !== SIGNATURE_LENGTH) return undefined
      for (const key of keys)
        if (timingSafeEqual(Buffer.from(signature(key, name, text), 'utf8'), given))
          return { text, stale: key !== newest }
      return undefined
    },
  }
}

/** @throws {SessionOptionError} where `field` is no list of 1 to 16 secrets of 16 bytes and more */
export function keysFrom(list: string, secrets: unknown): KeyObject[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > 16)
    refuse(list, secrets, 'a list of 1 to 16 secrets, the newest first', 'not such a list')
  return secrets.map((secret: unknown, at) => {
    const field = `${list}[${at}]`
    if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
      refuse(field, secret, 'a string or a Uint8Array', `of type ${typeof secret}`)
    const bytes = Buffer.from(secret)
    if (bytes.length < LEAST_SECRET_BYTES)
      refuse(
        field,
        secret,
        `at least ${LEAST_SECRET_BYTES} bytes (32 random ones are good)`,
        `${bytes.length} bytes long`,
      )
    return createSecretKey(bytes)
  })
}

function signature(key: KeyObject, name: string, text: string): string {
  // The zero byte can be in neither part, so no other pair of name and text gives the same input.
  return createHmac('sha256', key)
    .update(`evener cookie 1\0${name}\0${text}`)
    .digest()
    .subarray(0, SIGNATURE_BYTES)
    .toString('base64url')
}
