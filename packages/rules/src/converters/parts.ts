/**
 * Parts of a text between delimiters.
 *
 * A field is what lies between two delimiters, be it empty; a word is what lies between runs of them, and never empty.
 * Counted from 1 on, or from -1 back. Cost: one pass, and the text that is taken.
 */
import { integerOption, refuse } from '../options.ts'
import { type Converter, converter } from '../value.ts'

/**
 * The field of this number: `field(2, '/')` of `/a/b` is `a`.
 * @param delimiters each character is one
 * @param count how many fields, with the delimiters between them; 0 for all that are left. Default 1.
 */
export function field(index: number, delimiters: string, count = 1): Converter<string, string> {
  const text = checkPart('field', index, delimiters, count)
  return converter(text, 'str', 'str', value =>
    index > 0 ? fieldFrom(value, index, delimiters, count) : fieldBack(value, -index, delimiters, count),
  )
}

/**
 * The word of this number: `word(1, '/')` of `//a/b` is `a`.
 * @param delimiters each character is one
 * @param count how many words, with the delimiters between them; 0 for all that are left. Default 1.
 */
export function word(index: number, delimiters: string, count = 1): Converter<string, string> {
  const text = checkPart('word', index, delimiters, count)
  return converter(text, 'str', 'str', value =>
    index > 0 ? wordFrom(value, index, delimiters, count) : wordBack(value, -index, delimiters, count),
  )
}

function fieldFrom(text: string, index: number, delimiters: string, count: number): string | undefined {
  let start = 0
  let field = 1
  let left = count
  for (let at = 0; at < text.length; at++) {
    if (!delimiters.includes(text[at] as string)) continue
    if (field < index) {
      start = at + 1
      field++
    } else if (--left === 0) return text.slice(start, at)
  }
  return field === index ? text.slice(start) : undefined
}

function fieldBack(text: string, index: number, delimiters: string, count: number): string | undefined {
  let end = text.length
  let field = 1
  let left = count
  for (let at = text.length; at > 0; at--) {
    if (!delimiters.includes(text[at - 1] as string)) continue
    if (field < index) {
      end = at - 1
      field++
    } else if (--left === 0) return text.slice(at, end)
  }
  return field === index ? text.slice(0, end) : undefined
}

function wordFrom(text: string, index: number, delimiters: string, count: number): string | undefined {
  let start = 0
  let word = 0
  let left = count
  let inside = false
  for (let at = 0; at < text.length; at++) {
    const delimits = delimiters.includes(text[at] as string)
    if (inside && delimits) {
      if (word === index && --left === 0) return text.slice(start, at)
      inside = false
    } else if (!inside && !delimits) {
      if (word < index) {
        word++
        start = at
      }
      inside = true
    }
  }
  return word === index ? text.slice(start) : undefined
}

function wordBack(text: string, index: number, delimiters: string, count: number): string | undefined {
  let end = text.length
  let word = 0
  let left = count
  let inside = false
  for (let at = text.length; at > 0; at--) {
    const delimits = delimiters.includes(text[at - 1] as string)
    if (inside && delimits) {
      if (word === index && --left === 0) return text.slice(at, end)
      inside = false
    } else if (!inside && !delimits) {
      if (word < index) {
        word++
        end = at
      }
      inside = true
    }
  }
  return word === index ? text.slice(0, end) : undefined
}

/** @returns what HAProxy writes */
function checkPart(keyword: string, index: unknown, delimiters: unknown, count: unknown): string {
  const most = Number.MAX_SAFE_INTEGER
  if (integerOption(`${keyword} index`, index, -most, most) === 0)
    refuse(`${keyword} index`, index, 'from 1 on, or from -1 back')
  if (typeof delimiters !== 'string' || delimiters === '')
    refuse(`${keyword} delimiters`, delimiters, 'a text of at least one character')
  integerOption(`${keyword} count`, count, 0, most)
  return `${keyword}(${index},${delimiters}${count === 1 ? '' : `,${count}`})`
}
