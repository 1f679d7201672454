/** Fields by which browsers protect a site's users, as rules of `afterResponse`. */
import type { Rule } from '../action.ts'
import { checkNames, refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { setHeader } from './headers.ts'

/** The options of {@link securityHeaders}: a value, or false for none. */
export interface SecurityHeaderOptions {
  /** Default `nosniff`. */
  readonly contentTypeOptions?: string | false | undefined
  /** Who may frame the pages. Default `SAMEORIGIN`. */
  readonly frameOptions?: string | false | undefined
  /** Default `strict-origin-when-cross-origin`. */
  readonly referrerPolicy?: string | false | undefined
  /** Default `same-origin`. */
  readonly crossOriginOpenerPolicy?: string | false | undefined
  /** Default none: a policy that does not fit breaks pages. */
  readonly contentSecurityPolicy?: string | false | undefined
  /** Default none. */
  readonly permissionsPolicy?: string | false | undefined
  /** Default none: once it is sent, clients come by TLS alone for as long as it says. A door's `hsts` sends it through TLS only. */
  readonly strictTransportSecurity?: string | false | undefined
}

const fields = {
  contentTypeOptions: ['X-Content-Type-Options', 'nosniff'],
  frameOptions: ['X-Frame-Options', 'SAMEORIGIN'],
  referrerPolicy: ['Referrer-Policy', 'strict-origin-when-cross-origin'],
  crossOriginOpenerPolicy: ['Cross-Origin-Opener-Policy', 'same-origin'],
  contentSecurityPolicy: ['Content-Security-Policy', undefined],
  permissionsPolicy: ['Permissions-Policy', undefined],
  strictTransportSecurity: ['Strict-Transport-Security', undefined],
} as const

/** Rules that set these fields, whatever the server sent. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function securityHeaders(options: SecurityHeaderOptions = {}): readonly Rule<RequestScope>[] {
  const names = Object.keys(fields) as (keyof typeof fields)[]
  checkNames('securityHeaders', options, names)
  return names.flatMap(name => {
    const [field, usual] = fields[name]
    const value = options[name] ?? usual
    if (value === undefined || value === false) return []
    if (typeof value !== 'string') refuse(name, value, 'a text, or false')
    return [setHeader(field, value)]
  })
}
