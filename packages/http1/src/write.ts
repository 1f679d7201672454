/**
 * Outgoing heads as strings: to be written as latin1, best in one write with the first bytes of the body.
 *
 * Invariant: nothing here can put a line break into a head that was not asked for: names, values, methods, targets
 * and reasons from the host application are checked and refused by throwing, since they are the program's own.
 * Lines copied from an accepted head need no check.
 * Cost: `forwardHead` makes one slice for each run of lines kept, so one for a head of which nothing is dropped.
 * Source: RFC 9112, 3, 4 and 5; RFC 9110, 7.6.1.
 */
import { isFieldValue, isToken, TARGET } from './bytes.ts'
import type { DropList } from './drop-list.ts'
import { type HeaderLines, sameName } from './header-lines.ts'
import { reasonPhrase } from './reason.ts'

/** A name, value or other part that may not stand in a head; thrown to the program that gave it. */
export class HeaderValueError extends TypeError {
  readonly code = 'EVENER_INVALID_HEADER'
  override readonly name = 'HeaderValueError'
}

/** `Name: value` with its CRLF. @throws {HeaderValueError} `EVENER_INVALID_HEADER` */
export function headerLine(name: string, value: string | number): string {
  const text = String(value)
  if (!isToken(name)) throw new HeaderValueError(`${JSON.stringify(name)} is no header name`)
  if (!isFieldValue(text))
    throw new HeaderValueError(`the value of ${name} holds a character that no header may`)
  return `${name}: ${text}\r\n`
}

/** Several header lines from names and values in turn. @throws {HeaderValueError} `EVENER_INVALID_HEADER` */
export function headerLines(pairs: readonly (string | number)[]): string {
  let text = ''
  for (let index = 0; index + 1 < pairs.length; index += 2)
    text += headerLine(String(pairs[index]), pairs[index + 1]!)
  return text
}

/** A request line of HTTP/1.1 with its CRLF. @throws {HeaderValueError} `EVENER_INVALID_HEADER` */
export function requestLine(method: string, target: string): string {
  if (!isToken(method)) throw new HeaderValueError(`${JSON.stringify(method)} is no method`)
  for (let index = 0; index < target.length; index++) {
    if (TARGET[target.charCodeAt(index)] !== 1)
      throw new HeaderValueError('the target holds a character it may not')
  }
  if (target === '') throw new HeaderValueError('the target is empty')
  return `${method} ${target} HTTP/1.1\r\n`
}

/**
 * A status line of HTTP/1.1 with its CRLF; the usual reason phrase unless another is given.
 *
 * @throws {HeaderValueError} `EVENER_INVALID_HEADER`
 */
export function statusLine(status: number, reason: string = reasonPhrase(status)): string {
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw new HeaderValueError(`a status is a whole number from 100 to 599, not ${status}`)
  }
  if (!isFieldValue(reason)) throw new HeaderValueError('the reason phrase holds a character it may not')
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

/**
 * A head that goes on: `firstLine`, the lines of the head that came without those dropped, `added`, the empty line.
 *
 * @param firstLine of `requestLine` or `statusLine`, or a slice of a head, with its CRLF
 * @param lines the lines that came
 * @param drop names compiled once that do not go on
 * @param named further names, lower case, that end at this hop: the head's `hopHeaders`
 * @param added lines with their CRLF, from `headerLine`; ''
 */
export function forwardHead(
  firstLine: string,
  lines: HeaderLines,
  drop: DropList,
  named: readonly string[] | undefined,
  added: string,
): string {
  const { text, marks, count } = lines
  let out = firstLine
  let from = marks[0]!
  for (let index = 0; index < count; index++) {
    if (!drop.drops(lines, index) && (named === undefined || !isNamed(lines, index, named))) continue
    const at = marks[index * 3]!
    if (at > from) out += text.slice(from, at)
    from = marks[index * 3 + 3]!
  }
  const end = marks[count * 3]!
  if (end > from) out += text.slice(from, end)
  return `${out}${added}\r\n`
}

function isNamed(lines: HeaderLines, index: number, named: readonly string[]): boolean {
  const at = lines.marks[index * 3]!
  const length = lines.marks[index * 3 + 1]! - at
  for (const name of named) if (name.length === length && sameName(lines.text, at, name)) return true
  return false
}
