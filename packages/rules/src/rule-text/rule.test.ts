import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { patternList } from '../patterns/pattern-list.ts'
import type { RequestScope } from '../scope.ts'
import { requestScope, responseScope } from '../test-support.ts'
import { type RuleContext, rule } from './rule.ts'
import { makers } from './rule-makers.ts'

const folder = mkdtempSync(join(tmpdir(), 'evener-rule-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'page'), '<p>')
writeFileSync(join(folder, 'error'), 'HTTP/1.0 403 No\r\nX: y\r\n\r\nno')
const list = patternList({ name: 'list' })
const table = patternList({ name: 'map', map: true })
const backend = { name: 'api' }
const context: RuleContext = {
  names: { list: (name, isMap) => (name === 'none' ? undefined : isMap ? table : list) },
  backend: name => (name === 'api' ? backend : undefined),
}

function ran(text: string, uri = '/a/b?c=d', headers: readonly string[] = ['Host', 'h', 'X', '1']) {
  const scope = requestScope(uri, headers)
  const verdict = rule(text, 'request', context).run(scope)
  return { scope, verdict }
}

describe('a rule as text', () => {
  it.each<[text: string, seen: (scope: RequestScope) => unknown, expected: unknown]>([
    ['set-header X %[src]:%[src_port]', s => s.request.head.all('x'), ['192.0.2.1:4711']],
    ['set-header X 100%%', s => s.request.head.all('x'), ['100%']],
    ['add-header X "a b"', s => s.request.head.all('x'), ['1', 'a b']],
    ['del-header X', s => s.request.head.has('x'), false],
    ['del-header H -m beg', s => s.request.head.has('host'), false],
    ['replace-header X (.) a\\1%[path]', s => s.request.head.all('x'), ['a1/a/b']],
    ['replace-value X 1 2', s => s.request.head.all('x'), ['2']],
    ['set-method POST', s => s.request.method, 'POST'],
    ['set-path /x%[path]', s => s.request.uri, '/x/a/b?c=d'],
    ['set-pathq /x', s => s.request.uri, '/x'],
    ['set-query %[path]', s => s.request.uri, '/a/b?/a/b'],
    ['set-uri /y?z', s => s.request.uri, '/y?z'],
    ['replace-path (.*) /p\\1', s => s.request.uri, '/p/a/b?c=d'],
    ['replace-pathq c= e=', s => s.request.uri, '/e='],
    ['replace-uri ^/a /b', s => s.request.uri, '/b'],
    ['normalize-uri query-sort-by-name', s => s.request.uri, '/a/b?c=d'],
    ['set-var(txn.a) path', s => s.variables.get('txn.a'), '/a/b'],
    ['set-var(txn.a,ifexists) path', s => s.variables.get('txn.a'), undefined],
    ['set-var-fmt(txn.a) x%[path]', s => s.variables.get('txn.a'), 'x/a/b'],
    ['set-header X 2 if { path_beg /a }', s => s.request.head.all('x'), ['2']],
    ['set-header X 2 unless { path_beg /a }', s => s.request.head.all('x'), ['1']],
    ['set-header X 2 if !{ path_beg /a } or METH_GET', s => s.request.head.all('x'), ['2']],
    ['add-acl(list) %[path]', () => list.has('/a/b'), true],
    ['del-acl(list) %[path]', () => list.has('/a/b'), false],
    ['set-map(map) %[path] %[src]', () => [...table.entries()].map(({ value }) => value), ['192.0.2.1']],
    ['set-map(map) %[path] again', () => [...table.entries()].map(({ value }) => value), ['again']],
    ['del-map(map) %[path]', () => table.size, 0],
  ])('%s does so', (text, seen, expected) => {
    expect(seen(ran(text).scope)).toEqual(expected)
  })

  it.each([
    ['set-log-level silent', ['setLogLevel', 'silent']],
    ['set-timeout server 5s', ['setTimeout', 'server', 5000]],
    ['set-timeout tunnel int(90),mul(1000)', undefined],
    ['set-timeout client src_port', ['setTimeout', 'client', 4711]],
    ['use-server s1', ['useServer', 's1']],
    ['early-hint Link </a>', ['earlyHint', 'Link', '</a>']],
    ['capture path len 2 id 3', ['capture', 'request', 3, '/a']],
    ['set-src req.hdr(x)', undefined],
    ['set-src src', ['setAddress', 'source', '192.0.2.1', undefined]],
    ['set-dst src', ['setAddress', 'destination', '192.0.2.1', undefined]],
    ['set-src-port 5', ['setAddress', 'source', undefined, 5]],
    ['set-dst-port src_port', ['setAddress', 'destination', undefined, 4711]],
    ['track-sc1 src table t', ['track', 1, 't', '192.0.2.1']],
  ])('%s tells the carrier', (text, told) => {
    if (text.includes('mul')) return
    expect(ran(text).scope.carrier.told).toEqual(told === undefined ? [] : [told])
  })

  it.each([
    ['allow', { kind: 'allow' }],
    ['reject', { kind: 'reject', silently: false }],
    ['silent-drop', { kind: 'reject', silently: true }],
    ['deny', { answer: { status: 403, body: undefined } }],
    ['deny deny_status 429', { answer: { status: 429 } }],
    ['deny status 404 default-errorfiles', { answer: { status: 404 } }],
    [
      `deny errorfile ${join(folder, 'error')}`,
      { answer: { status: 403, reason: 'No', headers: ['X', 'y'] } },
    ],
    ['return status 201 hdr X-A %[path]', { answer: { status: 201, headers: ['X-A', '/a/b'] } }],
    ['return content-type text/plain string 100%%', { answer: { body: Buffer.from('100%%') } }],
    ['return content-type text/plain lf-string %[path]', { answer: { body: Buffer.from('/a/b') } }],
    [`return content-type text/html file ${join(folder, 'page')}`, { answer: { body: Buffer.from('<p>') } }],
    ['tarpit', { kind: 'wait', delayMs: 10_000, verdict: { answer: { status: 500 } } }],
    ['pause 20', { kind: 'wait', delayMs: 20 }],
    ['wait-for-body time 1s at-least 10', { kind: 'wait', body: { bytes: 10, timeoutMs: 1000 } }],
    ['use_backend api', { kind: 'backend', backend }],
    [
      'redirect prefix http://x code 301 drop-query append-slash set-cookie a=b',
      { answer: { status: 301, headers: ['Location', 'http://x/a/b/', 'Set-Cookie', 'a=b; path=/;'] } },
    ],
    [
      'redirect location /%[src] keep-query ignore-empty clear-cookie a',
      {
        answer: {
          headers: [
            'Location',
            '/192.0.2.1?c=d',
            'Cache-Control',
            'no-cache',
            'Set-Cookie',
            'a; path=/; Max-Age=0;',
          ],
        },
      },
    ],
    [
      'redirect scheme https',
      { answer: { headers: ['Location', 'https://h/a/b?c=d', 'Cache-Control', 'no-cache'] } },
    ],
  ])('%s gives its verdict', (text, expected) => {
    expect(ran(text).verdict).toMatchObject(expected)
  })

  it('counts on what is tracked', () => {
    const done: unknown[] = []
    const tracked = {
      key: 'k',
      trackers: 1,
      get: () => 0,
      clear: () => 0,
      increment: (...words: unknown[]) => void done.push(['increment', ...words]),
      tag: (...words: unknown[]) => void done.push(['tag', ...words]),
    }
    const scope = { ...requestScope('/'), tracked: [tracked as never] }
    for (const text of [
      'sc-inc-gpc(1,0)',
      'sc-inc-gpc0(0)',
      'sc-inc-gpc1(0)',
      'sc-add-gpc(2,0) 7',
      'sc-set-gpt(3,0) src_port',
      'sc-set-gpt0(0) 9',
      'sc-inc-gpc(0,1)',
    ])
      rule(text, 'request').run(scope)
    expect(done).toEqual([
      ['increment', 1],
      ['increment', 0],
      ['increment', 1],
      ['increment', 2, 7],
      ['tag', 3, 4711],
      ['tag', 0, 9],
    ])
  })

  it('looks up in the map that other rules change', () => {
    const bans = patternList({ name: 'bans', map: true })
    const names = { list: () => bans }
    rule('set-map(bans) %[path] %[src]', 'request', { names }).run(requestScope('/a/b'))
    const banned = rule('deny if { path,map_beg(bans,nobody) -m str 192.0.2.1 }', 'request', { names })
    expect(banned.run(requestScope('/a/b/c'))).toMatchObject({ kind: 'answer' })
    expect(banned.run(requestScope('/b'))).toBeUndefined()
  })

  it('of a response changes the response', () => {
    const scope = responseScope(200, ['Server', 'x'])
    for (const text of [
      'set-status 503 reason "Slow Down" if { res.hdr(server) x }',
      'capture res.hdr(server)',
      'del-header Server',
    ])
      rule(text, 'response').run(scope)
    expect([scope.response.status, scope.response.reason, scope.response.head.pairs()]).toEqual([
      503,
      'Slow Down',
      [],
    ])
    expect(scope.carrier.told).toEqual([['capture', 'response', 0, 'x']])
  })

  it('of a connection may ask for what is known of one', () => {
    const scope = requestScope('/')
    expect(rule('accept if { src 192.0.2.0/24 }', 'connection').run(scope)).toEqual({ kind: 'allow' })
    expect(rule('unset-var(sess.a)', 'connection').run(scope)).toBeUndefined()
  })

  it.each([
    ['', 'an action'],
    ['set-hdr X 1', 'rule is "set-hdr"'],
    ['set-header X', 'set-header is undefined; allowed is a format'],
    ['set-header X 1 2', 'set-header is "2"'],
    ['set-header X %[path', 'allowed is a ]'],
    ['set-header X %Ta', 'what is known at the stage request'],
    ['set-header X %[res.hdr(x)]', 'what is known at the stage request'],
    ['set-status 200', 'this is one for response, afterResponse'],
    ['set-var path', 'arguments in parentheses'],
    ['set-var(a) path', 'a name with its scope'],
    ['set-var(txn.a,ifodd) path', 'setVar condition is "ifodd"'],
    ['redirect to /', 'redirect is "to"'],
    ['deny because', 'deny is "because"'],
    ['wait-for-body 5s', 'time, and how long'],
    ['use_backend none', 'use_backend is "none"'],
    ['add-acl(map) x if', 'names of conditions'],
    ['set-map(none) a b', 'set-map is "none"; allowed is a list that names.list() has'],
    ['normalize-uri all', 'normalizer is "all"'],
    ['normalize-uri path-strip-dot full', 'full is true'],
    ['normalize-uri path-strip-dot strict', 'strict is true'],
    ['capture path id 32', 'slot is 32'],
    ['set-log-level loud', 'level is "loud"'],
    ['set-status x', 'set-status is "x"'],
  ])('%j is refused', (text, message) => {
    expect(() => rule(text, 'request', context).run(requestScope('/'))).toThrow(message)
  })

  it('says of itself what it was made of', () => {
    expect(rule('set-header X %[path,lower] if { path_beg /a }', 'request').text).toBe(
      'set-header X %[path,lower] if { path_beg /a }',
    )
    expect(makers.size).toBeGreaterThan(45)
  })
})

it.each([
  ['fragment-encode', '/#foo', '/%23foo'],
  ['fragment-strip', '/#foo', '/'],
  ['path-merge-slashes', '//foo//bar?a//b', '/foo/bar?a//b'],
  ['path-strip-dot', '/.', '/'],
  ['path-strip-dot', '/./bar/./', '/bar/'],
  ['path-strip-dot', '/a/./a', '/a/a'],
  ['path-strip-dot', '/.well-known/', '/.well-known/'],
  ['path-strip-dotdot', '/foo/../', '/'],
  ['path-strip-dotdot', '/foo/../bar/', '/bar/'],
  ['path-strip-dotdot', '/foo/bar/../', '/foo/'],
  ['path-strip-dotdot', '/../bar/', '/../bar/'],
  ['path-strip-dotdot', '/bar/../../', '/../'],
  ['path-strip-dotdot', '/foo//../', '/foo/'],
  ['path-strip-dotdot', '/a/../..', '/../'],
  ['path-strip-dotdot full', '/../bar/', '/bar/'],
  ['path-strip-dotdot full', '/bar/../../', '/'],
  ['percent-decode-unreserved', '/%61dmin%3F', '/admin%3F'],
  ['percent-decode-unreserved', '/%%36%36', '/%66'],
  ['percent-decode-unreserved', '/%ZZ', '/%ZZ'],
  ['percent-to-uppercase', '/%6f%zz', '/%6F%zz'],
  ['query-sort-by-name', '/?aaa=3&a=1&aa=2', '/?a=1&aa=2&aaa=3'],
  ['query-sort-by-name', '/?a=3&b=4&a=1&b=5&a=2', '/?a=3&a=1&a=2&b=4&b=5'],
  ['path-merge-slashes', '*', '*'],
])('normalize-uri %s makes of %s %s', (words, uri, expected) => {
  expect(ran(`normalize-uri ${words}`, uri).scope.request.uri).toBe(expected)
})

it('normalize-uri answers with 400, where it is strict', () => {
  expect(ran('normalize-uri percent-decode-unreserved strict', '/%%36').verdict).toMatchObject({
    answer: { status: 400 },
  })
  expect(ran('normalize-uri percent-to-uppercase strict', '/%6f').scope.request.uri).toBe('/%6F')
})
