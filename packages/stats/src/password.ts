/**
 * Passwords, kept as hashes by scrypt (RFC 7914): `scrypt$N$r$p$salt$hash`, the last two in base64url.
 *
 * To check one takes as long as it takes, some 50 ms of a thread, and nobody may use up all threads with it: four at once,
 * the rest is turned away. Whoever was let in once is known again for a while by a keyed digest of what was sent.
 */
import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { invalid } from './options.ts'

const hashBytes = 32
const cost = { N: 16_384, r: 8, p: 5 }
/** OWASP's recommendation as of 2023 is N=2^14, r=8, p=5; more than this much memory no hash may ask for. */
const maxmem = 134_217_728

interface Hash {
  readonly options: ScryptOptions
  readonly salt: Buffer
  readonly hash: Buffer
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hashBytes, { ...options, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

/** The hash of a password, for the `users` of a page. */
export async function hashPassword(password: string): Promise<string> {
  if (typeof password !== 'string' || password === '')
    throw invalid('password', '…', 'a text that is not empty')
  const salt = randomBytes(16)
  const hash = await derive(password, salt, cost)
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** @throws {EvenerError} `EVENER_INVALID_OPTION` */
function readHash(field: string, text: unknown): Hash {
  const match =
    typeof text === 'string'
      ? /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,})\$([\w-]{43})$/.exec(text)
      : null
  const [N, r, p] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])]
  const sound = N >= 1_024 && (N & (N - 1)) === 0 && r >= 1 && p >= 1 && 128 * N * r < maxmem
  // Not the value: it may be a password that was put there by mistake.
  if (match === null || !sound) throw invalid(field, '…', 'what hashPassword() gives: scrypt$N$r$p$salt$hash')
  return {
    options: { N, r, p },
    salt: Buffer.from(match[4] as string, 'base64url'),
    hash: Buffer.from(match[5] as string, 'base64url'),
  }
}

/** How many are checked at once. */
const mostAtOnce = 4
/** How long, and how many of, those let in are known again. */
const knownMs = 300_000
const mostKnown = 256

/** What became of credentials. `busy` where too many are being checked. */
export type Verdict = { readonly user: string } | 'wrong' | 'busy'

export class Users {
  readonly #hashes = new Map<string, Hash>()
  readonly #key = randomBytes(32)
  /** The user by the digest of what was sent. */
  readonly #known = new LRUCache<string, string>({ max: mostKnown, ttl: knownMs })
  /** Whoever is not a user costs as much time as one who is. */
  readonly #nobody: Hash = { options: cost, salt: randomBytes(16), hash: randomBytes(hashBytes) }
  #checking = 0

  /** @throws {EvenerError} `EVENER_INVALID_OPTION` for a name with a colon, or a hash that is none */
  constructor(field: string, users: Readonly<Record<string, string>>) {
    if (typeof users !== 'object' || users === null || Object.keys(users).length === 0)
      throw invalid(field, users, 'an object with the hash of a password for each name')
    for (const [name, hash] of Object.entries(users)) {
      if (name === '' || name.includes(':')) throw invalid(field, name, 'names without a colon')
      this.#hashes.set(name, readHash(`${field}.${name}`, hash))
    }
  }

  /** @param authorization the header: `Basic …` (RFC 7617) */
  async check(authorization: string | undefined): Promise<Verdict> {
    const match = /^basic +([\w+/=-]+) *$/i.exec(authorization ?? '')
    if (match === null) return 'wrong'
    const credentials = Buffer.from(match[1] as string, 'base64').toString()
    const digest = createHmac('sha256', this.#key).update(credentials).digest('base64url')
    const known = this.#known.get(digest)
    if (known !== undefined) return { user: known }
    if (this.#checking >= mostAtOnce) return 'busy'
    this.#checking++
    try {
      return (await this.#verify(credentials, digest)) ?? 'wrong'
    } finally {
      this.#checking--
    }
  }

  async #verify(credentials: string, digest: string): Promise<{ user: string } | undefined> {
    const colon = credentials.indexOf(':')
    const user = credentials.slice(0, Math.max(0, colon))
    const hash = this.#hashes.get(user)
    const { salt, options, hash: expected } = hash ?? this.#nobody
    const derived = await derive(credentials.slice(colon + 1), salt, options)
    if (!timingSafeEqual(derived, expected) || hash === undefined) return undefined
    this.#known.set(digest, user)
    return { user }
  }
}
