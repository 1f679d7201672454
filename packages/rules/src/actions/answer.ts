/**
 * What `deny`, `respond` and `tarpit` answer with: HAProxy's arguments of `http-request return`.
 *
 * What does not change is made when the rule is. A body that is made of values is text: HTML that is made of what a client
 * sent has to be escaped by a converter.
 */
import { readFileSync } from 'node:fs'
import type { RuleAnswer, Verdict } from '../action.ts'
import { constantValue, fieldName, isFieldValue, sendable } from '../heads/field-text.ts'
import { checkNames, integerOption, refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { laterStage, type Stage } from '../stage.ts'
import { quoted, type Text, writtenText } from '../text.ts'
import { readErrorFile } from './error-file.ts'
import { reasonOf } from './reasons.ts'

/** One body at most: of `text`, `file` and `errorFile`. */
export interface AnswerOptions<S = unknown> {
  /** 200 to 599. */
  readonly status?: number | undefined
  /** Of the body, which has to have one. HAProxy's `content-type`. */
  readonly contentType?: Text<S> | undefined
  /** The body: a constant, or a value that is read for each answer. HAProxy's `string`, `lf-string`. */
  readonly text?: Text<S> | undefined
  /** The path of a file that is the body; it is read once, now. HAProxy's `file`. */
  readonly file?: string | undefined
  /** The path of a file with a whole response, head and all; it is read once, now. HAProxy's `errorfile`. */
  readonly errorFile?: string | undefined
  /** Further fields, names and values in pairs. HAProxy's `hdr`. Not with `errorFile`. */
  readonly headers?: readonly (readonly [name: string, value: Text<S>])[] | undefined
}

/** An answer, compiled. */
export interface CompiledAnswer<S> {
  readonly words: string
  readonly needs: Stage
  readonly verdict: (scope: RequestScope & S) => Verdict
}

const names = ['status', 'contentType', 'text', 'file', 'errorFile', 'headers']

/**
 * @param bodyless what is sent where no body is given: `page`, the door's page for this status, or nothing at all
 * @param denied whether it is counted as a denial
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function compileAnswer<S>(
  maker: string,
  options: AnswerOptions<S>,
  defaultStatus: number,
  bodyless: 'page' | 'empty',
  denied = false,
): CompiledAnswer<S> {
  checkNames(maker, options, names)
  const given = (['text', 'file', 'errorFile'] as const).filter(name => options[name] !== undefined)
  if (given.length > 1) refuse(maker, given.join(' and '), 'one of text, file and errorFile')
  const status = integerOption('status', options.status ?? defaultStatus, 200, 599)
  if (options.errorFile !== undefined) return fromErrorFile(options, status, denied)
  const body = readBody(options)
  const fields = readFields(options, body !== undefined)
  const parts = [...fields.map(({ text }) => text), ...(body?.text === undefined ? [] : [body.text])]
  const needs = parts.reduce<Stage>((stage, part) => laterStage(maker, stage, part.needs), 'request')
  const words = answerWords(options, status)
  const reason = reasonOf(status)
  const fallback = bodyless === 'page' ? undefined : ''
  if (parts.every(({ constant }) => constant !== undefined)) {
    const headers = fields.flatMap(({ name, text }) => [name, text.constant as string])
    const fixed = answer({ status, reason, headers, body: body?.bytes ?? fallback }, denied)
    return { words, needs, verdict: () => fixed }
  }
  return {
    words,
    needs,
    verdict: scope => {
      const headers: string[] = []
      for (const { name, text } of fields) {
        const value = text.write(scope)
        headers.push(name, isFieldValue(value) ? value : sendable(value))
      }
      const content = body?.bytes ?? bytesOf(body?.text?.write(scope)) ?? fallback
      return answer({ status, reason, headers, body: content }, denied)
    },
  }
}

/** A value has a byte in each character; one of a host's own that has more than fits is taken to be Unicode. */
function bytesOf(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all characters of one byte
  return Buffer.from(text, /^[\x00-\xff]*$/.test(text) ? 'latin1' : 'utf8')
}

function answer(given: RuleAnswer, denied: boolean): Verdict {
  return Object.freeze({ kind: 'answer', answer: given, denied })
}

function fromErrorFile<S>(options: AnswerOptions<S>, status: number, denied: boolean): CompiledAnswer<S> {
  for (const name of ['contentType', 'headers'] as const) {
    if (options[name] !== undefined)
      refuse(name, options[name], 'none beside errorFile, which says it itself')
  }
  const path = options.errorFile as string
  const read = readErrorFile('errorFile', path)
  if (options.status !== undefined && options.status !== read.status)
    refuse('status', status, `none beside errorFile, or the one that the file has: ${read.status}`)
  const fixed = answer(read, denied)
  return { words: `status ${read.status} errorfile ${quoted(path)}`, needs: 'request', verdict: () => fixed }
}

interface Body<S> {
  readonly bytes: Buffer | undefined
  readonly text: ReturnType<typeof writtenText<S>> | undefined
}

function readBody<S>({ text, file }: AnswerOptions<S>): Body<S> | undefined {
  if (typeof text === 'string') return { bytes: Buffer.from(text), text: undefined }
  if (text !== undefined) return { bytes: undefined, text: writtenText('text', text) }
  if (file === undefined) return undefined
  try {
    return { bytes: readFileSync(file), text: undefined }
  } catch (error) {
    return refuse('file', file, `a file that can be read (${(error as Error).message})`)
  }
}

function readFields<S>({ contentType, headers }: AnswerOptions<S>, hasBody: boolean) {
  if (hasBody !== (contentType !== undefined))
    refuse('contentType', contentType, hasBody ? 'the type of the body' : 'none where there is no body')
  const type = contentType === undefined ? [] : [['Content-Type', contentType] as const]
  return [...type, ...pairsOf(headers)].map(([name, value]) => {
    const text = writtenText(`headers ${name}`, value)
    if (text.constant !== undefined) constantValue(`headers ${name}`, text.constant)
    return { name: fieldName('headers', name), text }
  })
}

function pairsOf<S>(headers: AnswerOptions<S>['headers']): NonNullable<AnswerOptions<S>['headers']> {
  if (headers === undefined) return []
  const given: unknown = headers
  if (!Array.isArray(given) || !given.every(pair => Array.isArray(pair) && pair.length === 2))
    refuse('headers', given, 'a list of names and values in pairs')
  return headers
}

function answerWords<S>({ contentType, text, file, headers = [] }: AnswerOptions<S>, status: number): string {
  let words = `status ${status}`
  if (contentType !== undefined)
    words += ` content-type ${quoted(writtenText('contentType', contentType).text)}`
  if (file !== undefined) words += ` file ${quoted(file)}`
  if (text !== undefined)
    words += ` ${typeof text === 'string' ? 'string' : 'lf-string'} ${quoted(writtenText('text', text).text)}`
  for (const [name, value] of headers) words += ` hdr ${name} ${quoted(writtenText('headers', value).text)}`
  return words
}
