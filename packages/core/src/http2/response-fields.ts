/**
 * The head of a response in the form in which `node:http2` sends it: names in lower case, nothing about a connection
 * (RFC 9113 section 8.2.2), and values checked, since neither Node nor nghttp2 checks those that go out.
 */
import type { OutgoingHttpHeaders } from 'node:http2'
import type { HeaderEdits } from '@evener/session'
import { changedNames } from '../http/head-text.ts'
import { connectionNames, isIndispensable } from '../http/headers.ts'

/** Fields to send: a name's values in an array where there are several. */
export type Fields = Record<string, string | string[] | number>

/** What HTTP/2 has no place for. Node throws at most of these. */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

// RFC 9110 section 5.5. Beyond Latin-1 Node would cut characters down to bytes, of which some end lines.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The fields of a response.
 * @param headers names and values in turn
 * @param edits fields taken out, replaced and added
 * @param added further lines, each with its CRLF
 * @param also further names to leave out, in lower case
 * @returns undefined where a value holds what HTTP does not allow
 */
export function responseFields(
  status: number,
  headers: readonly string[],
  edits?: HeaderEdits,
  added = '',
  also?: ReadonlySet<string>,
): Fields | undefined {
  const fields: Fields = Object.create(null)
  fields[':status'] = status
  const named = connectionNames(headers)
  const changed = edits === undefined ? undefined : changedNames(edits)
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (connectionFields.has(name) || also?.has(name) === true) continue
    if (changed?.includes(name) === true) continue
    if (named?.includes(name) === true && !isIndispensable(name)) continue
    if (!put(fields, name, headers[i + 1] as string)) return undefined
  }
  for (const list of [edits?.set, edits?.append]) {
    // An affinity of the host's own may be wrong; that must not take the response away.
    for (const [name, value] of list ?? []) put(fields, name.toLowerCase(), value)
  }
  if (added !== '') {
    for (const line of added.split('\r\n')) {
      const colon = line.indexOf(': ')
      if (colon !== -1) put(fields, line.slice(0, colon).toLowerCase(), line.slice(colon + 2))
    }
  }
  return fields
}

/** Trailers, or the fields of an informational response; those that cannot be sent are left out. */
export function plainFields(headers: readonly string[]): OutgoingHttpHeaders {
  const fields: Fields = Object.create(null)
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (!connectionFields.has(name) && token.test(name)) put(fields, name, headers[i + 1] as string)
  }
  return fields
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

function put(fields: Fields, name: string, value: string): boolean {
  if (!fieldValue.test(value)) return false
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else if (Array.isArray(before)) before.push(value)
  else if (alone.has(name)) return String(before) === value
  else fields[name] = [String(before), value]
  return true
}

/** Two that differ would be two responses in one, and equal ones are one (RFC 9110 section 8.6). */
const alone: ReadonlySet<string> = new Set(['content-length'])
