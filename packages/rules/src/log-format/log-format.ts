/**
 * What turns a record into a line: a `log-format`, or JSON.
 *
 * JSON is ASCII whatever clients send: bytes that are UTF-8 are the characters that they mean, others stand for
 * themselves (Latin-1), and all beyond ASCII is escaped. So it is one line, and the same in every encoding.
 */
import type { Names } from '../expression/names.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { Value } from '../value.ts'
import { clf, httplog, httpslog, tcplog } from './formats.ts'
import type { LogScope } from './log-scope.ts'
import { type Part, parseFormat, type ReadExpression } from './parse.ts'
import { compileTemplate, ifKnown, known, reading } from './template.ts'
import { type AnyScope, variables } from './variables.ts'

export type LogFields = Readonly<Record<string, Sample | null>>

export interface LogFormat {
  readonly text: string
  /** Without a line feed, or any other control character. Never throws. */
  readonly line: (scope: LogScope) => string
  /** The same as an object, where the format is JSON: for loggers that write objects. */
  readonly fields: ((scope: LogScope) => LogFields) | undefined
}

/** A field of a JSON record: `%Ta`, `%[path,lower]`, a text with several of these, or a value. */
export type JsonField = string | Value<Sample, never>

const names: Readonly<Record<string, string>> = { httplog, httpslog, clf, tcplog }

/** @param format `httplog`, `httpslog`, `clf`, `tcplog`, or a template */
export function compileLine(field: string, format: string, expression: ReadExpression): LogFormat {
  if (typeof format !== 'string' || format === '') refuse(field, format, 'a log-format or the name of one')
  const text = Object.hasOwn(names, format) ? (names[format] as string) : format
  return {
    text,
    line: compileTemplate(field, text, 'log', expression).read as LogFormat['line'],
    fields: undefined,
  }
}

/** Fields with clear names: what `httplog` says, and what it does not. */
export const clearNames: Readonly<Record<string, string>> = {
  time: '%trg',
  client: '%ci',
  clientPort: '%cp',
  frontend: '%f',
  backend: '%b',
  server: '%s',
  method: '%HM',
  target: '%HU',
  version: '%HV',
  status: '%ST',
  requestMs: '%TR',
  queueMs: '%Tw',
  connectMs: '%Tc',
  responseMs: '%Tr',
  activeMs: '%Ta',
  bytesRead: '%B',
  bytesUploaded: '%U',
  termination: '%tsc',
  processConnections: '%ac',
  frontendConnections: '%fc',
  backendConnections: '%bc',
  serverConnections: '%sc',
  retries: '%rc',
  serverQueue: '%sq',
  backendQueue: '%bq',
  requestCookie: '%CC',
  responseCookie: '%CS',
  requestHeaders: '%hr',
  responseHeaders: '%hs',
  uniqueId: '%ID',
}

/** The same by HAProxy's names. */
export const haproxyNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(clearNames).map(variable => [variable.slice(1), variable]),
)

/**
 * What a line of the log says: HAProxy's `log-format`. What clients send is escaped as HAProxy does (manual section 8.6).
 * @param format `httplog`, `httpslog`, `clf`, `tcplog`, or a template
 * @param names what arguments of expressions name
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the place
 */
export function logFormat(format: string, names?: Names): LogFormat {
  return compileLine('log-format', format, reading('log', names))
}

/**
 * Lines as JSON, and records as objects.
 * @param fields `clear` for names such as `queueMs`, `haproxy` for `Tw` and the like, or fields of one's own
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the field
 */
export function jsonFormat(
  fields: 'clear' | 'haproxy' | Readonly<Record<string, JsonField>> = 'clear',
  names?: Names,
): LogFormat {
  const wanted = fields === 'clear' ? clearNames : fields === 'haproxy' ? haproxyNames : fields
  return compileJson('jsonFormat', wanted, reading('log', names))
}

export function compileJson(
  field: string,
  wanted: Readonly<Record<string, JsonField>>,
  expression: ReadExpression,
): LogFormat {
  if (typeof wanted !== 'object' || wanted === null) refuse(field, wanted, 'an object of names and templates')
  const readers = Object.entries(wanted).map(
    ([name, template]) => [name, jsonReader(`${field}.${name}`, template, expression)] as const,
  )
  const fields = (scope: LogScope): LogFields => {
    const record: Record<string, Sample | null> = {}
    for (const [name, read] of readers) record[name] = read(scope)
    return record
  }
  const members = readers.map(([name, read], index) => ({
    before: `${index === 0 ? '{' : ','}${ascii(JSON.stringify(name))}:`,
    read,
  }))
  return { text: JSON.stringify(wanted, textOfValue), line: scope => written(members, scope), fields }
}

interface Member {
  readonly before: string
  readonly read: (scope: AnyScope) => Sample | null
}

/** A quarter of what it takes to make an object of so many fields, and JSON of that. */
function written(members: readonly Member[], scope: LogScope): string {
  let line = ''
  for (const { before, read } of members) {
    const value = read(scope)
    line += before
    if (typeof value !== 'string') line += value
    else line += /^[ !#-[\]-~]*$/.test(value) ? `"${value}"` : ascii(JSON.stringify(value))
  }
  return members.length === 0 ? '{}' : `${line}}`
}

function textOfValue(_name: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'needs' in value
    ? (value as unknown as Value).text
    : value
}

function jsonReader(
  field: string,
  template: JsonField,
  expression: ReadExpression,
): (scope: AnyScope) => Sample | null {
  if (typeof template !== 'string') return sampleReader(field, template)
  const parts = parseFormat(field, template, expression)
  const [only] = parts
  if (parts.length === 1 && only?.kind === 'expression') return sampleReader(field, only.value)
  if (parts.length === 1 && only?.kind === 'variable') return variableReader(field, only)
  const { read } = compileTemplate(field, template, 'log', expression)
  return scope => unicode(read(scope as LogScope) as string)
}

function sampleReader(field: string, value: Value<Sample, never>): (scope: AnyScope) => Sample | null {
  known(field, value.text, value.needs, 'log')
  const read = ifKnown(value)
  return scope => {
    const sample = read(scope)
    return typeof sample === 'string' ? unicode(sample) : (sample ?? null)
  }
}

function variableReader(
  field: string,
  { name }: Extract<Part, { kind: 'variable' }>,
): (scope: AnyScope) => Sample | null {
  const variable = variables.get(name)
  if (variable === undefined) return refuse(field, `%${name}`, 'a variable of a log-format')
  const { number, text } = variable
  if (number !== undefined) return number
  return scope => {
    const value = text(scope)
    return value === undefined || value === '' ? null : unicode(value)
  }
}

/** What bytes mean: UTF-8 where they are, else a character each. */
function unicode(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text
  const meant = Buffer.from(text, 'latin1').toString('utf8')
  return meant.includes('\ufffd') ? text : meant
}

function ascii(json: string): string {
  return json.replace(
    /[\x7f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
