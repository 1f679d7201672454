/**
 * Regular expressions that take linear time, whatever they are matched with.
 *
 * A pattern comes from a configuration, what it is matched with from a client. Node's own engine backtracks: `(a+)+$` and
 * 40 letters keep it busy for hours, and the process with it. So a pattern is run by RE2 (re2js), which reads each
 * character once. What RE2 has no time bound for it does not have: back-references within a pattern, and look-around.
 *
 * Syntax: RE2's (https://github.com/google/re2/wiki/Syntax), which is PCRE's but for those. A character is a byte, and `.`
 * matches all of them but LF.
 */
import { RE2JS, RE2JSException } from 're2js'
import { refuse } from '../options.ts'
import { expand } from './replacement.ts'

export interface Regex {
  test(text: string): boolean
  /** What the whole matched, and each group; undefined where it does not match. */
  groups(text: string): readonly (string | undefined)[] | undefined
  /** The text with `replacement` (see `expand`) in place of the first match, or of all that do not overlap. */
  replace(text: string, replacement: string, everywhere: boolean): string
}

/**
 * Compile a pattern.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for one that is wrong, or needs backtracking
 */
export function regex(field: string, pattern: string, ignoreCase: boolean): Regex {
  if (typeof pattern !== 'string') refuse(field, pattern, 'a regular expression, as text')
  return new Re2Regex(field, pattern, ignoreCase)
}

class Re2Regex implements Regex {
  readonly #compiled: RE2JS

  constructor(field: string, pattern: string, ignoreCase: boolean) {
    try {
      this.#compiled = RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    } catch (error) {
      const why = error instanceof RE2JSException ? error.message : String(error)
      refuse(field, pattern, `a regular expression without back-references and look-around (${why})`)
    }
  }

  test(text: string): boolean {
    return this.#compiled.test(text)
  }

  groups(text: string): readonly (string | undefined)[] | undefined {
    if (!this.#compiled.test(text)) return undefined
    const matcher = this.#compiled.matcher(text)
    return matcher.find() ? groupsOf(matcher) : undefined
  }

  replace(text: string, replacement: string, everywhere: boolean): string {
    if (!this.#compiled.test(text)) return text
    const matcher = this.#compiled.matcher(text)
    let replaced = ''
    let at = 0
    while (matcher.find()) {
      replaced += text.slice(at, matcher.start()) + expand(replacement, groupsOf(matcher))
      at = matcher.end()
      if (!everywhere) break
    }
    return replaced + text.slice(at)
  }
}

function groupsOf(matcher: ReturnType<RE2JS['matcher']>): (string | undefined)[] {
  const groups: (string | undefined)[] = []
  for (let group = 0; group <= matcher.groupCount(); group++) groups.push(matcher.group(group) ?? undefined)
  return groups
}
