/**
 * The head of an HTTP/1.1 message: read from a byte source, or written.
 *
 * Two readings: *tolerant* for the fake server, which has to record whatever a proxy under test sends, however
 * wrong; *strict* (RFC 9112) for the raw client, which has to notice whatever a proxy under test answers wrongly.
 * Cost: O(bytes of the head). Not for: production. This kit's reading must not share a line of code with what it judges.
 */
import { TestingError } from '../errors.ts'
import type { ByteSource } from './byte-source.ts'

/** One header line: name as it was spelt, and value without surrounding blanks. */
export type HeaderPair = readonly [name: string, value: string]

/** Headers to send: pairs in order, or an object whose arrays become several lines. */
export type HeaderList = readonly HeaderPair[] | Readonly<Record<string, string | readonly string[]>>

/** A head as it came. */
export interface Head {
  /** The exact bytes, in latin1, with the empty line that ends the head. */
  readonly raw: string
  readonly startLine: string
  readonly headers: HeaderPair[]
  /** False if the connection ended before the head did. */
  readonly complete: boolean
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is forbidden here
const FORBIDDEN_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** The error for bytes that are not HTTP. */
export function malformed(message: string): TestingError {
  return new TestingError('EVENER_MALFORMED_MESSAGE', message)
}

/** One line without its line ending, or undefined if the connection ended first. */
export async function readLine(source: ByteSource, strict: boolean): Promise<string | undefined> {
  let line = source.takeLine()
  while (line === undefined) {
    if (!(await source.more())) return undefined
    line = source.takeLine()
  }
  return withoutLineEnd(line.toString('latin1'), strict)
}

function withoutLineEnd(line: string, strict: boolean): string {
  if (line.endsWith('\r\n')) return line.slice(0, -2)
  if (strict) throw malformed(`a line ends in a bare line feed: ${JSON.stringify(line)}`)
  return line.slice(0, -1)
}

/**
 * Header lines up to the empty line.
 * @returns the exact text read, and whether the empty line came
 */
export async function readHeaderLines(
  source: ByteSource,
  strict: boolean,
  headers: HeaderPair[],
): Promise<{ raw: string; complete: boolean }> {
  let raw = ''
  while (true) {
    const bytes = source.takeLine()
    if (bytes === undefined) {
      if (await source.more()) continue
      return { raw: raw + source.take(Number.MAX_SAFE_INTEGER).toString('latin1'), complete: false }
    }
    const text = bytes.toString('latin1')
    raw += text
    const line = withoutLineEnd(text, strict)
    if (line === '') return { raw, complete: true }
    addHeaderLine(headers, line, strict)
  }
}

function addHeaderLine(headers: HeaderPair[], line: string, strict: boolean): void {
  const folded = line.startsWith(' ') || line.startsWith('\t')
  const colon = line.indexOf(':')
  if (strict) {
    if (folded) throw malformed(`a folded header line: ${JSON.stringify(line)}`)
    if (colon === -1 || !TOKEN.test(line.slice(0, colon))) {
      throw malformed(`not a header line: ${JSON.stringify(line)}`)
    }
    if (FORBIDDEN_IN_VALUE.test(line)) throw malformed(`a control character in ${JSON.stringify(line)}`)
  }
  const last = headers.at(-1)
  if (folded && last) headers[headers.length - 1] = [last[0], `${last[1]} ${line.trim()}`]
  else if (colon === -1) headers.push([line, ''])
  else headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')])
}

/**
 * The next head, or undefined if the connection ended where a head would begin.
 * A tolerant reading skips empty lines in front of the start line (RFC 9112, 2.2).
 */
export async function readHead(source: ByteSource, strict: boolean): Promise<Head | undefined> {
  let start: Buffer | undefined
  while (start === undefined) {
    start = source.takeLine()
    if (start === undefined) {
      if (await source.more()) continue
      const rest = source.take(Number.MAX_SAFE_INTEGER).toString('latin1')
      return rest === '' ? undefined : { raw: rest, startLine: rest, headers: [], complete: false }
    }
    const text = start.toString('latin1')
    if (!strict && (text === '\r\n' || text === '\n')) start = undefined
  }
  const text = start.toString('latin1')
  const startLine = withoutLineEnd(text, strict)
  const headers: HeaderPair[] = []
  const rest = await readHeaderLines(source, strict, headers)
  return { raw: text + rest.raw, startLine, headers, complete: rest.complete }
}

/** The values of a header, without regard to case, joined by `, `; undefined if there is none. */
export function headerValue(headers: readonly HeaderPair[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  const values = headers.filter(each => each[0].toLowerCase() === wanted).map(each => each[1])
  return values.length === 0 ? undefined : values.join(', ')
}

/** A header list in either form as pairs. */
export function headerPairs(headers: HeaderList): HeaderPair[] {
  if (Array.isArray(headers)) return [...(headers as readonly HeaderPair[])]
  return Object.entries(headers as Record<string, string | readonly string[]>).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : value.map(each => [name, each] as const),
  )
}

/** A head as bytes. Nothing is checked: tests send wrong heads on purpose. */
export function formatHead(startLine: string, headers: readonly HeaderPair[]): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${startLine}\r\n${lines}\r\n`, 'latin1')
}
