/**
 * Whether a request that changes something comes from the page itself, and not from another site in the same browser, which
 * sends the password along (cross-site request forgery).
 *
 * All of it must hold: no `Sec-Fetch-Site` but `same-origin`, no `Origin` but this host's, JSON, and the token of the page,
 * which is told in a response that other sites cannot read. The token follows from the users' hashes, so that it is the same
 * in all workers of a cluster and after a restart.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The header that carries the token. */
export const tokenHeader = 'x-evener-token'

export class Tokens {
  readonly #key: Buffer

  constructor(users: Readonly<Record<string, string>>) {
    this.#key = createHash('sha256')
      .update(`evener statistics ${JSON.stringify(users)}`)
      .digest()
  }

  /** The token of this user's page. */
  of(user: string): string {
    return createHmac('sha256', this.#key).update(user).digest('base64url')
  }

  /** Whether this is a request of that page. */
  allow(headers: IncomingHttpHeaders, user: string): boolean {
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin') return false
    const { origin, host } = headers
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)) return false
    if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return false
    const given = Buffer.from(String(headers[tokenHeader] ?? ''))
    const expected = Buffer.from(this.of(user))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}
