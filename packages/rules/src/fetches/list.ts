/**
 * Lists in header values: elements between commas, none of them within a quoted string, blanks around them dropped.
 *
 * As HAProxy takes them: a value has always one element at least, and an empty element counts.
 * Cost: one pass; a text for each element that is asked for.
 */

/** Where the element that begins here ends: at its comma, or at the value's end. */
export function elementEnd(value: string, start: number): number {
  if (!value.includes('"', start)) {
    const comma = value.indexOf(',', start)
    return comma < 0 ? value.length : comma
  }
  let quoted = false
  for (let at = start; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (quoted) {
      if (code === 0x5c) at++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x2c) return at
  }
  return value.length
}

/** A part of a text without the blanks around it. */
export function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

/** How many elements there are: one at least. */
export function countElements(value: string): number {
  let count = 1
  for (let at = elementEnd(value, 0); at < value.length; at = elementEnd(value, at + 1)) count++
  return count
}

/** The element of this number, from 0 on; it must be there. */
export function elementAt(value: string, index: number): string {
  let start = 0
  let end = elementEnd(value, 0)
  for (let at = 0; at < index; at++) {
    start = end + 1
    end = elementEnd(value, start)
  }
  return trimmed(value, start, end)
}

export function lastElement(value: string): string {
  let start = 0
  for (let end = elementEnd(value, 0); end < value.length; end = elementEnd(value, start)) start = end + 1
  return trimmed(value, start, value.length)
}

/** Whether one of the elements passes. */
export function someElement<C>(
  value: string,
  scope: C,
  test: (element: string, scope: C) => boolean,
): boolean {
  for (let start = 0; ; ) {
    const end = elementEnd(value, start)
    if (test(trimmed(value, start, end), scope)) return true
    if (end >= value.length) return false
    start = end + 1
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}
