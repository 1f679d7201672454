/** HTTP/2 from end to end through `createFrontend`: clients of HTTP/2 before servers of HTTP/1.1. */
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { createFrontend, type FrontendOptions } from '@evener/core'
import {
  answer,
  type Behaviour,
  echo,
  expectEventually,
  request,
  stall,
  testCertificate,
} from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { afterwards, backendOf, origin } from './support/hosting.ts'
import { fieldBlock, frame, framesIn, frameTypes, greeting } from './support/http2-frames.ts'

async function world(behave?: Behaviour, options: Partial<FrontendOptions> = {}) {
  const server = await origin(behave)
  const route = backendOf(server)
  const frontend = createFrontend({ route, http2: { priorKnowledge: true }, ...options })
  afterwards(() => frontend.close({ drainMs: 0 }))
  const { port } = (await frontend.listen({ port: 0, host: '127.0.0.1' })) as { port: number }
  const dial = (): ClientHttp2Session => {
    const session = connect(`http${options.tls ? 's' : ''}://127.0.0.1:${port}`, {
      rejectUnauthorized: false,
    })
    session.on('error', () => undefined)
    afterwards(() => session.destroy())
    return session
  }
  return { server, frontend, port, dial }
}

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: string
}

async function whole(stream: ClientHttp2Stream): Promise<Got> {
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', fields => {
    trailers = fields
  })
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let body = ''
  for await (const piece of stream) body += piece
  return { status: Number(headers[':status']), headers, trailers, body }
}

function ask(session: ClientHttp2Session, fields: OutgoingHttpHeaders = {}, body?: string): Promise<Got> {
  const method = body === undefined ? 'GET' : 'POST'
  const stream = session.request({ ':path': '/', ':method': method, ...fields })
  stream.end(body)
  return whole(stream)
}

describe.each([
  ['with TLS', { tls: { certificates: testCertificate } }],
  ['without TLS', {}],
])('%s', (_, options) => {
  test('HTTP/2 and HTTP/1.1 are served on one port, and Via says which it was', async () => {
    const { dial, port, server } = await world(undefined, { forwarded: { via: 'edge' }, ...options })
    expect(await ask(dial())).toMatchObject({ status: 200, body: 'app1', headers: { via: '1.1 edge' } })
    const tls = 'tls' in options ? { tls: { rejectUnauthorized: false } } : {}
    expect((await request(port, tls)).status).toBe(200)
    expect(server.requests.map(each => each.header('via'))).toEqual(['2.0 edge', '1.1 edge'])
    expect(server.requests.map(each => each.version)).toEqual(['HTTP/1.1', 'HTTP/1.1'])
  })

  test('a hundred requests at once on one connection each get their own answer', async () => {
    const { dial, frontend, server } = await world(echo(), options)
    const session = dial()
    const bodies = Array.from({ length: 100 }, (_, i) => `${i} `.repeat(1 + i * 30))
    const got = await Promise.all(bodies.map(body => ask(session, {}, body)))
    expect(got.map(each => each.status)).toEqual(bodies.map(() => 200))
    expect(got.map(each => each.body)).toEqual(bodies)
    expect(frontend.counters.connections).toBe(1)
    expect(server.totalRequests).toBe(100)
  })

  test('trailers pass in both directions', async () => {
    const { dial, server } = await world(echo(), options)
    const stream = dial().request({ ':path': '/', ':method': 'POST', te: 'trailers' }, {
      waitForTrailers: true,
    } as never)
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }))
    stream.end('body')
    const got = await whole(stream)
    expect(got).toMatchObject({ status: 200, body: 'body', trailers: { 'x-sum': 'abc' } })
    expect(server.requests[0]?.trailers).toEqual([['x-sum', 'abc']])
  })

  test('a graceful close says GOAWAY, and lets what is under way end', async () => {
    const release = Promise.withResolvers<void>()
    const { dial, frontend, server, port } = await world(
      stall('mid-body', { until: release.promise }),
      options,
    )
    const session = dial()
    const goaway = once(session, 'goaway')
    const under = ask(session)
    await server.waitFor('request')
    const closed = frontend.close()
    const [code] = await goaway
    expect(code).toBe(0)
    await expect(request(port, { timeoutMs: 1_000 })).rejects.toThrow()
    release.resolve()
    expect(await under).toMatchObject({ status: 200 })
    await closed
    expect(frontend.counters.connectionsNow).toBe(0)
  })

  test('an idle connection is closed at once', async () => {
    const { dial, frontend } = await world(undefined, options)
    const session = dial()
    await ask(session)
    const over = once(session, 'close')
    await frontend.close()
    await over
  })
})

describe('what could be read in two ways', () => {
  const plain = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a.test'],
  ] as const

  /** Send a head and a body, followed by a good request; which of the two streams got what. */
  async function answers(fields: readonly (readonly [string, string])[], body = 'x=1'): Promise<string[]> {
    const { port, server } = await world(answer())
    const socket = connectTcp(port, '127.0.0.1')
    afterwards(() => socket.destroy())
    socket.on('error', () => undefined)
    let came = Buffer.alloc(0)
    socket.on('data', chunk => {
      came = Buffer.concat([came, chunk])
    })
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    const good = plain.map(([name, value]) => [name, name === ':path' ? '/good' : value] as const)
    socket.write(
      Buffer.concat([
        greeting,
        frame('headers', 4, 1, fieldBlock(fields)),
        frame('data', 1, 1, Buffer.from(body)),
        frame('headers', 5, 3, fieldBlock(good)),
      ]),
    )
    const told = () => [...framesIn(came)]
    await expectEventually(() => {
      const over = told().filter(
        ({ type, flags }) => type === frameTypes.reset || (type <= 1 && (flags & 1) === 1),
      )
      expect(closed || over.some(({ stream }) => stream === 3)).toBe(true)
    })
    await expectEventually(() => expect(server.requests.every(each => each.complete)).toBe(true))
    const refused = told().some(({ type, stream }) => type === frameTypes.reset && stream === 1)
    return [
      ...(refused ? ['reset'] : []),
      ...server.requests.map(each => `${each.method} ${each.target} ${each.header('host')} ${each.body}`),
    ]
  }
  const asked = (path: string, host = 'a.test', body = '') => `POST ${path} ${host} ${body}`

  test('a good one passes', async () => {
    const [one, two] = await answers(plain)
    expect([one, two].sort()).toEqual([asked('/', 'a.test', 'x=1'), asked('/good')].sort())
  })

  const without = (name: string) => plain.filter(([each]) => each !== name)
  const instead = (name: string, value: string) =>
    plain.map(([each, was]) => [each, each === name ? value : was] as const)

  test.each<[string, readonly (readonly [string, string])[]]>([
    ['a host that is not the authority', [...plain, ['host', 'b.test']]],
    ['an authority with a path', instead(':authority', 'a.test/x')],
    ['an authority with a user', instead(':authority', 'admin@a.test')],
    ['no authority and no host', without(':authority')],
    ['a path with a space', instead(':path', '/ HTTP/1.1')],
    ['a path with a line', instead(':path', '/ HTTP/1.1\r\nX-Admin: 1\r\n\r\nGET /admin')],
    ['a path that is none', instead(':path', 'http://b.test/')],
    ['a method with a line', instead(':method', 'GET / HTTP/1.1\r\nX: y\r\n\r\nGET')],
    ['a method with a space', instead(':method', 'GET /admin')],
    ['Transfer-Encoding', [...plain, ['transfer-encoding', 'chunked']]],
    ['Connection', [...plain, ['connection', 'close']]],
    ['a length of less than comes', [...plain, ['content-length', '1']]],
    ['a length of more than comes', [...plain, ['content-length', '9']]],
    ['two lengths', [...plain, ['content-length', '3'], ['content-length', '4']]],
    ['a length that is none', [...plain, ['content-length', '+3']]],
    ['a name in upper case', [...plain, ['X-Upper', '1']]],
    ['a pseudo-field behind others', [['x', '1'], ...plain]],
    ['two paths', [...plain, [':path', '/b']]],
    ['a pseudo-field that is none', [...plain, [':admin', '1']]],
  ])('%s never comes to a server', async (_, fields) => {
    expect((await answers(fields)).filter(each => each !== 'reset' && !each.includes(' /good '))).toEqual([])
  })

  // Nothing of such a field may be read in another way: nghttp2 leaves the whole of it out.
  test.each([
    ['a value with a line', 'x-note', 'a\r\nX-Admin: 1'],
    ['a value with a NUL', 'x-note', 'a\0X-Admin: 1'],
    ['a name with a line', 'x\r\nx-admin', '1'],
    ['a name with a colon', 'x-admin:', '1'],
    ['a name with a space', 'x-admin ', '1'],
    ['no name', '', 'X-Admin: 1'],
  ])('a field with %s does not come to a server', async (_, name, value) => {
    const { server, port } = await world(answer())
    const socket = connectTcp(port, '127.0.0.1')
    afterwards(() => socket.destroy())
    socket.on('error', () => undefined).resume()
    socket.write(Buffer.concat([greeting, frame('headers', 5, 1, fieldBlock([...plain, [name, value]]))]))
    await expectEventually(() => expect(server.totalRequests > 0 || socket.destroyed).toBe(true))
    for (const { rawHead } of server.requests) expect(rawHead).not.toMatch(/x-note|x-admin/i)
  })
})
