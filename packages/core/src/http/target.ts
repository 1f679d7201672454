/**
 * What the request is for: its target and its authority, checked (RFC 9112 section 3.2).
 *
 * The path and query are passed on byte for byte: no dot segments are resolved and nothing is decoded, because a
 * rule that looked at one path and a server that got another is how rules are passed by.
 */

/** A target in the form in which it goes to a server. */
export interface Target {
  /** Path and query, or `*`. */
  readonly uri: string
  /** The authority of an absolute-form target; undefined for other forms. */
  readonly authority: string | undefined
}

// Visible ASCII and obs-text (RFC 9110 section 5.5): a control byte or a space would end the request line.
const targetBytes = /^[\x21-\x7e\x80-\xff]+$/
// Without the comma that RFC 3986 has: it is how two Host fields look when somebody has merged them.
const authorityForm = /^(?:[A-Za-z0-9\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/**
 * Read a request target. Undefined for one that is not valid for the method.
 * CONNECT is never valid here: a reverse proxy serves its own hosts and opens no way to others.
 */
export function readTarget(method: string, raw: string): Target | undefined {
  if (!targetBytes.test(raw) || raw.includes('#')) return undefined
  if (raw.charCodeAt(0) === 0x2f) return { uri: raw, authority: undefined }
  if (raw === '*') return method === 'OPTIONS' ? { uri: '*', authority: undefined } : undefined
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(raw)
  if (absolute === null || method === 'CONNECT') return undefined
  const authority = absolute[1] as string
  const rest = absolute[2] as string
  if (!validAuthority(authority)) return undefined
  if (rest === '') return { uri: method === 'OPTIONS' ? '*' : '/', authority }
  return { uri: rest.charCodeAt(0) === 0x3f ? `/${rest}` : rest, authority }
}

/** Whether this is a valid `Host`: `uri-host [":" port]`, with a host, as http has no URI without (RFC 9110 section 4.2.1). */
export function validAuthority(value: string): boolean {
  return value.length <= 512 && authorityForm.test(value)
}
