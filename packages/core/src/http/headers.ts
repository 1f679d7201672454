/**
 * Headers as they are handed about: names and values in turn in one array, the form in which Node gives them,
 * because it keeps order, case and repetition, and costs one allocation.
 */
import type { HeaderEdits } from '@evener/session'

/** A list of headers that may be changed. */
export type Headers = string[]

/** Names of headers, in lower case, asked first for their length: most headers then need not be put into lower case. */
export class Names {
  readonly #names: ReadonlySet<string>
  /** Bit n for a name of n letters, counted modulo 32. */
  readonly #lengths: number

  constructor(names: Iterable<string>) {
    this.#names = new Set(names)
    let lengths = 0
    for (const { length } of this.#names) lengths |= 1 << length
    this.#lengths = lengths
  }

  /** Whether this name, in whatever case, is among them. */
  has(name: string): boolean {
    return (this.#lengths & (1 << name.length)) !== 0 && this.#names.has(name.toLowerCase())
  }
}

/**
 * Fields that are about one connection and never passed on: RFC 9110 section 7.6.1, and by custom
 * `Proxy-Connection`. `Transfer-Encoding` is set anew by whoever frames the message.
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

const hopByHopNames = new Names(hopByHop)

/** Never taken out by being named in `Connection`: without them the message would be another one. */
const indispensable: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'cookie',
  'authorization',
])

/** Whether a message without this field would be another one, whatever `Connection` says. */
export function isIndispensable(lowerName: string): boolean {
  return indispensable.has(lowerName)
}

/** The names listed in `Connection`, in lower case; undefined without any but `close` and `keep-alive`. */
export function connectionNames(headers: readonly string[]): string[] | undefined {
  let names: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = (headers[i + 1] as string).toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    for (const token of value.split(',')) {
      const trimmed = token.trim()
      if (trimmed !== '' && !indispensable.has(trimmed)) {
        names ??= []
        names.push(trimmed)
      }
    }
  }
  return names
}

/**
 * The headers without those that are about this connection: the fixed ones, and those that `Connection` lists.
 * To be called before anything is added, so that a client cannot have our own headers taken out.
 * @param also further names to leave out, in lower case
 */
export function endToEnd(headers: readonly string[], also?: Names): Headers {
  const connection = connectionNames(headers)
  const kept: Headers = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (hopByHopNames.has(name) || also?.has(name) === true) continue
    if (connection?.includes(name.toLowerCase()) === true) continue
    kept.push(name, headers[i + 1] as string)
  }
  return kept
}

/**
 * Fields that mean nothing, or something dangerous, after a body (RFC 9110 section 6.5.1): framing, routing, who the
 * client is, how the content is to be read. A recipient that merges trailers into its headers would believe them.
 */
const neverTrailers: ReadonlySet<string> = new Set([
  ...hopByHop,
  ...indispensable,
  'content-range',
  'expect',
  'forwarded',
  'max-forwards',
  'proxy-authorization',
  'set-cookie',
  'trailer',
  'via',
  'x-real-ip',
])

/** The trailers that may be passed on. */
export function allowedTrailers(trailers: readonly string[]): Headers {
  const kept: Headers = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    const lower = name.toLowerCase()
    if (neverTrailers.has(lower) || lower.startsWith('x-forwarded-')) continue
    kept.push(name, trailers[i + 1] as string)
  }
  return kept
}

/** The values of one header, joined as RFC 9110 section 5.3 has it (cookies by `; `); undefined without any. */
export function headerValue(headers: readonly string[], lowerName: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue
    const next = headers[i + 1] as string
    value = value === undefined ? next : `${value}${lowerName === 'cookie' ? '; ' : ', '}${next}`
  }
  return value
}

/** The values of one header, each for itself. */
export function headerValues(headers: readonly string[], lowerName: string): string[] {
  const values: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === lowerName.length && name.toLowerCase() === lowerName)
      values.push(headers[i + 1] as string)
  }
  return values
}

/** Take out all headers of these names. */
export function remove(headers: Headers, lowerNames: ReadonlySet<string>): void {
  let kept = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (lowerNames.has(name.toLowerCase())) continue
    headers[kept++] = name
    headers[kept++] = headers[i + 1] as string
  }
  headers.length = kept
}

// RFC 9110 section 5.5.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Apply edits: first what is taken out, then what is replaced, then what is added. A value that HTTP does not allow is
 * left out: an affinity of the host's own may be wrong, and that must not break the message.
 */
export function edit(headers: Headers, edits: HeaderEdits | undefined): void {
  if (edits === undefined) return
  const { remove: gone, set, append } = edits
  if (gone !== undefined || set !== undefined) {
    const names = new Set(gone?.map(name => name.toLowerCase()))
    for (const [name] of set ?? []) names.add(name.toLowerCase())
    remove(headers, names)
  }
  if (set !== undefined) add(headers, set)
  if (append !== undefined) add(headers, append)
}

function add(headers: Headers, fields: readonly (readonly [name: string, value: string])[]): void {
  for (const field of fields) if (fieldValue.test(field[1])) headers.push(field[0], field[1])
}

/** The same headers as name and value pairs. */
export function pairs(headers: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i] as string, headers[i + 1] as string])
  return list
}
