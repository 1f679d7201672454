/**
 * Comma-separated lists in header values.
 *
 * Source: RFC 9110, 5.6.1: a recipient takes empty elements in its stride, so `a,,b` and `, a` are lists of one and two.
 * Not for: lists whose elements hold quoted strings; the lists here are of tokens.
 */
import { isToken } from './bytes.ts'

/** The elements of a list of tokens, lower case, or `undefined` if one is no token. */
export function tokenList(value: string): string[] | undefined {
  const elements: string[] = []
  for (const part of value.split(',')) {
    const element = trimBlanks(part)
    if (element === '') continue
    if (!isToken(element)) return undefined
    elements.push(element.toLowerCase())
  }
  return elements
}

/** Without SP and HTAB at either end; `String.trim` would take more than those. */
export function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && (text[from] === ' ' || text[from] === '\t')) from++
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to--
  return text.slice(from, to)
}
