/**
 * The names that servers have in cookies, and back.
 *
 * With a table (HAProxy's `server … cookie s1`), a server has the value the table gives it, and one that is
 * not in it has none: HAProxy's way to keep clients from sticking to, say, a backup server. Two servers may
 * share a value; a client that brings it belongs to the first of them.
 *
 * Without a table, a server's value is its id, with the bytes that a cookie cannot carry, and `%`, written as
 * `%XX`. So whatever an id is, nothing can be injected with it.
 *
 * Invariant: a text that these names did not write is the name of no server.
 */
import { isCookieCode, isCookieText } from './cookie-mark.ts'
import { refuse } from './options.ts'

export interface ServerNames {
  /** The value for a server, undefined where it has none. */
  valueOf(serverId: string): string | undefined
  /** The server a value names, undefined where it names none. */
  idOf(value: string): string | undefined
}

/** @throws {SessionOptionError} where a value cannot stand in a cookie */
export function namesFrom(values: Readonly<Record<string, string>>): ServerNames {
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    refuse('values', values, 'an object from server ids to cookie values')
  const byId = new Map<string, string>(Object.entries(values))
  const byValue = new Map<string, string>()
  for (const [id, value] of byId) {
    if (typeof value !== 'string' || value.length > 256 || !isCookieText(value))
      refuse(`values.${id}`, value, '1 to 256 printable ASCII characters except blank " , ; \\ |')
    if (!byValue.has(value)) byValue.set(value, id)
  }
  return { valueOf: id => byId.get(id), idOf: value => byValue.get(value) }
}

/** Every server is named by its id. */
export const idsAsNames: ServerNames = {
  valueOf(serverId) {
    if (isCookieText(serverId) && !serverId.includes('%')) return serverId
    return escapeId(serverId)
  },
  idOf(value) {
    if (!value.includes('%')) return value
    let id: string
    try {
      id = decodeURIComponent(value)
    } catch {
      return undefined
    }
    // Only what was written here: not `%41`, not lower-case digits, nothing that has two spellings.
    return escapeId(id) === value ? id : undefined
  },
}

function escapeId(id: string): string | undefined {
  let text = ''
  for (const byte of Buffer.from(id, 'utf8'))
    text +=
      isCookieCode(byte) && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return text === '' ? undefined : text
}
