/**
 * Users and their passwords: HAProxy's `userlist`.
 *
 * A hash is made to be slow. It is worked out away from the event loop (scrypt) or a little at a time (SHA-crypt), at most
 * a few at once; what was found is remembered for a while, keyed by a digest with a secret of the process, so that a client
 * that sends its password with each request costs one hash. A user that is not there costs the same as a wrong password.
 */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { checkNames, integerOption, refuse } from '../options.ts'
import { mostRounds, parseShaCrypt, shaCrypt } from './sha-crypt.ts'

/** The options of {@link userList}. */
export interface UserListOptions {
  /**
   * By name: a hash. `$5$…` and `$6$…` as `mkpasswd` makes them and HAProxy's `password` has them; or
   * `scrypt$<cost>$<salt>$<hash>`, of 32 bytes with r = 8 and p = 1, salt and hash in base64.
   */
  readonly users: Readonly<Record<string, string>>
  /** Names of users by group. HAProxy's `group`. */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined
  /** How long a password that was right, or wrong, is remembered: 0 to an hour; default a minute. */
  readonly rememberMs?: number | undefined
}

/** Remembered at most; the oldest goes first. */
const mostRemembered = 10_000
/** Worked out at once, and waiting for that: more are refused, so that a flood of guesses is no load. */
const mostPending = 32

type Verify = (password: string) => Promise<boolean>

/** @throws {RuleError} `EVENER_INVALID_OPTION` */
export function userList(options: UserListOptions): UserList {
  return new UserList(options)
}

export class UserList {
  readonly #users = new Map<string, Verify>()
  readonly #groups: ReadonlyMap<string, ReadonlySet<string>>
  readonly #nobody: Verify
  readonly #rememberMs: number
  readonly #secret = randomBytes(32)
  readonly #known = new Map<string, { readonly right: boolean; readonly until: number }>()
  #pending = 0

  constructor(options: UserListOptions) {
    checkNames('userList', options, ['users', 'groups', 'rememberMs'])
    const { users, groups = {} } = options
    if (typeof users !== 'object' || users === null || Object.keys(users).length === 0)
      refuse('users', users, 'an object with a hash for each name')
    for (const [name, hash] of Object.entries(users)) this.#users.set(name, verifier(`users.${name}`, hash))
    this.#nobody = [...this.#users.values()][0] as Verify
    for (const [group, members] of Object.entries(groups)) {
      const stranger = members.find(member => !this.#users.has(member))
      if (stranger !== undefined) refuse(`groups.${group}`, stranger, 'the names of users')
    }
    this.#groups = new Map(Object.entries(groups).map(([group, members]) => [group, new Set(members)]))
    this.#rememberMs = integerOption('rememberMs', options.rememberMs ?? 60_000, 0, 3_600_000)
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group)
  }

  isIn(group: string, user: string): boolean {
    return this.#groups.get(group)?.has(user) === true
  }

  /**
   * Whether this is the user's password. Never rejects.
   * @param nowMs the time, for what is remembered
   * @returns at once where it is remembered; `busy` where too many are being worked out
   */
  check(user: string, password: string, nowMs: number): boolean | 'busy' | Promise<boolean> {
    const key = createHmac('sha256', this.#secret).update(`${user}\0${password}`).digest('base64')
    const known = this.#known.get(key)
    if (known !== undefined && known.until > nowMs) return known.right
    if (this.#pending >= mostPending) return 'busy'
    return this.#work(key, user, password, nowMs)
  }

  async #work(key: string, user: string, password: string, nowMs: number): Promise<boolean> {
    this.#pending++
    try {
      const verify = this.#users.get(user)
      const right = (await (verify ?? this.#nobody)(password)) && verify !== undefined
      this.#known.delete(key)
      this.#known.set(key, { right, until: nowMs + this.#rememberMs })
      if (this.#known.size > mostRemembered) this.#known.delete(this.#known.keys().next().value as string)
      return right
    } catch {
      return false
    } finally {
      this.#pending--
    }
  }
}

function verifier(field: string, hash: unknown): Verify {
  if (typeof hash !== 'string') return refuse(field, hash, allowed)
  const crypt = parseShaCrypt(hash)
  if (crypt !== undefined) {
    if (crypt.rounds > mostRounds) refuse(field, '(a hash)', `at most ${mostRounds} rounds`)
    return async password => same(await shaCrypt(password, crypt), crypt.digest)
  }
  const parts = /^scrypt\$(\d+)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]{43}=)$/.exec(hash)
  const cost = Number(parts?.[1])
  // The hash itself is not shown.
  if (parts === null || cost < 1024 || cost > 1_048_576 || !Number.isInteger(Math.log2(cost)))
    return refuse(field, '(a hash)', allowed)
  const salt = Buffer.from(parts[2] as string, 'base64')
  const expected = parts[3] as string
  return password =>
    new Promise((resolve, reject) => {
      scrypt(
        password,
        salt,
        32,
        { N: cost, r: 8, p: 1, maxmem: cost * 1024 + 1_048_576 },
        (error, derived) => {
          if (error === null) resolve(same(derived.toString('base64'), expected))
          else reject(error)
        },
      )
    })
}

const allowed = 'a hash: $5$…, $6$…, or scrypt$<cost, a power of 2>$<salt>$<hash>'

/** Both have one length: that of a digest. */
function same(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
