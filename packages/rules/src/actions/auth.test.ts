import { spawnSync } from 'node:child_process'
import { scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../action.ts'
import { requestScope, responseScope } from '../test-support.ts'
import { auth } from './auth.ts'
import { cors } from './cors.ts'
import { securityHeaders } from './security-headers.ts'
import { parseShaCrypt, type ShaCrypt, shaCrypt } from './sha-crypt.ts'
import { userList } from './users.ts'

const salt = Buffer.from('salt')
const scrypted = `scrypt$1024$${salt.toString('base64')}$${scryptSync('secret', salt, 32, { N: 1024 }).toString('base64')}`
// Of the specification's own test vectors.
const sha256 = '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'
const sha512 =
  '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1'
const users = userList({
  users: { one: scrypted, two: sha256, three: sha512 },
  groups: { admins: ['one'] },
})
const basic = (user: string, password: string) => ['Authorization', `Basic ${btoa(`${user}:${password}`)}`]

async function statusOf(headers: readonly string[], group?: string): Promise<number | undefined> {
  const verdict = auth({ users, group }).run(requestScope('/', headers))
  const settled: Verdict | undefined = verdict?.kind === 'wait' ? await verdict.until : verdict
  return settled?.kind === 'answer' ? settled.answer.status : undefined
}

describe('auth', () => {
  it('lets those pass who know the password of a user, whatever its hash', async () => {
    expect(await statusOf(basic('one', 'secret'))).toBeUndefined()
    expect(await statusOf(basic('two', 'Hello world!'))).toBeUndefined()
    expect(await statusOf(basic('three', 'Hello world!'))).toBeUndefined()
  })

  it.each([
    ['nothing', []],
    ['a wrong password', basic('one', 'Secret')],
    ['a user that is not there', basic('none', 'secret')],
    ['another scheme', ['Authorization', 'Bearer x']],
    ['what is no pair', ['Authorization', `Basic ${btoa('one')}`]],
    ['two', [...basic('one', 'secret'), ...basic('one', 'secret')]],
    ['too much', basic('one', 'x'.repeat(2000))],
  ])('answers %s with 401', async (_, headers) => {
    expect(await statusOf(headers)).toBe(401)
  })

  it('lets members of a group pass alone', async () => {
    expect(await statusOf(basic('one', 'secret'), 'admins')).toBeUndefined()
    expect(await statusOf(basic('two', 'Hello world!'), 'admins')).toBe(401)
  })

  it('says in which realm', () => {
    expect(auth({ users, realm: 'a "b"' }).run(requestScope('/'))).toMatchObject({
      answer: { headers: ['WWW-Authenticate', 'Basic realm="a \\"b\\"", charset="UTF-8"'] },
    })
  })

  it('remembers what it found, for a while', async () => {
    const list = userList({ users: { one: scrypted }, rememberMs: 1000 })
    expect(await list.check('one', 'secret', 0)).toBe(true)
    expect(list.check('one', 'secret', 999)).toBe(true)
    expect(list.check('one', 'secret', 1000)).toBeInstanceOf(Promise)
  })

  it('refuses more guesses than can be worked out, and has the guesser come later', async () => {
    const list = userList({ users: { one: scrypted } })
    const guesses = Array.from({ length: 40 }, (_, index) => list.check('one', `guess ${index}`, 0))
    expect(guesses.filter(guess => guess === 'busy')).toHaveLength(8)
    await Promise.all(guesses)
    expect(list.check('one', 'another', 0)).toBeInstanceOf(Promise)
  })

  it('is refused where it could let nobody in, or anybody', () => {
    expect(() => userList({ users: {} })).toThrow('users')
    expect(() => userList({ users: { a: 'secret' } })).toThrow('users.a is "(a hash)"')
    expect(() => userList({ users: { a: sha256.replace('$5$', '$5$rounds=999999$') } })).toThrow('at most')
    expect(() => userList({ users: { a: 5 as never } })).toThrow('users.a is 5')
    expect(() => userList({ users: { a: scrypted }, groups: { g: ['b'] } })).toThrow('groups.g is "b"')
    expect(() => auth({ users, group: 'none' })).toThrow('group is "none"')
    expect(() => auth({ users, realm: 'a\nb' })).toThrow('realm')
    expect(() => auth({ users: {} as never })).toThrow('a userList()')
  })
})

const openssl = spawnSync('openssl', ['version']).status === 0

it.skipIf(!openssl)(
  openssl
    ? 'SHA-crypt is OpenSSL’s, for passwords of any length'
    : 'openssl is not installed: SHA-crypt is OpenSSL’s',
  async () => {
    for (const [kind, length] of [
      ['-5', 0],
      ['-5', 1],
      ['-6', 15],
      ['-6', 64],
      ['-5', 40],
      ['-6', 130],
    ] as const) {
      const password = 'aé'.repeat(length).slice(0, length)
      const made = spawnSync('openssl', ['passwd', kind, '-salt', `s${length}`, '-stdin'], {
        input: `${password}\n`,
      })
      const expected = made.stdout.toString().trim()
      if (password === '') continue
      const parsed = parseShaCrypt(expected) as ShaCrypt
      expect(await shaCrypt(password, parsed)).toBe(parsed.digest)
    }
  },
)

describe('cors', () => {
  const { request, afterResponse } = cors({
    origins: ['https://app.example'],
    credentials: true,
    exposeHeaders: ['X-A'],
  })
  const asked = (...headers: string[]) => ({
    ...requestScope('/', headers),
    request: { ...requestScope('/', headers).request, method: 'OPTIONS' },
  })
  const answered = (origin?: string) => {
    const scope = responseScope(200, ['Access-Control-Allow-Origin', '*'])
    if (origin !== undefined) scope.request.head.set('Origin', origin)
    for (const rule of afterResponse) rule.run(scope)
    return scope.response.head.pairs()
  }

  it('answers a preflight, and passes other requests on', () => {
    const run = (...headers: string[]) => request[0]?.run(asked(...headers))
    expect(run('Origin', 'https://app.example', 'Access-Control-Request-Method', 'PUT')).toMatchObject({
      answer: { status: 204, headers: expect.arrayContaining(['PUT, PATCH, DELETE', '600']) },
    })
    expect(run('Origin', 'https://evil.example', 'Access-Control-Request-Method', 'PUT')).toMatchObject({
      answer: { status: 204, headers: [] },
    })
    expect(run('Origin', 'https://app.example')).toBeUndefined()
  })

  it('tells the origins that are allowed, and no others', () => {
    expect(answered('https://app.example')).toEqual([
      ...['Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://app.example'],
      ...['Access-Control-Allow-Credentials', 'true', 'Access-Control-Expose-Headers', 'X-A'],
    ])
    expect(answered('https://app.example.evil')).toEqual(['Vary', 'Origin'])
    expect(answered()).toEqual(['Vary', 'Origin'])
  })

  it('is refused where it would be unsafe or say nothing', () => {
    expect(() => cors({ origins: '*', credentials: true })).toThrow('credentials is true')
    expect(() => cors({ origins: ['app.example'] })).toThrow('origins')
    expect(() => cors({ origins: '*', methods: ['a b'] })).toThrow('methods')
    expect(cors({ origins: '*' }).request).toHaveLength(1)
  })
})

it('security headers are set, and can be left out or said otherwise', () => {
  const scope = responseScope(200, ['X-Frame-Options', 'ALLOWALL'])
  for (const rule of securityHeaders({ frameOptions: 'DENY', referrerPolicy: false })) rule.run(scope)
  expect(scope.response.head.pairs()).toEqual([
    ...[
      'X-Content-Type-Options',
      'nosniff',
      'X-Frame-Options',
      'DENY',
      'Cross-Origin-Opener-Policy',
      'same-origin',
    ],
  ])
  expect(() => securityHeaders({ frameOptions: 5 as never })).toThrow('frameOptions is 5')
})
