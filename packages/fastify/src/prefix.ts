/**
 * The prefix that a plugin is registered under, and what is left of a request's target without it.
 *
 * Fastify's router has decided already that a target lies under the prefix, and it is generous in that: `/API`,
 * `/%61pi` and, for the prefix `/:tenant`, any name may match. So the prefix is taken off by its number of
 * segments, not by its text, and what is left stays byte for byte as the client sent it.
 *
 * Cost: O(length of the prefix) for each request.
 * Not for: a prefix with a regular expression that contains a slash.
 */

/** The origin of a target in absolute form, and the rest. */
const absolute = /^(https?:\/\/[^/?]*)?(.*)$/is

export class Prefix {
  /** The segments; undefined for one that stands for any name. */
  readonly #segments: readonly (string | undefined)[]

  /** @param prefix as Fastify has it, the prefixes of outer plugins included: `/v1/api`, `/:tenant`, or nothing */
  constructor(prefix: string) {
    this.#segments = prefix
      .split('/')
      .filter(segment => segment !== '')
      .map(segment => (segment.includes(':') ? undefined : segment.toLowerCase()))
  }

  /** The target without the prefix: `/v1/api/users?id=1` becomes `/users?id=1`, and `/v1/api` becomes `/`. */
  strip(target: string): string {
    if (this.#segments.length === 0) return target
    const [, origin = '', path = ''] = absolute.exec(target) as RegExpExecArray
    let at = 0
    for (let left = this.#segments.length; left > 0; left--) at = endOfSegment(path, at)
    const rest = path.slice(at)
    return `${origin}${rest.startsWith('/') ? '' : '/'}${rest}`
  }

  /** Whether the target may lie under the prefix. Only the router knows for certain. */
  covers(target: string): boolean {
    const [, , path = ''] = absolute.exec(target) as RegExpExecArray
    let at = 0
    for (const segment of this.#segments) {
      const end = endOfSegment(path, at)
      const name = path.slice(at, end).replace(/^\/+/, '')
      if (name === '' || (segment !== undefined && segment !== decoded(name).toLowerCase())) return false
      at = end
    }
    return true
  }
}

/** Where the segment ends that begins with the slash, or slashes, at `from`. */
function endOfSegment(path: string, from: number): number {
  let at = from
  while (path[at] === '/') at++
  while (at < path.length && path[at] !== '/' && path[at] !== '?') at++
  return at
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
