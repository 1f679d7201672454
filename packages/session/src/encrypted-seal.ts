/**
 * Cookies that their bearer can neither read nor make: the name of the server is encrypted.
 *
 * A sealed text is base64url of `salt (16) | ciphertext | tag (16)`: AES-256-GCM with a key of its own for each
 * text, HMAC-SHA-256 of the cookie's name and a random salt under the secret. So no nonce can repeat under a
 * key however many cookies are made (with one key and random nonces, NIST SP 800-38D section 8.3 allows 2^32), and a
 * value made for one cookie is worth nothing in another. Texts are filled up to a multiple of 32 bytes: their
 * length says little, and two cookies for one server have nothing in common.
 *
 * Keys rotate as those of signatures do: the first seals, all open; a text under an older one is `stale`.
 *
 * Cost: about 10 µs to seal, and as much for each key tried.
 * Not for: keeping a client from handing its cookie to another. It is a bearer's token, as sessions are.
 */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes } from 'node:crypto'
import { keysFrom, type Seal } from './seal.ts'

const SALT_BYTES = 16
const TAG_BYTES = 16
const STEP_BYTES = 32
const LEAST_BYTES = SALT_BYTES + STEP_BYTES + TAG_BYTES
/** The key is used once, so the nonce may be always the same. */
const NONCE = Buffer.alloc(12)
const BASE64_URL = /^[\w-]+$/

/**
 * @param random where salts come from
 * @throws {SessionOptionError} as for a signed seal
 */
export function encryptedSeal(
  name: string,
  secrets: readonly (string | Uint8Array)[],
  random: (bytes: number) => Buffer = randomBytes,
): Seal {
  const keys = keysFrom('encryption.secrets', secrets)
  const newest = keys[0]!
  return {
    constant: false,
    seal(text) {
      const salt = random(SALT_BYTES)
      const cipher = createCipheriv('aes-256-gcm', keyFor(newest, name, salt), NONCE)
      const sealed = Buffer.concat([salt, cipher.update(filled(text)), cipher.final(), cipher.getAuthTag()])
      return sealed.toString('base64url')
    },
    open(sealed) {
      if (!BASE64_URL.test(sealed)) return undefined
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < LEAST_BYTES || (bytes.length - SALT_BYTES - TAG_BYTES) % STEP_BYTES !== 0)
        return undefined
      // One text has one spelling: the last character may hold bits that mean nothing.
      if (bytes.toString('base64url') !== sealed) return undefined
      for (const key of keys) {
        const text = decrypted(keyFor(key, name, bytes.subarray(0, SALT_BYTES)), bytes)
        if (text !== undefined) return { text, stale: key !== newest }
      }
      return undefined
    },
  }
}

function keyFor(secret: KeyObject, name: string, salt: Buffer): Buffer {
  // The zero byte cannot be in a name, and the salt has one length.
  return createHmac('sha256', secret).update(`evener cookie 2\0${name}\0`).update(salt).digest()
}

function decrypted(key: Buffer, bytes: Buffer): string | undefined {
  const tagAt = bytes.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(tagAt))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(SALT_BYTES, tagAt)), decipher.final()])
    return text.toString('latin1').replace(/\0+$/, '')
  } catch {
    // Not sealed with this key: what `final` throws for a wrong tag is its only way to say so.
    return undefined
  }
}

/** Cookie texts are printable ASCII, so zeros can fill them up. */
function filled(text: string): Buffer {
  const bytes = Buffer.alloc(Math.max(1, Math.ceil(text.length / STEP_BYTES)) * STEP_BYTES)
  bytes.write(text, 'latin1')
  return bytes
}
