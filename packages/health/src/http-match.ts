/** What a step of an HTTP chain looks for in an answer, read once. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './chain-steps.ts'
import type { CheckContext, PerCheck } from './connect.ts'
import { withoutMemory } from './http-expectation.ts'
import { readChoice, readOptions, refuse } from './options.ts'
import { parseStatusRanges, type StatusRanges } from './status-ranges.ts'

/** How a name or value is compared with a text: the whole of it, its beginning, its end, or anywhere in it. */
export type TextMethod = 'str' | 'beg' | 'end' | 'sub'

/** A header that is looked for. */
export interface HeaderMatch {
  /** Its name, in any case; an expression matches within it. */
  readonly name: string | RegExp
  /** How a text is compared with the name: `str` by default. HAProxy's `-m`. */
  readonly nameMethod?: TextMethod | undefined
  /** Its value; an expression matches within it. By default the header need only be there. */
  readonly value?: string | RegExp | undefined
  /** How a text is compared with the value: `str` by default. HAProxy's `-m`. */
  readonly valueMethod?: TextMethod | undefined
}

/** What is looked for in an answer. */
export type HttpMatch =
  /** Its status is one of these. */
  | { readonly status: StatusRanges }
  /** This expression matches its status. */
  | { readonly rstatus: RegExp }
  /** It has such a header, of whose value each part between commas is taken for itself. */
  | { readonly hdr: HeaderMatch }
  /** It has such a header, its value taken as a whole. */
  | { readonly fhdr: HeaderMatch }
  /** Its body has this text in it. HAProxy's `string`, `string-lf`. */
  | { readonly string: PerCheck<string> }
  /** This expression matches its body, read as UTF-8. */
  | { readonly rstring: RegExp }

/** What is looked at. */
export interface Matched extends Answer {
  readonly headers: IncomingHttpHeaders
  /** Of the check that it is the answer to. */
  readonly context: CheckContext | undefined
}

/** A match, read. */
export interface CompiledHttpMatch {
  /** It is the body that is looked at, which comes bit by bit. */
  readonly ofBody: boolean
  /** Undefined where more is needed to say. */
  test(answer: Matched, final: boolean): boolean | undefined
  /** What is looked for, for messages. */
  readonly wanted: string
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readHttpMatch(field: string, match: HttpMatch): CompiledHttpMatch {
  readOptions(field, match, ['status', 'rstatus', 'hdr', 'fhdr', 'string', 'rstring'])
  const [name, ...others] = Object.keys(match)
  if (name === undefined || others.length > 0) {
    refuse(field, match, 'one of status, rstatus, hdr, fhdr, string and rstring')
  }
  if ('status' in match) {
    const test = parseStatusRanges(`${field}.status`, match.status)
    return ofHead(({ status = 0 }) => test(status), `status ${JSON.stringify(match.status)}`)
  }
  if ('rstatus' in match) {
    const test = readExpression(`${field}.rstatus`, match.rstatus)
    return ofHead(({ status = 0 }) => test.test(String(status)), `status ${test}`)
  }
  if ('hdr' in match || 'fhdr' in match) return readHeaderMatch(field, match)
  if ('rstring' in match) {
    const test = readExpression(`${field}.rstring`, match.rstring)
    return ofBody(answer => test.test(answer.received.toString()), `body ${test}`)
  }
  const { string } = match
  if (typeof string === 'function') {
    const needleOf = ({ context }: Matched) => Buffer.from(string(context as CheckContext))
    return ofBody((answer, final) => finds(answer, needleOf(answer), final), 'body with a text of its own')
  }
  if (typeof string !== 'string' || string === '')
    refuse(`${field}.string`, string, 'a text that is not empty')
  const needle = Buffer.from(string)
  return ofBody((answer, final) => finds(answer, needle, final), `body with ${JSON.stringify(string)}`)
}

/** As with HAProxy, less than what is looked for decides nothing. */
function finds({ received }: Matched, needle: Buffer, final: boolean): boolean | undefined {
  return received.length < needle.length && !final ? undefined : received.includes(needle)
}

function ofHead(test: (answer: Matched) => boolean, wanted: string): CompiledHttpMatch {
  return { ofBody: false, test, wanted }
}

function ofBody(test: CompiledHttpMatch['test'], wanted: string): CompiledHttpMatch {
  return { ofBody: true, test, wanted }
}

function readHeaderMatch(
  field: string,
  match: { readonly hdr: HeaderMatch } | { readonly fhdr: HeaderMatch },
): CompiledHttpMatch {
  const whole = 'fhdr' in match
  const where = `${field}.${whole ? 'fhdr' : 'hdr'}`
  const header = whole ? match.fhdr : match.hdr
  readOptions(where, header, ['name', 'nameMethod', 'value', 'valueMethod'])
  const { name, nameMethod, value, valueMethod } = header
  const ofName = readComparison(
    `${where}.name`,
    typeof name === 'string' ? name.toLowerCase() : name,
    nameMethod,
  )
  const ofValue = value === undefined ? () => true : readComparison(`${where}.value`, value, valueMethod)
  const test = ({ headers }: Matched): boolean =>
    Object.entries(headers).some(([found, text]) => {
      // What HTTP/2 has in place of the first line is no header.
      if (found.startsWith(':') || !ofName(found)) return false
      const values = [text ?? ''].flat()
      return values.flatMap(one => (whole ? one : one.split(',').map(part => part.trim()))).some(ofValue)
    })
  return ofHead(test, `header ${String(name)}${value === undefined ? '' : ` with ${String(value)}`}`)
}

function readComparison(
  field: string,
  wanted: unknown,
  method: TextMethod | undefined,
): (text: string) => boolean {
  const how = readChoice(`${field}Method`, method, 'str', ['str', 'beg', 'end', 'sub'])
  if (wanted instanceof RegExp) {
    const test = withoutMemory(wanted)
    return text => test.test(text)
  }
  if (typeof wanted !== 'string' || wanted === '')
    refuse(field, wanted, 'a text that is not empty, or a RegExp')
  if (how === 'beg') return text => text.startsWith(wanted)
  if (how === 'end') return text => text.endsWith(wanted)
  return how === 'sub' ? text => text.includes(wanted) : text => text === wanted
}

function readExpression(field: string, expression: unknown): RegExp {
  if (!(expression instanceof RegExp)) refuse(field, expression, 'a RegExp')
  return withoutMemory(expression)
}
