/**
 * The same server for the same value of a request header: HAProxy's `balance hdr(<name>)`.
 *
 * As there, the key is the first value of the header: up to the first comma that is not in quotes, without the
 * space around it, in upper and lower case as it is. An empty value is no key.
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { hashText } from './hash-functions.ts'
import { readFlag, readOptions, refuse } from './options.ts'

/** The options of {@link header}. */
export interface HeaderOptions<C> extends HashingOptions<C> {
  /**
   * Whether of a host name only the label before the last dot counts: of `www.example.com` only `example`, and so
   * for all hosts of that domain alike. False by default.
   */
  readonly useDomainOnly?: boolean | undefined
}

const [tab, space, quote, comma, backslash] = [0x09, 0x20, 0x22, 0x2c, 0x5c]

/** The end of the first of the values in a list. */
function endOfValue(list: string): number {
  let quoted = false
  for (let at = 0; at < list.length; at++) {
    const code = list.charCodeAt(at)
    if (code === quote) quoted = !quoted
    else if (code === backslash && quoted) at++
    else if (code === comma && !quoted) return at
  }
  return list.length
}

const isBlank = (code: number) => code === space || code === tab

/**
 * The same server for the same value of a request header.
 *
 * @param name the header's name: one or more of the characters that RFC 9110, section 5.6.2, allows; case is ignored
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for a name or value not allowed, or an unknown option
 */
export function header<C extends Pick<RequestInfo, 'header'> = RequestInfo>(
  name: string,
  options: HeaderOptions<C> = {},
): Balancer<C> {
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    refuse('header.name', name, 'a header name')
  readOptions('header', options, ['useDomainOnly', ...hashingOptionNames])
  const useDomainOnly = readFlag('header.useDomainOnly', options.useDomainOnly, false)
  const lowerName = name.toLowerCase()
  return hashBy<C>('hdr', options, (context, hash) => {
    const list = context.header?.(lowerName)
    if (list === undefined) return Number.NaN
    let end = endOfValue(list)
    let start = 0
    while (start < end && isBlank(list.charCodeAt(start))) start++
    while (end > start && isBlank(list.charCodeAt(end - 1))) end--
    if (start === end) return Number.NaN
    if (useDomainOnly) {
      // A dot at the very beginning closes no label; without another the whole value counts.
      const lastDot = list.lastIndexOf('.', end - 1)
      if (lastDot > start) {
        end = lastDot
        // The label has one character at least, even where that is another dot.
        const dotBefore = end - 2 < start ? -1 : list.lastIndexOf('.', end - 2)
        start = Math.max(start, dotBefore + 1)
      }
    }
    return hashText(hash, list, start, end)
  })
}
