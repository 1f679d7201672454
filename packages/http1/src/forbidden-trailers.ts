/**
 * Fields that mean nothing, or something dangerous, after a body (RFC 9110, 6.5.1): framing, routing, who the client
 * is, how the content is to be read. A recipient that merges trailers into its headers would believe them, so a body
 * that has one is refused, on whichever side.
 */
import { DropList } from './drop-list.ts'
import { type HeaderLines, sameName } from './header-lines.ts'

const forbidden = new DropList([
  'authorization',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'forwarded',
  'max-forwards',
  'proxy-authorization',
  'set-cookie',
  'via',
  'x-real-ip',
])

const prefix = 'x-forwarded-'

/** Whether any of these trailers may not be one. Every known name is of framing, routing or the connection. */
export function hasForbiddenTrailer(lines: HeaderLines): boolean {
  if (lines.present !== 0) return true
  for (let index = 0; index < lines.count; index++) {
    if (forbidden.drops(lines, index)) return true
    const at = lines.marks[index * 3]!
    if (lines.marks[index * 3 + 1]! - at > prefix.length && sameName(lines.text, at, prefix)) return true
  }
  return false
}
