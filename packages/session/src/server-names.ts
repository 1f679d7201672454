/**
 * The names that servers have in cookies, and back.
 *
 * With a table (HAProxy's `server … cookie s1`), a server has the value the table gives it, and one that is
 * not in it has none: HAProxy's way to keep clients from sticking to, say, a backup server. Several servers may
 * share a value; a client that brings it belongs to the first of them that can be used.
 *
 * Without a table, a server's value is its id, with the bytes that a cookie cannot carry, and `%`, written as
 * `%XX`. So whatever an id is, nothing can be injected with it.
 *
 * Invariant: a text that these names did not write is the name of no server; none holds a bar, nor in prefix mode
 * a tilde, which end a name in a cookie.
 */
import { isCookieCode, isCookieText } from './cookie-mark.ts'
import { refuse } from './options.ts'

/** Whether a client can be sent to a server now; undefined for any server. */
export type Usable = ((serverId: string) => boolean) | undefined

export interface ServerNames {
  /** The value for a server, undefined where it has none. */
  valueOf(serverId: string): string | undefined
  /** The server a value names, the first that can be used; undefined where there is none. */
  idOf(value: string, usable?: Usable): string | undefined
}

/** What stands between a server's name and the application's value of a cookie in prefix mode. */
export const PREFIX_END = '~'

/**
 * @param isPrefix whether the names stand in front of {@link PREFIX_END}
 * @throws {SessionOptionError} where a value cannot stand in a cookie
 */
export function namesFrom(values: Readonly<Record<string, string>>, isPrefix = false): ServerNames {
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    refuse('values', values, 'an object from server ids to cookie values')
  const byId = new Map<string, string>(Object.entries(values))
  const byValue = new Map<string, string[]>()
  for (const [id, value] of byId) {
    if (typeof value !== 'string' || value.length > 256 || !isCookieText(value))
      refuse(`values.${id}`, value, '1 to 256 printable ASCII characters except blank " , ; \\ |')
    if (isPrefix && value.includes(PREFIX_END))
      refuse(`values.${id}`, value, `a text without ${PREFIX_END}, which ends it in the cookie`)
    addName(byValue, value, id)
  }
  return { valueOf: id => byId.get(id), idOf: (value, usable) => firstUsable(byValue.get(value), usable) }
}

export function addName(byValue: Map<string, string[]>, value: string, id: string): void {
  const ids = byValue.get(value)
  if (ids === undefined) byValue.set(value, [id])
  else ids.push(id)
}

export function firstUsable(ids: readonly string[] | undefined, usable: Usable): string | undefined {
  if (ids === undefined || usable === undefined) return ids?.[0]
  for (const id of ids) if (usable(id)) return id
  return undefined
}

/** Every server is named by its id. */
export const idsAsNames = namesOfIds(isCookieCode)

/** The same, in front of {@link PREFIX_END}. */
export const idsAsPrefixes = namesOfIds(code => isCookieCode(code) && code !== PREFIX_END.charCodeAt(0))

/** @param isPlain whether a byte stands in a name as it is; `%` never does */
function namesOfIds(isPlain: (code: number) => boolean): ServerNames {
  const needsNoEscape = (id: string) => {
    for (let at = 0; at < id.length; at++) {
      const code = id.charCodeAt(at)
      if (code === 0x25 || !isPlain(code)) return false
    }
    return isCookieText(id)
  }
  const escapeId = (id: string): string | undefined => {
    let text = ''
    for (const byte of Buffer.from(id, 'utf8'))
      text +=
        isPlain(byte) && byte !== 0x25
          ? String.fromCharCode(byte)
          : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return text === '' ? undefined : text
  }
  const decoded = (value: string): string | undefined => {
    if (!value.includes('%')) return value
    let id: string
    try {
      id = decodeURIComponent(value)
    } catch {
      return undefined
    }
    // Only what was written here: not `%41`, not lower-case digits, nothing that has two spellings.
    return escapeId(id) === value ? id : undefined
  }
  return {
    valueOf: id => (needsNoEscape(id) ? id : escapeId(id)),
    idOf(value, usable) {
      const id = decoded(value)
      return id === undefined || usable?.(id) === false ? undefined : id
    },
  }
}
