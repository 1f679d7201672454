/**
 * One value found in a JSON text by its path, without parsing the rest: what is passed over is measured by its brackets and
 * strings, and nothing is built of it.
 *
 * Invariant: no recursion, so that a text of a million brackets costs time alone. Cost: O(length), one text for the value.
 */
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'

/** A key as it stands in the text, or a place in an array. */
type Step = string | number

/** `$`, then `.key` and `[n]`; a dot within a key is `\.`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function parseJsonPath(field: string, path: unknown): readonly Step[] {
  const steps: Step[] = []
  if (typeof path !== 'string' || !path.startsWith('$'))
    refuse(field, path, 'a path such as $.user.name or $.list[0]')
  const pattern = /\.((?:\\.|[^.[\\])+)|\[(\d{1,9})\]/y
  pattern.lastIndex = 1
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path)
    if (match === null) refuse(field, path, 'a path such as $.user.name or $.list[0]')
    steps.push(match[2] === undefined ? (match[1] as string).replace(/\\(.)/g, '$1') : Number(match[2]))
  }
  return steps
}

/** The text of the value at this path, as it is written. */
export function findJson(text: string, steps: readonly Step[]): string | undefined {
  let at = afterSpace(text, 0)
  for (const step of steps) {
    at = typeof step === 'string' ? memberAt(text, at, step) : elementAt(text, at, step)
    if (at < 0) return undefined
  }
  const end = valueEnd(text, at)
  return end <= at ? undefined : text.slice(at, end)
}

/** What a value is as a sample. */
export function sampleOfJson(token: string, asInteger: boolean): Sample | undefined {
  if (token === 'true') return true
  if (token === 'false') return false
  if (token.startsWith('[')) return token
  if (token.startsWith('"')) return decoded(token.slice(1, -1))
  if (!/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(token)) return undefined
  if (!asInteger) return sixDigits(Number(token))
  // As C's strtoll, which stops at the point.
  const number = Number.parseInt(token, 10)
  return Number.isSafeInteger(number) ? number : undefined
}

function memberAt(text: string, start: number, key: string): number {
  if (text[start] !== '{') return -1
  let at = afterSpace(text, start + 1)
  while (text[at] === '"') {
    const end = stringEnd(text, at)
    if (end < 0) return -1
    const colon = afterSpace(text, end)
    if (text[colon] !== ':') return -1
    const value = afterSpace(text, colon + 1)
    if (end - at - 2 === key.length && text.startsWith(key, at + 1)) return value
    at = nextItem(text, value)
    if (at < 0) return -1
  }
  return -1
}

function elementAt(text: string, start: number, index: number): number {
  if (text[start] !== '[') return -1
  let at = afterSpace(text, start + 1)
  for (let passed = 0; passed < index; passed++) {
    at = nextItem(text, at)
    if (at < 0) return -1
  }
  return text[at] === ']' ? -1 : at
}

/** Where the item behind this one begins; -1 where there is none. */
function nextItem(text: string, value: number): number {
  const end = valueEnd(text, value)
  const comma = afterSpace(text, end)
  return end > value && text[comma] === ',' ? afterSpace(text, comma + 1) : -1
}

/** Where the value that begins here ends; -1 where it does not. */
function valueEnd(text: string, start: number): number {
  if (text[start] === '"') return stringEnd(text, start)
  if (text[start] === '{' || text[start] === '[') return blockEnd(text, start)
  let at = start
  while (at < text.length && /[-+.\w]/.test(text[at] as string)) at++
  return at
}

function blockEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') {
      if (--depth === 0) return at + 1
    } else if (character === '"') {
      const end = stringEnd(text, at)
      if (end < 0) return -1
      at = end - 1
    }
  }
  return -1
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at + 1
  }
  return -1
}

function afterSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && ' \t\r\n'.includes(text[at] as string)) at++
  return at
}

/** A string without its escapes: what is beyond ASCII as UTF-8. Nothing for one that is malformed. */
function decoded(text: string): string | undefined {
  if (!text.includes('\\')) return text
  let isWhole = true
  const plain = text.replace(
    /\\(?:u([0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?)|([\s\S]?))/g,
    (_, hex?: string, letter?: string) => {
      if (hex !== undefined) {
        const units = hex.split('\\u').map(unit => Number.parseInt(unit, 16))
        return Buffer.from(String.fromCharCode(...units), 'utf8').toString('latin1')
      }
      const meant = letter === '' ? undefined : simple[letter as string]
      if (meant === undefined) isWhole = false
      return meant ?? ''
    },
  )
  return isWhole ? plain : undefined
}

const simple: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** C's `%g`. */
function sixDigits(number: number): string {
  const text = number.toPrecision(6)
  const [mantissa, exponent] = text.split('e') as [string, string?]
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
  const magnitude = number === 0 ? 0 : Math.floor(Math.log10(Math.abs(number)))
  if (exponent === undefined && magnitude >= -4) return short
  const [digits, power] = number.toExponential(5).split('e') as [string, string]
  const size = Math.abs(Number(power)).toString().padStart(2, '0')
  return `${digits.replace(/\.?0+$/, '')}e${power.startsWith('-') ? '-' : '+'}${size}`
}
