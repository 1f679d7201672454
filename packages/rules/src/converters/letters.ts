/** Upper and lower case: of ASCII's letters alone. Other bytes stay as they are. */
import { type Converter, converter } from '../value.ts'

/** `A` to `Z` as `a` to `z`. */
export const lower = (): Converter<string, string> => converter('lower', 'str', 'str', lowerCase)

/** `a` to `z` as `A` to `Z`. */
export const upper = (): Converter<string, string> => converter('upper', 'str', 'str', upperCase)

/** What is in lower case already is not copied. Beyond ASCII, JavaScript's own function would change bytes. */
export function lowerCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

function upperCase(text: string): string {
  return isAscii(text) ? text.toUpperCase() : text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false
  return true
}
