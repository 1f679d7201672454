/** HAProxy's `language`: which of some languages a client likes best, from what `req.fhdr(accept-language)` says. */
import { refuse } from '../options.ts'
import { type Converter, converter } from '../value.ts'

/** RFC 9110 section 12.4.2, and whatever else HAProxy takes for a weight. */
const element = /^\s*([^\s;,]+)\s*(?:;\s*q\s*=\s*(\d(?:\.\d{0,3})?))?/

/**
 * @param languages those that there are: `['es', 'fr', 'en']`; one with a variant (`en-us`) is taken for itself alone
 * @param byDefault where none is liked; without it, there is nothing
 */
export function language(languages: readonly string[], byDefault?: string): Converter<string, string> {
  if (!Array.isArray(languages) || languages.length === 0)
    refuse('language languages', languages, 'a list of names')
  const text = `language(${languages.join(';')}${byDefault === undefined ? '' : `,${byDefault}`})`
  return converter(text, 'str', 'str', accepted => {
    let best: string | undefined
    let weight = 0
    for (const part of accepted.split(',')) {
      const match = element.exec(part)
      const found = match === null ? undefined : languages.find(each => isOf(match[1] as string, each))
      const liked = match?.[2] === undefined ? 1 : Math.min(1, Number(match[2]))
      if (found === undefined || liked <= weight) continue
      best = found
      weight = liked
      if (weight === 1) break
    }
    return best ?? byDefault
  })
}

/** `en-us` is of `en`. */
function isOf(range: string, language: string): boolean {
  return range === language || (range.startsWith(language) && range[language.length] === '-')
}
