/**
 * Writing Set-Cookie lines, with attributes that were checked and put together once, at construction.
 *
 * Order and spelling are HAProxy's: `name=value; path=/; domain=…; HttpOnly; Secure; …`. For several domains
 * there is a line for each (HAProxy repeats the attribute in one line, of which a browser that follows RFC
 * 6265 section 5.3 obeys the last only, and refuses the cookie if that one does not fit).
 *
 * Invariant: no option can add an attribute or a line that is not its own: control characters and `;` are
 * refused.
 */
import { booleanOption, isToken, refuse } from './options.ts'

/** What a cookie says about who may have it. */
export interface CookieAttributes {
  /**
   * The cookie's name: a token of RFC 6265, not beginning with `$`. The prefixes `__Host-` and `__Secure-`
   * are held to their rules (RFC 6265bis section 4.1.3). Backends that one client uses need a name each.
   */
  readonly name: string
  /** Keep the cookie from the page's scripts. Default true. */
  readonly httpOnly?: boolean | undefined
  /**
   * Let the browser send the cookie over TLS only. Default `'auto'`: where the request came over TLS. A
   * client that comes over both then has its cookie on TLS only. With a TLS terminator in front,
   * `request.secure` must come from it (X-Forwarded-Proto of a trusted peer), or this be `true`.
   */
  readonly secure?: boolean | 'auto' | undefined
  /**
   * On which requests from other sites the cookie is sent. Default `'Lax'`. `'None'` needs `secure: true`.
   * False leaves the attribute out, as HAProxy does of itself.
   */
  readonly sameSite?: 'Lax' | 'Strict' | 'None' | false | undefined
  /**
   * The domain, or domains, at which it is set; a leading dot is allowed. Default: the host that was asked.
   */
  readonly domain?: string | readonly string[] | undefined
  /** The path below which it is sent. Default `/`. */
  readonly path?: string | undefined
  /**
   * Further attributes as they are to be written, such as `Partitioned` (HAProxy's `attr`). Printable ASCII
   * without `;`. The attributes that have an option of their own are refused here.
   */
  readonly attributes?: readonly string[] | undefined
}

/** The names of the options above. */
export const ATTRIBUTE_NAMES = ['name', 'httpOnly', 'secure', 'sameSite', 'domain', 'path', 'attributes']

/** The lines for a value, one for each domain. */
export interface CookieWriter {
  /** @param value checked: only characters that a cookie value may have */
  set(value: string, secureRequest: boolean): string[]
  /** Lines that take the cookie away from the client. */
  expire(secureRequest: boolean): string[]
}

/**
 * @throws {SessionOptionError} for a name, path, domain or attribute that cannot stand in a Set-Cookie line
 */
export function cookieWriter(options: CookieAttributes): CookieWriter {
  const name = checkCookieName('name', options.name)
  const path = checkPath(options.path ?? '/')
  const domains = checkDomains(options.domain)
  const secure = options.secure ?? 'auto'
  if (secure !== true && secure !== false && secure !== 'auto')
    refuse('secure', secure, "true, false or 'auto'")
  checkPrefix(name, secure, path, domains)
  const httpOnly = booleanOption('httpOnly', options.httpOnly, true) ? '; HttpOnly' : ''
  const rest = [
    ...checkSameSite(options.sameSite ?? 'Lax', secure),
    ...checkAttributes(options.attributes ?? []),
  ]
    .map(attribute => `; ${attribute}`)
    .join('')

  const ending = (domain: string, isSecure: boolean): string => {
    const atDomain = domain === '' ? '' : `; domain=${domain}`
    return `; path=${path}${atDomain}${httpOnly}${isSecure ? '; Secure' : ''}${rest}`
  }
  const endingsInClear = domains.map(domain => ending(domain, secure === true))
  const endingsOverTls = domains.map(domain => ending(domain, secure !== false))
  const endings = (secureRequest: boolean) => (secureRequest ? endingsOverTls : endingsInClear)

  return {
    set: (value, secureRequest) => endings(secureRequest).map(end => `${name}=${value}${end}`),
    expire: secureRequest =>
      endings(secureRequest).map(end => `${name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT${end}`),
  }
}

/** @throws {SessionOptionError} for what is no cookie name */
export function checkCookieName(field: string, name: unknown): string {
  // `$Version` and the like were attributes in RFC 2965, and HAProxy never takes one for a cookie.
  if (!isToken(name) || name.startsWith('$') || name.length > 256)
    refuse(
      field,
      name,
      "a token of 1 to 256 characters (letters, digits, !#%&'*+-.^_`|~ and $, which is not first)",
    )
  return name
}

function checkPath(path: unknown): string {
  if (typeof path !== 'string' || !/^\/[\x20-\x3a\x3c-\x7e]{0,1023}$/.test(path))
    refuse('path', path, 'a text that begins with / , of printable ASCII without ;')
  return path
}

/** The domains; one empty text where none is given. */
function checkDomains(domain: unknown): string[] {
  if (domain === undefined) return ['']
  const domains: unknown[] = Array.isArray(domain) ? domain : [domain]
  const allowed = 'a host name (letters, digits, hyphens, dots) or a list of 1 to 16 of them'
  if (domains.length === 0 || domains.length > 16) refuse('domain', domain, allowed)
  return domains.map(entry => {
    if (typeof entry !== 'string' || entry.length > 253 || !/^\.?[0-9a-z_-]+(?:\.[0-9a-z_-]+)*$/i.test(entry))
      refuse('domain', entry, allowed)
    return entry
  })
}

function checkSameSite(sameSite: unknown, secure: boolean | 'auto'): string[] {
  if (sameSite === false) return []
  if (sameSite !== 'Lax' && sameSite !== 'Strict' && sameSite !== 'None')
    refuse('sameSite', sameSite, "'Lax', 'Strict', 'None' or false")
  if (sameSite === 'None' && secure !== true)
    refuse('sameSite', sameSite, "'None' with secure: true only, as browsers refuse such a cookie otherwise")
  return [`SameSite=${sameSite}`]
}

function checkAttributes(attributes: unknown): string[] {
  const allowed = 'a list of texts of printable ASCII without ; that have no option of their own'
  if (!Array.isArray(attributes)) refuse('attributes', attributes, allowed)
  return attributes.map((attribute: unknown, at) => {
    if (
      typeof attribute !== 'string' ||
      !/^[\x21-\x3a\x3c-\x7e][\x20-\x3a\x3c-\x7e]{0,255}$/.test(attribute) ||
      /^(?:path|domain|httponly|secure|samesite) *(?:=|$)/i.test(attribute)
    )
      refuse(`attributes[${at}]`, attribute, allowed)
    return attribute
  })
}

function checkPrefix(name: string, secure: boolean | 'auto', path: string, domains: readonly string[]): void {
  if (/^__(?:Host|Secure)-/i.test(name) && secure !== true)
    refuse('secure', secure, `true for a cookie named ${name}`)
  if (/^__Host-/i.test(name) && (path !== '/' || domains[0] !== ''))
    refuse('name', name, '__Host- only with path / and no domain')
}
