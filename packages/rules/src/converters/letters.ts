/** Upper and lower case: of ASCII's letters alone. Other bytes stay as they are. */
import { type Converter, converter } from '../value.ts'

/** `A` to `Z` as `a` to `z`. */
export const lower = (): Converter<string, string> => converter('lower', 'str', 'str', lowerCase)

/** `a` to `z` as `A` to `Z`. */
export const upper = (): Converter<string, string> => converter('upper', 'str', 'str', upperCase)

/** What is in lower case already stays the same text. Beyond ASCII, JavaScript's own function would change bytes. */
export function lowerCase(text: string): string {
  let isAscii = true
  let hasCapitals = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127) isAscii = false
    else if (code >= 0x41 && code <= 0x5a) hasCapitals = true
  }
  if (!hasCapitals) return text
  return isAscii ? text.toLowerCase() : text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

function upperCase(text: string): string {
  return text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
