/**
 * What a request says of who sends it: RFC 9110 section 11.6, RFC 7617 (`Basic`), RFC 6750 (`Bearer`).
 *
 * Invariant: a field that is not well formed is none at all. Of several, the first element of the first line counts.
 */
import { decodeBase64 } from '../converters/encodings.ts'
import type { Head } from '../head.ts'
import { refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import { fieldName } from './fields.ts'
import { elementAt } from './list.ts'

/** Users and their passwords: HAProxy's `userlist`. */
export interface Users {
  /** Never throws. */
  allows(user: string, password: string): boolean
}

/** `Basic` or `Bearer`, where it is one of the two and well formed. */
export const httpAuthType = (): Value<string, RequestScope> =>
  fetch('http_auth_type', 'str', 'request', ({ request: { head } }: RequestScope) =>
    basic(head) !== undefined ? 'Basic' : bearer(head, 'authorization') !== undefined ? 'Bearer' : undefined,
  )

/** The user of `Basic`. */
export const httpAuthUser = (): Value<string, RequestScope> =>
  fetch('http_auth_user', 'str', 'request', ({ request }: RequestScope) => {
    const pair = basic(request.head)
    return pair?.slice(0, pair.indexOf(':'))
  })

/** The password of `Basic`. */
export const httpAuthPass = (): Value<string, RequestScope> =>
  fetch('http_auth_pass', 'str', 'request', ({ request }: RequestScope) => {
    const pair = basic(request.head)
    return pair?.slice(pair.indexOf(':') + 1)
  })

/** The token of `Bearer`. @param header another field than `Authorization` */
export const httpAuthBearer = (header = 'Authorization'): Value<string, RequestScope> => {
  const name = fieldName('http_auth_bearer', header)
  const text = name === 'authorization' ? 'http_auth_bearer' : `http_auth_bearer(${header})`
  return fetch(text, 'str', 'request', ({ request }: RequestScope) => bearer(request.head, name))
}

/** Whether the user of `Basic` and the password are among these; nothing where there is no such field. */
export const httpAuth = (users: Users): Value<boolean, RequestScope> => {
  checkUsers('http_auth', users)
  return fetch('http_auth', 'bool', 'request', ({ request }: RequestScope) => {
    const pair = basic(request.head)
    return pair === undefined ? undefined : isAmong(users, pair)
  })
}

/** The user of `Basic`, where the password is right: for what groups it is of. */
export const httpAuthGroup = (users: Users): Value<string, RequestScope> => {
  checkUsers('http_auth_group', users)
  return fetch('http_auth_group', 'str', 'request', ({ request }: RequestScope) => {
    const pair = basic(request.head)
    return pair !== undefined && isAmong(users, pair) ? pair.slice(0, pair.indexOf(':')) : undefined
  })
}

/** `user:password`, up to a NUL. */
function basic(head: Head): string | undefined {
  const given = credentials(head, 'authorization', 'basic')
  const pair = given === undefined ? undefined : decodeBase64(given)?.split('\0', 1)[0]
  return pair?.includes(':') ? pair : undefined
}

function bearer(head: Head, lowerName: string): string | undefined {
  return credentials(head, lowerName, 'bearer')
}

/** What is behind a scheme and the blanks that follow it. */
function credentials(head: Head, lowerName: string, scheme: string): string | undefined {
  const line = head.all(lowerName)[0]
  if (line === undefined) return undefined
  const value = elementAt(line, 0)
  if (value[scheme.length] !== ' ' || value.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
  let start = scheme.length
  while (value[start] === ' ') start++
  return value.slice(start)
}

function isAmong(users: Users, pair: string): boolean {
  const colon = pair.indexOf(':')
  return users.allows(pair.slice(0, colon), pair.slice(colon + 1))
}

function checkUsers(keyword: string, users: unknown): void {
  if (typeof (users as Users | undefined)?.allows !== 'function')
    refuse(keyword, users, 'users, who have allows()')
}
