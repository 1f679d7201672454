/** What a regular expression matches, replaced: HAProxy's `regsub`, in linear time. */
import { refuse } from '../options.ts'
import { regex } from '../patterns/regex.ts'
import { type Converter, converter } from '../value.ts'

/**
 * @param pattern RE2's syntax
 * @param replacement with `\0` to `\9` for what the whole and its groups matched
 * @param flags `g`: all of them, not the first alone; `i`: without regard to case
 */
export function regsub(pattern: string, replacement: string, flags = ''): Converter<string, string> {
  if (!/^[gi]*$/.test(flags)) refuse('regsub flags', flags, 'g, i or both')
  if (typeof replacement !== 'string') refuse('regsub replacement', replacement, 'a text')
  const compiled = regex('regsub pattern', pattern, flags.includes('i'))
  const everywhere = flags.includes('g')
  return converter(
    `regsub(${pattern},${replacement}${flags === '' ? '' : `,${flags}`})`,
    'str',
    'str',
    text => compiled.replace(text, replacement, everywhere),
  )
}
