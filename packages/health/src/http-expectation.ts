/** What an HTTP check expects of an answer, compiled once. */
import type { IncomingHttpHeaders } from 'node:http'
import { type BodySearch, bodySearch } from './body-search.ts'
import { readInteger, readOptions, refuse } from './options.ts'
import { parseStatusRanges, type StatusRanges } from './status-ranges.ts'

/** What must be true of an answer; all of it. */
export interface HttpExpect {
  /** The expected statuses: `'200-399'` by default, as with HAProxy. */
  readonly status?: StatusRanges | undefined
  /**
   * Headers by name: a text is the whole value, an expression matches within it, `true` asks only that it is
   * there. Several headers of one name are joined with `, `.
   */
  readonly headers?: Readonly<Record<string, string | RegExp | true>> | undefined
  /**
   * A text that the body contains, or an expression that matches it, read as UTF-8, in its first
   * `maxBodyBytes`. A text ends the check as soon as it is found; an expression waits for the end of the body.
   * By default the body is not read.
   */
  readonly body?: string | RegExp | undefined
}

export interface CompiledExpectation {
  /** True where neither headers nor a body matter. */
  readonly onlyStatus: boolean
  status(status: number): boolean
  /** Undefined where all is well, else what is not. */
  headers(headers: IncomingHttpHeaders): string | undefined
  /** A new search in a body; undefined where the body does not matter. */
  body(): BodySearch | undefined
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function compileExpectation(
  expect: HttpExpect = {},
  maxBodyBytes: number | undefined = undefined,
): CompiledExpectation {
  readOptions('options.expect', expect, ['status', 'headers', 'body'])
  const maxBytes = readInteger('options.maxBodyBytes', maxBodyBytes, 16_384, 1, 2 ** 30)
  const { body } = expect
  if (body !== undefined && !(body instanceof RegExp) && (typeof body !== 'string' || body === '')) {
    refuse('options.expect.body', body, 'a text that is not empty, or a RegExp')
  }
  const wanted = body instanceof RegExp ? withoutMemory(body) : body
  return {
    onlyStatus: wanted === undefined && Object.keys(expect.headers ?? {}).length === 0,
    status: parseStatusRanges('options.expect.status', expect.status ?? '200-399'),
    headers: compileHeaders(expect.headers ?? {}),
    body: () => (wanted === undefined ? undefined : bodySearch(wanted, maxBytes)),
  }
}

function compileHeaders(expected: Readonly<Record<string, string | RegExp | true>>) {
  readOptions('options.expect.headers', expected, Object.keys(expected))
  const tests = Object.entries(expected).map(([name, value]) => {
    if (typeof value !== 'string' && !(value instanceof RegExp) && value !== true) {
      refuse(`options.expect.headers.${name}`, value, 'a text, a RegExp or true')
    }
    return { name: name.toLowerCase(), value: value instanceof RegExp ? withoutMemory(value) : value }
  })
  return (headers: IncomingHttpHeaders): string | undefined => {
    for (const { name, value } of tests) {
      const found = headers[name]
      if (found === undefined) return `header ${name} is missing`
      const text = Array.isArray(found) ? found.join(', ') : found
      const fits = value === true || (typeof value === 'string' ? text === value : value.test(text))
      if (!fits) return `header ${name} is ${JSON.stringify(text.slice(0, 100))}`
    }
    return undefined
  }
}

/** The same expression without `g` and `y`, which would make it go on where it last matched. */
export function withoutMemory(expression: RegExp): RegExp {
  return new RegExp(expression.source, expression.flags.replace(/[gy]/g, ''))
}
