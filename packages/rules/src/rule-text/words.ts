/**
 * The words of a line, as HAProxy's configuration has them (manual, section 2.2): parted by blanks, but not within quotes or
 * behind a backslash. A backslash that escapes nothing is an ordinary character, as in `\.jpg$`.
 */
import { refuse } from '../options.ts'

const escaped: Readonly<Record<string, string>> = {
  ' ': ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '#': '#',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** @throws {RuleError} `EVENER_INVALID_OPTION` for a quote that is not closed */
export function wordsOf(field: string, text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word ??= ''
    if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === '\\' && quote !== "'") {
      const hex = /^x[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 4))?.[0]
      const meant = escaped[text[at + 1] as string]
      if (hex !== undefined) {
        word += String.fromCharCode(Number.parseInt(hex.slice(1), 16))
        at += 3
      } else if (meant !== undefined) {
        word += meant
        at++
      } else word += character
    } else word += character
  }
  if (quote !== '') refuse(field, text, `a closing ${quote}`)
  if (word !== undefined) words.push(word)
  return words
}
