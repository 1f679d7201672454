/** What a frontend does so that clients come by TLS: HTTP to HTTPS redirects, and HSTS. */
import { flag, integer, invalid, knownOptions } from '../base/options.ts'
import type { Answer } from '../http/answer.ts'
import type { ClientRequest } from '../http/request.ts'

/** How requests without TLS are sent to TLS. */
export interface HttpsRedirectOptions {
  /** 301, 302, 307 or 308 (RFC 9110 section 15.4); 308, the default, keeps method and body. HAProxy's default is 302. */
  readonly status?: 301 | 302 | 307 | 308 | undefined
  /** The port to send them to: 1 to 65535; 443 by default. */
  readonly port?: number | undefined
}

/** HTTP Strict Transport Security (RFC 6797). Danger: browsers refuse plain HTTP for that long, whatever changes. */
export interface HstsOptions {
  /** For how long, in seconds: 0 and more; one year (31,536,000) by default. 0 makes browsers forget it. */
  readonly maxAgeSeconds?: number | undefined
  /** For names below this one too. False by default. */
  readonly includeSubDomains?: boolean | undefined
  /** Ask to be put on the browsers' lists. False by default. */
  readonly preload?: boolean | undefined
}

/**
 * Make the redirect.
 * @returns the answer for a request; undefined for one that goes on: it came by TLS, or names no host
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function httpsRedirect(
  field: string,
  given: boolean | HttpsRedirectOptions | undefined,
): ((request: ClientRequest) => Answer | undefined) | undefined {
  if (given === undefined || given === false) return undefined
  const options: HttpsRedirectOptions = given === true ? {} : given
  knownOptions(field, options, ['status', 'port'])
  const { status = 308 } = options
  if (![301, 302, 307, 308].includes(status)) {
    throw invalid(`${field}.status`, status, '301, 302, 307 or 308')
  }
  const port = integer(`${field}.port`, options.port, 443, 1, 65_535)
  return request => {
    if (request.secure || request.authority === '') return undefined
    const host = request.authority.replace(/:\d*$/, '')
    const uri = request.uri === '*' ? '/' : request.uri
    const location = `https://${host}${port === 443 ? '' : `:${port}`}${uri}`
    return { status, headers: ['Location', location, 'Cache-Control', 'no-store'], body: Buffer.alloc(0) }
  }
}

/**
 * The header's value; undefined where there is to be none.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function hstsValue(field: string, given: boolean | HstsOptions | undefined): string | undefined {
  if (given === undefined || given === false) return undefined
  const options: HstsOptions = given === true ? {} : given
  knownOptions(field, options, ['maxAgeSeconds', 'includeSubDomains', 'preload'])
  const most = Number.MAX_SAFE_INTEGER
  const maxAge = integer(`${field}.maxAgeSeconds`, options.maxAgeSeconds, 31_536_000, 0, most)
  const all = flag(`${field}.includeSubDomains`, options.includeSubDomains, false)
    ? '; includeSubDomains'
    : ''
  const preload = flag(`${field}.preload`, options.preload, false) ? '; preload' : ''
  return `max-age=${maxAge}${all}${preload}`
}
