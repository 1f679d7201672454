import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Rule, Verdict } from '../action.ts'
import type { RequestScope } from '../scope.ts'
import { responseScope, requestScope as scopeOf } from '../test-support.ts'
import { fetch } from '../value.ts'
import { deny, respond, tarpit } from './answers.ts'
import { accept, allow, reject, silentDrop } from './ends.ts'
import { addHeader, delHeader, replaceHeader, replaceValue, setHeader } from './headers.ts'
import { redirect } from './redirect.ts'
import { setStatus } from './status.ts'
import {
  replacePath,
  replacePathq,
  replaceUri,
  setMethod,
  setPath,
  setPathq,
  setQuery,
  setUri,
} from './target.ts'

/** What the client sends in `X-In`. */
const given = fetch('req.hdr(x-in)', 'str', 'request', ({ request }: RequestScope) =>
  request.head.last('x-in'),
)
const hostile = 'a\r\nSet-Cookie: b=c\r\n\r\n<script>'
const requestScope = (uri: string, headers: readonly string[] = ['Host', 'www.example.com']) =>
  scopeOf(uri, headers)
const folder = mkdtempSync(join(tmpdir(), 'evener-rules-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function fields(rule: Rule<RequestScope>, ...headers: string[]): readonly string[] {
  const scope = requestScope('/', headers)
  rule.run(scope)
  return scope.request.head.pairs()
}

function uri(rule: Rule<RequestScope>, before: string, headers?: readonly string[]): string {
  const scope = requestScope(before, headers)
  rule.run(scope)
  return scope.request.uri
}

const answerOf = (verdict: Verdict | undefined) => {
  if (verdict?.kind !== 'answer') throw new Error(`no answer: ${verdict?.kind}`)
  return verdict.answer
}

describe('fields', () => {
  it('are set, added and taken out', () => {
    expect(fields(setHeader('X-A', '2'), 'x-a', '1', 'X-A', '1')).toEqual(['X-A', '2'])
    expect(fields(addHeader('X-A', '2'), 'X-A', '1')).toEqual(['X-A', '1', 'X-A', '2'])
    expect(fields(delHeader('x-A'), 'X-A', '1', 'X-B', '2')).toEqual(['X-B', '2'])
  })

  it('are set to nothing by a value that is not there', () => {
    expect(fields(setHeader('X-A', given), 'X-A', '1')).toEqual(['X-A', ''])
  })

  it('are taken out by a part of their name, but for framing', () => {
    const came = ['X-One', '1', 'Y-One', '2', 'X-Two', '3', 'Content-Length', '0', 'Connection', 'close']
    const left = (name: string, match: 'beg' | 'end' | 'sub' | 'reg') =>
      fields(delHeader(name, { match }), ...came).filter((_, index) => index % 2 === 0)
    expect(left('X-', 'beg')).toEqual(['Y-One', 'Content-Length', 'Connection'])
    expect(left('-ONE', 'end')).toEqual(['X-Two', 'Content-Length', 'Connection'])
    expect(left('o', 'sub')).toEqual(['Content-Length', 'Connection'])
    expect(left('^[xy]-o|length', 'reg')).toEqual(['X-Two', 'Content-Length', 'Connection'])
  })

  it('are replaced whole where the pattern matches a part', () => {
    const rule = replaceHeader('Cookie', 'foo=([^;]*);(.*)', 'foo=\\1;ip=1.2.3.4;\\2')
    expect(fields(rule, 'Cookie', 'foo=foobar; expires=never;')).toEqual([
      'Cookie',
      'foo=foobar;ip=1.2.3.4; expires=never;',
    ])
    expect(fields(replaceHeader('User-Agent', 'curl', 'foo'), 'User-Agent', 'curl/7')).toEqual([
      'User-Agent',
      'foo',
    ])
    expect(fields(rule, 'Cookie', 'bar=1')).toEqual(['Cookie', 'bar=1'])
  })

  it('are replaced element by element', () => {
    const rule = replaceValue('X-Forwarded-For', '^192\\.168\\.(.*)$', '172.16.\\1')
    expect(fields(rule, 'X-Forwarded-For', '192.168.10.1, 192.168.13.24,10.0.0.37 ,')).toEqual([
      'X-Forwarded-For',
      '172.16.10.1, 172.16.13.24,10.0.0.37 ,',
    ])
    expect(fields(replaceValue('X', 'b', 'c'), 'X', '"a,\\"b", b')).toEqual(['X', 'c, c'])
    expect(fields(replaceValue('X', 'b', 'c'), 'X', 'b, "open, b')).toEqual(['X', 'c, c'])
  })

  it('are those of the response, once there is one', () => {
    const scope = responseScope(200, ['Server', 'x'])
    delHeader('Server').run(scope)
    setHeader('X-A', '1').run(scope)
    expect(scope.response.head.pairs()).toEqual(['X-A', '1'])
    expect(scope.request.head.has('x-a')).toBe(false)
  })

  it('hold nothing that a client could end them with', () => {
    const scope = requestScope('/', ['X-In', hostile])
    for (const rule of [
      setHeader('X-A', given),
      addHeader('X-A', given),
      replaceHeader('X-A', '(.*)', '\\1\\x0d\\x0a'),
    ])
      rule.run(scope)
    for (const value of scope.request.head.all('x-a')) expect(value).not.toMatch(/[\r\n]/)
  })

  it('are refused where they could not be sent, or say how a message ends', () => {
    expect(() => setHeader('X-A', 'a\r\nb')).toThrow('setHeader value is "a\\r\\nb"')
    expect(() => setHeader('X A', 'a')).toThrow('setHeader name is "X A"')
    expect(() => addHeader('Content-Length', '1')).toThrow('framing')
    expect(() => delHeader('transfer-encoding')).toThrow('framing')
    expect(() => replaceHeader('Upgrade', 'a', 'b')).toThrow('framing')
    expect(() => replaceHeader('X', '(a', 'b')).toThrow('a regular expression')
    expect(() => replaceHeader('X', '(?=a)', 'b')).toThrow('without back-references and look-around')
    expect(() => delHeader('X', { match: 'dom' as never })).toThrow('match is "dom"')
    expect(() => setHeader('X', 5 as never)).toThrow('a text, or a value')
  })
})

describe('the line of a request', () => {
  it('has its path, its query, both, or all of it replaced', () => {
    expect(uri(setPath('/x'), '/a/b?c=d')).toBe('/x?c=d')
    expect(uri(setPath('x?y#z é'), '/a')).toBe('/x%3Fy%23z%20%E9')
    expect(uri(setPathq('/x?y'), '/a?b')).toBe('/x?y')
    expect(uri(setQuery('x=y'), '/a?b')).toBe('/a?x=y')
    expect(uri(setQuery('x=y'), '/a')).toBe('/a?x=y')
    expect(uri(setQuery(''), '/a?b')).toBe('/a?')
    expect(uri(setQuery(''), '/a')).toBe('/a')
    expect(uri(setUri('/x'), '/a?b')).toBe('/x')
  })

  it('has the host of an absolute target in Host', () => {
    const scope = requestScope('/a')
    setUri('http://user@other.example:81/x?y').run(scope)
    expect([scope.request.uri, scope.request.head.all('host')]).toEqual(['/x?y', ['other.example:81']])
    setUri('HTTPS://other.example').run(scope)
    expect(scope.request.uri).toBe('/')
  })

  it('is rewritten where it matches', () => {
    expect(uri(replacePath('(.*)', '/foo\\1'), '/bar?q=1')).toBe('/foo/bar?q=1')
    expect(uri(replacePath('/foo/(.*)', '/\\1'), '/foo/bar?q=1')).toBe('/bar?q=1')
    expect(uri(replacePathq('([^?]*)(\\?(.*))?', '\\1/foo\\2'), '/bar?q=1')).toBe('/bar/foo?q=1')
    expect(uri(replaceUri('([^/:]*://[^/]*)?(.*)', '\\1/foo\\2'), '/bar?q=1')).toBe('/foo/bar?q=1')
    expect(uri(replacePath('^/no', '/yes'), '/a?b')).toBe('/a?b')
  })

  it('stays one line, whatever comes of a client', () => {
    for (const rule of [
      setPath(given),
      setPathq(given),
      setQuery(given),
      setUri(given),
      replacePath('.*', given),
    ])
      expect(uri(rule, '/', ['X-In', '/x HTTP/1.1\r\nHost: evil\r\n\r\n'])).toMatch(/^\/[\x21-\x7e]*$/)
  })

  it('has its method replaced by one', () => {
    const scope = requestScope('/', ['X-In', 'GET / HTTP/1.1'])
    setMethod('POST').run(scope)
    setMethod(given).run(scope)
    expect(scope.request.method).toBe('POST')
    expect(() => setMethod('a b')).toThrow('setMethod method is "a b"')
  })
})

describe('setStatus', () => {
  it('replaces status and reason', () => {
    const scope = responseScope(200)
    setStatus(503, 'Slow Down').run(scope)
    expect([scope.response.status, scope.response.reason]).toEqual([503, 'Slow Down'])
    setStatus(431).run(scope)
    expect(scope.response.reason).toBe('Request Header Fields Too Large')
    expect(() => setStatus(100)).toThrow('setStatus status is 100')
    expect(() => setStatus(200, 'a\nb')).toThrow('reason')
  })
})

describe('redirect', () => {
  const to = (options: Parameters<typeof redirect>[0], requested = '/a/b?c=d', headers?: string[]) => {
    const verdict = redirect<RequestScope>(options).run(requestScope(requested, headers))
    return verdict === undefined ? undefined : answerOf(verdict).headers[1]
  }

  it('goes to a location, behind a prefix, or to a scheme', () => {
    expect(to({ location: 'http://x/' })).toBe('http://x/')
    expect(to({ prefix: 'http://x' })).toBe('http://x/a/b?c=d')
    expect(to({ prefix: '/old' })).toBe('/old/a/b?c=d')
    expect(to({ prefix: '/' })).toBe('/a/b?c=d')
    expect(to({ scheme: 'https' })).toBe('https://www.example.com/a/b?c=d')
    expect(to({ scheme: 'https' }, '*')).toBe('https://www.example.com/')
  })

  it('leaves out the query, appends a slash, keeps the query', () => {
    expect(to({ prefix: '', dropQuery: true })).toBe('/a/b')
    expect(to({ prefix: '', dropQuery: true, appendSlash: true })).toBe('/a/b/')
    expect(to({ prefix: '', dropQuery: true, appendSlash: true }, '/a/')).toBe('/a/')
    expect(to({ location: '/x', keepQuery: true })).toBe('/x?c=d')
    expect(to({ location: '/x?y', keepQuery: true })).toBe('/x?y&c=d')
    expect(to({ location: '/x?', keepQuery: true })).toBe('/x?c=d')
    expect(to({ location: '/x', keepQuery: true }, '/a?')).toBe('/x')
  })

  it('does nothing with an empty location, where that is asked for', () => {
    expect(to({ location: given as never, ignoreEmpty: true })).toBeUndefined()
    expect(to({ location: given as never })).toBe('')
  })

  it('answers as HAProxy does', () => {
    expect(answerOf(redirect({ location: '/', setCookie: 'SEEN=1' }).run(requestScope('/')))).toEqual({
      status: 302,
      reason: 'Found',
      headers: ['Location', '/', 'Cache-Control', 'no-cache', 'Set-Cookie', 'SEEN=1; path=/;'],
      body: '',
    })
    expect(
      answerOf(redirect({ location: '/', code: 301, clearCookie: 'U=' }).run(requestScope('/'))).headers,
    ).toEqual(['Location', '/', 'Set-Cookie', 'U=; path=/; Max-Age=0;'])
  })

  it('never sends a client elsewhere by a path, nor more than one line', () => {
    expect(to({ prefix: '', appendSlash: true, dropQuery: true }, '//evil.example')).toBe('/evil.example/')
    expect(to({ prefix: '/' }, '/\\evil.example')).toBe('/evil.example')
    expect(to({ location: given as never }, '/', ['X-In', hostile])).not.toMatch(/[\r\n]/)
  })

  it('is refused where its options make no sense', () => {
    expect(() => redirect({})).toThrow('exactly one of location, prefix and scheme')
    expect(() => redirect({ location: '/', prefix: '/' })).toThrow('exactly one')
    expect(() => redirect({ location: '/', code: 304 as never })).toThrow('code is 304')
    expect(() => redirect({ location: '/', dropQuery: true })).toThrow('dropQuery is true')
    expect(() => redirect({ prefix: '/', keepQuery: true })).toThrow('keepQuery is true')
    expect(() => redirect({ location: '/', setCookie: 'a=b; c' })).toThrow('setCookie is "a=b; c"')
    expect(() => redirect({ location: '/', setCookie: 'a', clearCookie: 'b' })).toThrow('clearCookie')
    expect(() => redirect({ location: '/', appendSlash: 1 as never })).toThrow('appendSlash is 1')
    expect(() => redirect({ location: '/a\nb' })).toThrow('location')
  })
})

describe('answers', () => {
  it('deny a request with 403 and a response with 502, and leave the page to the door', () => {
    expect(answerOf(deny().run(requestScope('/')))).toMatchObject({
      status: 403,
      headers: [],
      body: undefined,
    })
    expect(answerOf(deny().run(responseScope(200)))).toMatchObject({ status: 502, body: undefined })
    expect(answerOf(deny({ status: 429 }).run(responseScope(200)))).toMatchObject({ status: 429 })
  })

  it('have a status, a type, fields, and a body of a text, of values, or of a file', () => {
    const scope = requestScope('/', ['X-In', 'seen'])
    expect(answerOf(respond().run(scope))).toMatchObject({ status: 200, body: '' })
    const text = respond({ status: 404, contentType: 'text/plain', text: 'é', headers: [['X-A', '1']] })
    expect(answerOf(text.run(scope))).toEqual({
      status: 404,
      reason: 'Not Found',
      headers: ['Content-Type', 'text/plain', 'X-A', '1'],
      body: Buffer.from('é'),
    })
    const made = answerOf(
      respond<RequestScope>({ contentType: 'text/plain', text: given, headers: [['X-A', given]] }).run(scope),
    )
    expect([made.headers, String(made.body)]).toEqual([['Content-Type', 'text/plain', 'X-A', 'seen'], 'seen'])
    const path = file('body', 'from a file')
    expect(String(answerOf(respond({ contentType: 'a/b', file: path }).run(scope)).body)).toBe('from a file')
  })

  it('are HAProxy’s error files', () => {
    const path = file(
      '503',
      'HTTP/1.0 503 Sorry\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Length: 9\r\n\r\n<html>\n',
    )
    expect(answerOf(deny({ errorFile: path }).run(responseScope(200)))).toEqual({
      status: 503,
      reason: 'Sorry',
      headers: ['Cache-Control', 'no-cache'],
      body: Buffer.from('<html>\n'),
    })
    expect(() => deny({ errorFile: file('bad', 'nothing') })).toThrow('empty line')
    expect(() => deny({ errorFile: file('bad2', 'HTTP/1.0 99 x\n\n') })).toThrow('a status line')
    expect(() => deny({ errorFile: file('bad3', 'HTTP/1.0 403 x\nA b\n\n') })).toThrow('a line of a head')
    expect(() => deny({ errorFile: join(folder, 'none') })).toThrow('a file that can be read')
    expect(() => deny({ errorFile: path, contentType: 'a/b' })).toThrow('none beside errorFile')
    expect(() => deny({ errorFile: path, status: 403 })).toThrow('none beside errorFile')
  })

  it('keep a client waiting first, where they are a tarpit', () => {
    expect(tarpit({ delayMs: 50 }).run(requestScope('/'))).toMatchObject({
      kind: 'wait',
      delayMs: 50,
      verdict: { kind: 'answer', answer: { status: 500 } },
    })
    expect(() => tarpit({ delayMs: 0 })).toThrow('delayMs is 0')
  })

  it('are refused where they are no answers', () => {
    expect(() => deny({ status: 199 })).toThrow('status is 199')
    expect(() => respond({ text: 'a' })).toThrow('contentType is undefined; allowed is the type of the body')
    expect(() => respond({ contentType: 'a/b' })).toThrow('none where there is no body')
    expect(() => respond({ contentType: 'a/b', text: 'a', file: 'b' })).toThrow(
      'one of text, file and errorFile',
    )
    expect(() => respond({ contentType: 'a/b', file: join(folder, 'none') })).toThrow(
      'a file that can be read',
    )
    expect(() => respond({ headers: 'x' as never })).toThrow('names and values in pairs')
    expect(() => respond({ headers: [['Content-Length', '5']] })).toThrow('framing')
    expect(() => respond({ headers: [['X', 'a\nb']] })).toThrow('headers X')
    expect(() => respond({ body: 'x' } as never)).toThrow('respond has no option "body"')
  })
})

it('a list is ended without an answer', () => {
  const scope = requestScope('/')
  expect([allow(), accept(), reject(), silentDrop()].map(rule => rule.run(scope))).toEqual([
    { kind: 'allow' },
    { kind: 'allow' },
    { kind: 'reject', silently: false },
    { kind: 'reject', silently: true },
  ])
})
