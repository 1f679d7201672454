import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Forwarding } from './forwarded.ts'
import { framingOf, NodeRequest, readRequest } from './node-request.ts'

interface Message {
  readonly method?: string
  readonly version?: readonly [number, number]
  readonly headers?: readonly string[]
  readonly peer?: string | undefined
  readonly encrypted?: boolean
}

/** A message as Node's server hands it over. */
function messageOf(said: Message): IncomingMessage {
  const rawHeaders = said.headers ?? ['Host', 'a.test']
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    const before = headers[name]
    if (name === 'set-cookie') headers[name] = [before ?? [], value].flat()
    else headers[name] ??= value
  }
  return {
    method: said.method ?? 'GET',
    httpVersionMajor: said.version?.[0] ?? 1,
    httpVersionMinor: said.version?.[1] ?? 1,
    rawHeaders,
    headers,
    socket: { remoteAddress: 'peer' in said ? said.peer : '::ffff:192.0.2.1', encrypted: said.encrypted },
  } as unknown as IncomingMessage
}

const upgrades = new Set(['websocket'])

function read(said: Message, target = '/p', forwarding = new Forwarding()) {
  return readRequest(messageOf(said), target, forwarding, upgrades)
}

function accepted(said: Message, target?: string, forwarding?: Forwarding): NodeRequest {
  const request = read(said, target, forwarding)
  expect(request).toBeInstanceOf(NodeRequest)
  return request as NodeRequest
}

describe('a request', () => {
  test('is read in the form in which routes and balancers see it', () => {
    const headers = ['Host', 'a.test', 'Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Set-Cookie', 'c=3']
    const request = accepted({ method: 'PUT', headers })
    expect(request).toMatchObject({
      method: 'PUT',
      uri: '/p',
      authority: 'a.test',
      versionMinor: 1,
      rawHeaders: headers,
      peerAddress: '192.0.2.1',
      sourceAddress: '192.0.2.1',
      secure: false,
      upgrade: undefined,
    })
    expect(request.header('cookie')).toBe('a=1')
    expect(request.header('set-cookie')).toBe('b=2, c=3')
    expect(request.header('x-none')).toBeUndefined()
  })

  test('of HTTP/1.0 needs no host', () => {
    expect(accepted({ version: [1, 0], headers: [] })).toMatchObject({ versionMinor: 0, authority: '' })
  })

  test('in absolute form is for the host of its target, which Host must not contradict', () => {
    expect(accepted({ headers: ['Host', 'A.test'] }, 'http://a.test/p')).toMatchObject({
      uri: '/p',
      authority: 'a.test',
    })
    expect(read({ headers: ['Host', 'b.test'] }, 'http://a.test/p')).toMatchObject({ status: 400 })
  })

  test.each([
    ['http://a.test:80/', 'a.test'],
    ['http://a.test/', 'A.test:80'],
    ['HTTP://a.test/', 'a.test:80'],
    ['https://a.test/', 'a.test:443'],
    ['http://a.test:/', 'a.test'],
    ['http://a.test:080/', 'a.test:80'],
    ['http://[::1]/', '[::1]:80'],
    ['http://a.test:8080/', 'a.test:8080'],
  ])('for %s agrees with Host: %s', (target, host) => {
    accepted({ headers: ['Host', host] }, target)
  })

  test.each([
    ['http://a.test/', 'a.test:443'],
    ['https://a.test/', 'a.test:80'],
    ['https://a.test/', 'a.test:8443'],
    ['http://a.test:8080/', 'a.test'],
    ['http://[::1]/', '[::1:80]'],
    ['http://a.test/', 'b.test'],
  ])('for %s does not agree with Host: %s', (target, host) => {
    expect(read({ headers: ['Host', host] }, target)).toMatchObject({ status: 400 })
  })

  test('is secure on an encrypted connection, and from where a trusted proxy says', () => {
    expect(accepted({ encrypted: true }).secure).toBe(true)
    const headers = ['Host', 'a.test', 'X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'https']
    const trusting = new Forwarding({ trust: ['192.0.2.0/24'] })
    expect(accepted({ headers }, '/', trusting)).toMatchObject({ sourceAddress: '203.0.113.9', secure: true })
  })

  test('by way of a unix socket has no address', () => {
    expect(accepted({ peer: undefined })).toMatchObject({ peerAddress: '', sourceAddress: '' })
  })

  test('that expects 100-continue, in whatever case, is accepted', () => {
    accepted({ headers: ['Host', 'a.test', 'Expect', '100-Continue'] })
  })
})

describe('a request is refused', () => {
  test.each<[string, Message, number]>([
    ['with two hosts', { headers: ['Host', 'a.test', 'host', 'a.test'] }, 400],
    ['with a list of hosts', { headers: ['Host', 'a.test, b.test'] }, 400],
    ['without a host', { headers: [] }, 400],
    ['in HTTP/1.2', { version: [1, 2] }, 505],
    ['in HTTP/2.0', { version: [2, 0] }, 505],
    ['in HTTP/0.9', { version: [0, 9] }, 505],
    ['with chunks in HTTP/1.0', { version: [1, 0], headers: ['Transfer-Encoding', 'chunked'] }, 400],
    ['with another coding', { headers: ['Host', 'a.test', 'Transfer-Encoding', 'gzip, chunked'] }, 501],
    ['with another expectation', { headers: ['Host', 'a.test', 'Expect', 'tea'] }, 417],
    ['for a tunnel', { method: 'CONNECT' }, 400],
  ])('%s', (_how, said, status) => {
    expect(read(said, said.method === 'CONNECT' ? 'a.test:443' : '/p')).toMatchObject({ status })
  })
})

test.each<[readonly string[], string]>([
  [[], 'none'],
  [['Content-Length', '0'], 'none'],
  [['Content-Length', '000'], 'none'],
  [['Content-Length', '10'], 'length'],
  [['Transfer-Encoding', 'chunked'], 'chunked'],
])('the framing of %j is %s', (headers, framing) => {
  expect(framingOf(messageOf({ headers }))).toBe(framing)
})

describe('a change of protocol', () => {
  const asking = (protocol: string, connection: string, ...more: string[]): Message => ({
    headers: ['Host', 'a.test', 'Upgrade', protocol, 'Connection', connection, ...more],
  })

  test.each([
    ['websocket', 'Upgrade'],
    ['WebSocket', 'keep-alive, upgrade'],
  ])('to %s with Connection: %s is asked for', (protocol, connection) => {
    expect(accepted(asking(protocol, connection)).upgrade).toBe('websocket')
  })

  test.each<[string, Message]>([
    ['to one that is not allowed', asking('h2c', 'Upgrade')],
    ['that Connection does not list', asking('websocket', 'keep-alive')],
    ['without Connection', { headers: ['Host', 'a.test', 'Upgrade', 'websocket'] }],
    ['with a body', asking('websocket', 'Upgrade', 'Content-Length', '5')],
    ['in HTTP/1.0', { ...asking('websocket', 'Upgrade'), version: [1, 0] }],
  ])('%s is not', (_how, said) => {
    expect(accepted(said).upgrade).toBeUndefined()
  })
})
