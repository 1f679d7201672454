/** HAProxy's `http-request auth unless { http_auth(users) }`, as one rule: Basic authentication (RFC 7617). */
import { Rule, type Verdict } from '../action.ts'
import { checkNames, refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { UserList } from './users.ts'

/** The options of {@link auth}. */
export interface AuthOptions {
  /** Who may come in: a {@link userList}. */
  readonly users: UserList
  /** Members of this group alone. Default: all users. */
  readonly group?: string | undefined
  /** What the client's prompt says: visible ASCII. Default `restricted`. */
  readonly realm?: string | undefined
}

const busy: Verdict = Object.freeze({
  kind: 'answer',
  answer: Object.freeze({
    status: 503,
    reason: 'Service Unavailable',
    headers: ['Retry-After', '1'],
    body: undefined,
  }),
})

/**
 * Let those pass who give a user's password; others are answered with 401. Only sensible through TLS. The credentials go on
 * to the server, unless a `delHeader('Authorization')` follows.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function auth(options: AuthOptions): Rule<RequestScope> {
  checkNames('auth', options, ['users', 'group', 'realm'])
  const { users, group, realm = 'restricted' } = options
  if (!(users instanceof UserList)) refuse('users', users, 'a userList()')
  if (group !== undefined && !users.hasGroup(group)) refuse('group', group, 'a group of the users')
  if (typeof realm !== 'string' || !/^[\x20-\x7e]*$/.test(realm)) refuse('realm', realm, 'visible ASCII')
  const challenge: Verdict = Object.freeze({
    kind: 'answer',
    answer: Object.freeze({
      status: 401,
      reason: 'Unauthorized',
      headers: ['WWW-Authenticate', `Basic realm="${realm.replace(/["\\]/g, '\\$&')}", charset="UTF-8"`],
      body: undefined,
    }),
  })
  return new Rule<RequestScope>(
    `auth realm ${realm}`,
    'request',
    ({ request, around }): Verdict | undefined => {
      const given = credentials(request.head.all('authorization'))
      if (given === undefined) return challenge
      const right = users.check(given.user, given.password, around.now())
      if (right === 'busy') return busy
      const passes = (is: boolean) =>
        is && (group === undefined || users.isIn(group, given.user)) ? undefined : challenge
      return typeof right === 'boolean' ? passes(right) : { kind: 'wait', until: right.then(passes) }
    },
    ['request'],
  )
}

/** Of one field alone: with two, rules and servers might each believe another. */
function credentials(fields: readonly string[]): { user: string; password: string } | undefined {
  const [field = ''] = fields
  const encoded = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(field)?.[1]
  // As long as any that people have; hashing more would be work for nothing.
  if (fields.length !== 1 || encoded === undefined || encoded.length > 1024) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon === -1 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
