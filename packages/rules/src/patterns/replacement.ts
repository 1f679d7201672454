/**
 * Replacements with back-references, as HAProxy writes them: `\0` to `\9` for what groups matched, `\x41` for a byte, and a
 * backslash before any other character for that character.
 */

/** @param groups what the whole pattern and its groups matched; a group that took no part is written as nothing */
export function expand(text: string, groups: readonly (string | undefined)[]): string {
  if (!text.includes('\\')) return text
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g,
    (_, hex: string | undefined, character: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      const digit = character as string
      return digit >= '0' && digit <= '9' ? (groups[Number(digit)] ?? '') : digit
    },
  )
}
