/** What rules may make of a request, and what not: each change by itself, without a door. */
import { describe, expect, test } from 'vitest'
import type { ClientRequest } from '../http/request.ts'
import type { SeenEnds } from './client-session.ts'
import { EditedRequest, SeenRequest } from './edited-request.ts'

const ends = { source: undefined } as unknown as SeenEnds

/** A request as it came, without what the codec read. */
function came(more: Partial<ClientRequest> = {}): ClientRequest {
  const { rawHeaders = ['Host', 'a.test', 'Cookie', 'a=1', 'Cookie', 'b=2', 'X-Two', 'a', 'X-Two', 'b'] } =
    more
  const header = (name: string) => {
    const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
    return values.length === 0 ? undefined : values.join(', ')
  }
  return {
    method: 'GET',
    uri: '/a?b',
    authority: 'a.test',
    versionMinor: 1,
    sourceAddress: '192.0.2.1',
    peerAddress: '192.0.2.1',
    secure: false,
    upgrade: undefined,
    header,
    ...more,
    rawHeaders,
  }
}

const edited = (more: Partial<ClientRequest> = {}, at = ends) => new EditedRequest(came(more), at)

describe('the method', () => {
  test.each<[string, string, Partial<ClientRequest>]>([
    ['PUT', 'PUT', {}],
    ['not a token', 'GET', {}],
    ['', 'GET', {}],
    ['HEAD', 'GET', {}],
    ['CONNECT', 'GET', {}],
    ['GET', 'HEAD', { method: 'HEAD' }],
    ['POST', 'GET', { upgrade: 'websocket' }],
    ['POST', 'OPTIONS', { method: 'OPTIONS', uri: '*' }],
    ['OPTIONS', 'OPTIONS', { method: 'OPTIONS', uri: '*' }],
  ])('set to %j is %s', (method, is, more) => {
    const request = edited(more)
    request.method = method
    expect(request.method).toBe(is)
  })
})

describe('the target', () => {
  test.each<[string, string, Partial<ClientRequest>]>([
    ['/new?q=1', '/new?q=1', {}],
    ['new', '/a?b', {}],
    ['/a b', '/a?b', {}],
    ['/a\r\nX: y', '/a?b', {}],
    ['/a#b', '/a?b', {}],
    ['*', '/a?b', {}],
    ['*', '*', { method: 'OPTIONS', uri: '/' }],
  ])('set to %j is %s', (uri, is, more) => {
    const request = edited(more)
    request.uri = uri
    expect(request.uri).toBe(is)
  })
})

describe('the host', () => {
  test('is one, and a host', () => {
    const request = edited()
    request.head.set('host', 'b.test')
    request.head.add('HOST', 'c.test')
    request.head.set('Host', 'not a host')
    expect([request.authority, request.head.all('host')]).toEqual(['c.test', ['c.test']])
  })

  test('that is taken out is the one that came, where the target has it', () => {
    const request = edited()
    request.head.delete('host')
    expect(request.authority).toBe('a.test')
  })
})

test('fields are joined as they are without rules, with cookies by their own sign', () => {
  const request = edited()
  expect([request.header('x-two'), request.rawHeaders]).toEqual(['a, b', came().rawHeaders])
  request.head.set('X-One', '1')
  expect(['x-one', 'x-two', 'cookie', 'x-none'].map(name => request.header(name))).toEqual([
    '1',
    'a, b',
    'a=1; b=2',
    undefined,
  ])
  expect([request.parsed, request.rawHeaders.includes('X-One')]).toEqual([undefined, true])
})

test('a source that a rule has set stands in place of the one that came', () => {
  expect(edited().sourceAddress).toBe('192.0.2.1')
  expect(edited({}, { source: '192.0.2.9' } as unknown as SeenEnds).sourceAddress).toBe('192.0.2.9')
})

describe('as rules see it', () => {
  const seen = (more: Partial<ClientRequest> = {}) => new SeenRequest(edited(more), undefined, 0, undefined)

  test.each<[string, Partial<ClientRequest>, string, string]>([
    ['HTTP/1.1', {}, '/a?b', '1.1'],
    ['HTTP/1.0', { versionMinor: 0 }, '/a?b', '1.0'],
    ['HTTP/2', { versionMajor: 2 }, 'http://a.test/a?b', '2.0'],
    [
      'HTTP/2 through TLS',
      { versionMajor: 2, connection: { tls: {} } as unknown as ClientRequest['connection'] },
      'https://a.test/a?b',
      '2.0',
    ],
  ])('%s has this target and version', (_, more, target, version) => {
    expect([seen(more).target, seen(more).version]).toEqual([target, version])
  })

  test('a body has the size that was announced, and is unknown until it is waited for', () => {
    expect([seen().bodySize, seen({ rawHeaders: ['Content-Length', '7'] }).bodySize]).toEqual([undefined, 7])
    const request = seen()
    expect(request.body).toBeUndefined()
    request.bodyAwaited = true
    expect(request.body).toBeUndefined()
  })
})
