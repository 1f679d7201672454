/**
 * HAProxy's `errorfile`: a whole response of HTTP/1 in a file, sent as it stands in place of a page of the door's own.
 *
 * Lines may end with LF alone, as in HAProxy. The length is always ours: `Content-Length` and `Connection` of the file are
 * left out.
 */
import { readFileSync } from 'node:fs'
import type { RuleAnswer } from '../action.ts'
import { isFieldValue, isFraming } from '../heads/field-text.ts'
import { isToken, refuse } from '../options.ts'
import { reasonOf } from './reasons.ts'

/**
 * Read such a file.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for a file that cannot be read, or is no response
 */
export function readErrorFile(field: string, path: string): RuleAnswer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    refuse(field, path, `a file that can be read (${(error as Error).message})`)
  }
  return parseErrorFile(field, bytes)
}

/** @throws {RuleError} `EVENER_INVALID_OPTION` for what is no response */
export function parseErrorFile(field: string, bytes: Buffer): RuleAnswer {
  const text = bytes.toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null) refuse(field, text, 'a response of HTTP/1: its head ends with an empty line')
  const [first = '', ...lines] = text.slice(0, end.index).split(/\r?\n/)
  const start = /^HTTP\/\d\.\d ([2-5]\d\d)(?: (.*))?$/.exec(first)
  if (start === null) refuse(field, first, 'a status line, such as HTTP/1.1 503 Service Unavailable')
  const headers: string[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    const value = line.slice(colon + 1).trim()
    if (!isToken(name) || !isFieldValue(value)) refuse(field, line, 'a line of a head: name, colon, value')
    if (!isFraming(name.toLowerCase())) headers.push(name, value)
  }
  const status = Number(start[1])
  return {
    status,
    reason: start[2] || reasonOf(status),
    headers,
    body: bytes.subarray(end.index + end[0].length),
  }
}
