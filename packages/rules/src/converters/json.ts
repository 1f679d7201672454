/** JSON: texts as they stand within its strings (RFC 8259 section 7), and values looked up in it. */
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import { type Converter, converter } from '../value.ts'
import { findJson, parseJsonPath, sampleOfJson } from './json-path.ts'

/** How what comes in is to be read: as bytes, or as UTF-8, of which what is malformed is refused or left out (`s`). */
export type JsonInput = 'ascii' | 'utf8' | 'utf8s' | 'utf8p' | 'utf8ps'

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
}

/**
 * Escaped for a string of JSON.
 * @param input `ascii` (default): each byte is a character. The others read UTF-8; `utf8` and `utf8p` give nothing for what
 *   is malformed, `utf8s` and `utf8ps` leave it out. The two with a `p` take overlong forms, which the decoder here never does.
 */
export function json(input: JsonInput = 'ascii'): Converter<string, string> {
  if (!['ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'].includes(input))
    refuse('json input', input, 'ascii, utf8, utf8s, utf8p or utf8ps')
  if (input === 'ascii') return converter('json', 'str', 'str', escaped)
  const lenient = input.endsWith('s')
  return converter(`json(${input})`, 'str', 'str', text => {
    const decoded = Buffer.from(text, 'latin1').toString('utf8')
    // What is malformed is decoded as U+FFFD; what is beyond 16 bits has no escape of its own.
    const isOdd = /[\ufffd\ud800-\udfff]/.test(decoded)
    if (isOdd && !lenient) return undefined
    return escaped(isOdd ? decoded.replace(/[\ufffd\ud800-\udfff]/g, '') : decoded)
  })
}

/**
 * A value of a JSON text: `$.user.name`, `$.list[0]`. Texts come decoded, arrays as they are written; objects and null
 * are nothing.
 * @param output `int` to have numbers as whole ones; else they come as texts, to six digits, as HAProxy writes them
 */
export function jsonQuery(path: string, output?: 'int'): Converter<string, Sample> {
  const steps = parseJsonPath('json_query path', path)
  if (output !== undefined && output !== 'int') refuse('json_query output', output, 'int, or none')
  const text = `json_query(${path}${output === undefined ? '' : ',int'})`
  return converter(text, 'str', 'any', value => {
    const token = findJson(value, steps)
    return token === undefined ? undefined : sampleOfJson(token, output === 'int')
  })
}

function escaped(text: string): string {
  return text.replace(/["\\/]|[^ -~]/g, character => {
    return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
