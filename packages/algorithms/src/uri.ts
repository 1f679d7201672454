/**
 * The same server for the same path: HAProxy's `balance uri`, which makes the most of servers that cache.
 *
 * The key is the request target up to the question mark, as the bytes that were received: `/a` and `/%61` are
 * different keys.
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { hashText } from './hash-functions.ts'
import { readFlag, readInteger, readOptions } from './options.ts'

/** The options of {@link uri}. */
export interface UriOptions<C> extends HashingOptions<C> {
  /** Only so many bytes from the beginning count: 1 to 65,536; all by default. */
  readonly length?: number | undefined
  /** Only so many directories count, the rest from the next slash on does not: 1 to 1,000; all by default. */
  readonly depth?: number | undefined
  /** Whether the query counts too. False by default. */
  readonly whole?: boolean | undefined
  /** Whether scheme and host of a target in absolute form (`http://host/path`) are left out. False by default. */
  readonly pathOnly?: boolean | undefined
}

const [slash, questionMark] = [0x2f, 0x3f]

/** Where the path of a target begins; its length where it has none. */
function startOfPath(target: string): number {
  if (target.charCodeAt(0) === slash) return 0
  const scheme = target.indexOf('://')
  const path = scheme < 0 ? -1 : target.indexOf('/', scheme + 3)
  return path < 0 ? target.length : path
}

/**
 * The same server for the same path.
 *
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value not allowed
 */
export function uri<C extends Pick<RequestInfo, 'uri'> = RequestInfo>(
  options: UriOptions<C> = {},
): Balancer<C> {
  readOptions('uri', options, ['length', 'depth', 'whole', 'pathOnly', ...hashingOptionNames])
  const longest = readInteger('uri.length', options.length, Number.POSITIVE_INFINITY, 1, 65_536)
  const depth = readInteger('uri.depth', options.depth, Number.POSITIVE_INFINITY, 1, 1000)
  const whole = readFlag('uri.whole', options.whole, false)
  const pathOnly = readFlag('uri.pathOnly', options.pathOnly, false)
  return hashBy<C>('uri', options, (context, hash) => {
    const target = context.uri
    if (target === undefined) return Number.NaN
    const start = pathOnly ? startOfPath(target) : 0
    const limit = Math.min(target.length, start + longest)
    let slashes = 0
    let end = start
    for (; end < limit; end++) {
      const code = target.charCodeAt(end)
      // The first slash opens the first directory, so the one after the last that counts is one more.
      if (code === slash && ++slashes > depth) break
      if (code === questionMark && !whole) break
    }
    return hashText(hash, target, start, end)
  })
}
