import {
  addHeader,
  allow,
  type ConnectionScope,
  delHeader,
  deny,
  match,
  path,
  type RequestScope,
  type ResponseScope,
  Rule,
  redirect,
  reject,
  res,
  respond,
  setHeader,
  setMethod,
  setPath,
  setStatus,
  setUri,
  silentDrop,
  tarpit,
  type Verdict,
} from '@evener/rules'
import { insertCookie } from '@evener/session'
import { answer, echo, fakeServer, rawClient } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { httpProxy3Engine } from '../engines/http-proxy-3.ts'
import { createFrontend } from '../frontend/frontend.ts'
import { doors, ruled } from './test-support.ts'

const onRequest = (run: (scope: RequestScope) => Verdict | undefined) => new Rule('a rule', 'request', run)
const onResponse = (run: (scope: ResponseScope) => Verdict | undefined) => new Rule('a rule', 'response', run)
/** What a rule of the test has seen. */
const seeing = <T>(look: (scope: RequestScope) => T) => {
  const seen: T[] = []
  const rule = onRequest(scope => {
    seen.push(look(scope))
    return undefined
  })
  return { seen, rule }
}

describe.each(doors)('$name', kind => {
  // ── requests ─────────────────────────────────────────────────────────────────────────────────────────

  test('the server gets what rules made of the request', async () => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [
            setHeader('X-One', '1'),
            addHeader('X-Two', 'b'),
            delHeader('X-Gone'),
            setPath('/new'),
            setMethod('PUT'),
          ],
        },
      },
    })
    const headers = { 'x-one': 'client', 'x-two': 'a', 'x-gone': 'here', 'x-kept': 'k' }
    expect(await ask({ method: 'POST', path: '/old?q=1', headers, body: 'body' })).toMatchObject({
      status: 200,
    })
    const [request] = server.requests
    expect([request?.method, request?.target]).toEqual(['PUT', '/new?q=1'])
    expect(['x-one', 'x-two', 'x-gone', 'x-kept'].map(name => request?.header(name))).toEqual([
      '1',
      'a, b',
      undefined,
      'k',
    ])
    expect(request?.body.toString()).toBe('body')
  })

  test("the door's rules run first, then the route, then the backend's; each sees what was done before", async () => {
    const order: string[] = []
    const noting = (name: string) =>
      onRequest(({ request, backend }) => {
        order.push(`${name} ${request.uri} ${backend?.name}`)
        request.uri += name
        return undefined
      })
    const { server, backend } = await ruled(kind, { backend: { rules: { request: [noting('b')] } } })
    const door = await kind.serve(
      ({ uri }) => {
        order.push(`route ${uri}`)
        return backend
      },
      { rules: { request: [noting('d')] } },
    )
    const { ask } = await ruled(kind, { route: () => backend })
    expect((await ask({ path: '/' })).status).toBe(200)
    expect(order).toEqual(['b / app'])
    order.length = 0
    const http = kind.http2 ? undefined : await rawClient({ port: door.port })
    if (http === undefined) return
    onTestFinished(() => http.destroy())
    await http.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    expect((await http.readResponse()).status).toBe(200)
    expect(order).toEqual(['d / undefined', 'route /d', 'b /d app'])
    expect(server.requests.at(-1)?.target).toBe('/db')
  })

  test('a rule of the door names the backend, and the route is not asked', async () => {
    const other = await fakeServer({ behave: answer({ body: 'other' }) })
    const named = createBackend({ name: 'named', servers: [{ id: 'o', address: other.address }] })
    onTestFinished(async () => {
      named.close()
      await other.close()
    })
    let asked = 0
    const { ask } = await ruled(kind, {
      route: () => {
        asked++
        return 404
      },
      door: { rules: { request: [onRequest(() => ({ kind: 'backend', backend: named }))] } },
    })
    expect(await ask()).toMatchObject({ status: 200, text: 'other' })
    expect(asked).toBe(0)
  })

  test('a rule that names no backend is answered with 500', async () => {
    const { ask } = await ruled(kind, {
      door: { rules: { request: [onRequest(() => ({ kind: 'backend', backend: 'app' }))] } },
    })
    expect((await ask()).status).toBe(500)
  })

  test.each([204, 304])('an answer with %i has neither a length nor a body', async status => {
    const { ask } = await ruled(kind, {
      door: { rules: { request: [respond({ status }).if(match.str(path(), '/own')), deny({ status })] } },
    })
    for (const way of ['/own', '/page']) {
      const answered = await ask({ path: way })
      expect([answered.status, answered.headers['content-length'], answered.text]).toEqual([
        status,
        undefined,
        '',
      ])
    }
  })

  test('no rule follows one that allows', async () => {
    const { ask, server } = await ruled(kind, { door: { rules: { request: [allow(), deny()] } } })
    expect((await ask()).status).toBe(200)
    expect(server.totalRequests).toBe(1)
  })

  test('what is denied never reaches a server, and is counted', async () => {
    const { ask, server, counters, backend } = await ruled(kind, {
      door: { rules: { request: [deny().if(match.beg(path(), '/admin'))] } },
    })
    expect((await ask({ path: '/admin/x' })).status).toBe(403)
    expect((await ask({ path: '/else' })).status).toBe(200)
    expect(server.totalRequests).toBe(1)
    expect(counters).toMatchObject({ requests: 2, requestsDenied: 1, refused: { 403: 1 }, responses4xx: 1 })
    expect(backend.counters).toMatchObject({ requests: 1, requestsDenied: 0 })
  })

  test('what the backend denies counts for both', async () => {
    const { ask, counters, backend } = await ruled(kind, {
      backend: { rules: { request: [deny({ status: 429 })] } },
    })
    expect((await ask()).status).toBe(429)
    expect(counters.requestsDenied).toBe(1)
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 0, requestsDenied: 1, rejected: 0 })
  })

  test('an answer of a rule is no denial, and has its own status, fields and body', async () => {
    const { ask, counters } = await ruled(kind, {
      door: {
        rules: {
          request: [
            redirect({ location: 'https://b.test/', code: 301 }).if(match.str(path(), '/old')),
            respond({ status: 418, contentType: 'text/x-tea', text: 'tea', headers: [['X-Pot', 'yes']] }),
          ],
        },
      },
    })
    expect(await ask({ path: '/old' })).toMatchObject({
      status: 301,
      headers: { location: 'https://b.test/' },
    })
    const tea = { 'content-type': 'text/x-tea', 'x-pot': 'yes', 'content-length': '3' }
    expect(await ask()).toMatchObject({ status: 418, text: 'tea', headers: tea })
    expect(counters).toMatchObject({ requestsDenied: 0, refused: { 301: 1, 418: 1 } })
  })

  test('a rule without a body of its own has the page of the host', async () => {
    const { ask } = await ruled(kind, {
      door: { rules: { request: [deny()] }, errorPages: { 403: '<b>no</b>' } },
    })
    expect(await ask()).toMatchObject({ status: 403, text: '<b>no</b>' })
  })

  test('an answer to a request with a body leaves the connection usable or closed, never confused', async () => {
    const { ask } = await ruled(kind, { door: { rules: { request: [deny()] } } })
    expect((await ask({ method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(403)
    expect((await ask({ method: 'HEAD' })).text).toBe('')
  })

  test.each([
    ['reject', reject()],
    ['silentDrop', silentDrop()],
  ])('%s ends without an answer, and is counted', async (_name, rule) => {
    const { ask, server, counters } = await ruled(kind, { door: { rules: { request: [rule] } } })
    await expect(ask()).rejects.toThrow()
    expect(server.totalRequests).toBe(0)
    expect(counters.requestsDenied).toBe(1)
  })

  test('a rule that throws is answered with 500, and takes nothing with it', async () => {
    const { ask } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(() => {
              throw new Error('a rule of the host')
            }).if(match.str(path(), '/bad')),
          ],
        },
      },
    })
    expect((await ask({ path: '/bad' })).status).toBe(500)
    expect((await ask()).status).toBe(200)
  })

  // ── hostile results ──────────────────────────────────────────────────────────────────────────────────

  test.each([
    ['a line break', '/a\r\nX-Evil: 1'],
    ['a blank', '/a b'],
    ['a fragment', '/a#b'],
    ['no slash', 'a'],
    ['another host', 'http://evil.test/'],
    ['nothing', ''],
    ['NUL', '/a\0'],
    ['beyond a byte', '/\u0141'],
  ])('a target with %s is not made one', async (_what, uri) => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(({ request }) => {
              request.uri = uri
              return undefined
            }),
          ],
        },
      },
    })
    expect((await ask({ path: '/fine' })).status).toBe(200)
    expect(server.requests.map(({ target }) => target)).toEqual(['/fine'])
    expect(server.requests[0]?.header('x-evil')).toBeUndefined()
  })

  test.each([
    ['GET', 'HEAD'],
    ['GET', 'CONNECT'],
    ['HEAD', 'GET'],
    ['GET', 'GET /x HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET'],
    ['GET', ''],
  ])('%s is not made %j', async (from, to) => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(({ request }) => {
              request.method = to
              return undefined
            }),
          ],
        },
      },
    })
    expect((await ask({ method: from })).status).toBe(200)
    expect(server.requests.map(({ method }) => method)).toEqual([from])
  })

  test.each(['a b', 'a,b', 'a\r\nX-Evil: 1', '', 'a/b', 'u@b'])('%j does not become the host', async host => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(({ request }) => {
              request.head.set('Host', host)
              request.head.add('host', host)
              return undefined
            }),
          ],
        },
      },
    })
    expect((await ask()).status).toBe(200)
    expect(server.requests[0]?.header('host')).toBe('a.test')
  })

  test('a host that is one becomes the host, and there is never a second', async () => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [setHeader('Host', 'b.test'), addHeader('Host', 'c.test'), setUri('http://d.test:81/x?y')],
        },
      },
    })
    expect((await ask()).status).toBe(200)
    expect(server.requests[0]?.headers.filter(([name]) => name.toLowerCase() === 'host')).toHaveLength(1)
    expect(server.requests[0]?.header('host')).toBe('d.test:81')
    expect(server.requests[0]?.target).toBe('/x?y')
  })

  test('a request whose host a rule took away names the server', async () => {
    const { ask, server } = await ruled(kind, { door: { rules: { request: [delHeader('Host')] } } })
    expect((await ask()).status).toBe(200)
    expect(server.requests[0]?.header('host')).toMatch(/^(127\.0\.0\.1:\d+|a\.test)$/)
  })

  test('rules change no framing, of requests and of responses', async () => {
    const smuggling = (head: { set(name: string, value: string): void; delete(name: string): void }) => {
      for (const name of ['Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Trailer', 'TE']) {
        head.delete(name.toLowerCase())
        head.set(name, name === 'Content-Length' ? '1' : 'chunked')
      }
    }
    const { ask, server } = await ruled(kind, {
      behave: echo(),
      door: {
        rules: {
          request: [
            onRequest(({ request }) => {
              smuggling(request.head)
              return undefined
            }),
          ],
          response: [
            onResponse(({ response }) => {
              smuggling(response.head)
              return undefined
            }),
          ],
        },
      },
    })
    expect((await ask({ method: 'POST', body: 'whole body' })).text).toBe('whole body')
    expect(server.requests[0]?.malformed).toBeUndefined()
    expect(server.requests[0]?.body.toString()).toBe('whole body')
    expect(server.totalRequests).toBe(1)
  })

  test("a client cannot have a rule's field taken out by naming it in Connection", async () => {
    if (kind.http2) return
    const { port, server } = await ruled(kind, { door: { rules: { request: [setHeader('X-Rule', '1')] } } })
    const client = await rawClient({ port })
    onTestFinished(() => client.destroy())
    await client.send('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: X-Rule, close\r\nX-Rule: mine\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    expect(server.requests[0]?.header('x-rule')).toBe('1')
  })

  // ── telling servers of clients ───────────────────────────────────────────────────────────────────────

  test('what a rule writes into X-Forwarded-… is believed, what a client writes is not', async () => {
    const { ask, server } = await ruled(kind, {
      door: {
        rules: {
          request: [
            setHeader('X-Forwarded-Proto', 'https'),
            setHeader('X-Forwarded-Host', 'public.test'),
            setHeader('X-Forwarded-For', '192.0.2.7'),
            setHeader('X-Real-IP', '192.0.2.8'),
          ],
        },
      },
    })
    const headers = {
      'x-forwarded-port': '99',
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-proto': 'evil',
    }
    await ask({ headers })
    const names = [
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-for',
      'x-real-ip',
      'x-forwarded-port',
    ]
    expect(names.map(name => server.requests[0]?.header(name))).toEqual([
      'https',
      'public.test',
      '192.0.2.7, 127.0.0.1',
      '192.0.2.8',
      undefined,
    ])
  })

  test('of a trusted peer the chain goes on, also where a rule edits another field, or the chain itself', async () => {
    const { ask, server } = await ruled(kind, {
      door: {
        forwarded: { trust: ['127.0.0.0/8'] },
        rules: {
          request: [
            setHeader('X-Other', '1'),
            setHeader('X-Forwarded-For', '203.0.113.1').if(match.str(path(), '/set')),
            delHeader('X-Forwarded-For').if(match.str(path(), '/gone')),
          ],
        },
      },
    })
    const headers = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }
    for (const path of ['/', '/set', '/gone']) await ask({ headers, path })
    expect(server.requests.map(request => request.header('x-forwarded-for'))).toEqual([
      '192.0.2.1, 127.0.0.1',
      '203.0.113.1, 127.0.0.1',
      '127.0.0.1',
    ])
    expect(server.requests.map(request => request.header('x-forwarded-proto'))).toEqual([
      'https',
      'https',
      'https',
    ])
  })

  // ── waits ────────────────────────────────────────────────────────────────────────────────────────────

  test('a tarpit answers after its time, and counts as denied', async () => {
    const { ask, server, counters } = await ruled(kind, {
      door: { rules: { request: [tarpit({ delayMs: 5, status: 429 })] } },
    })
    expect((await ask()).status).toBe(429)
    expect(server.totalRequests).toBe(0)
    expect(counters.requestsDenied).toBe(1)
  })

  test('a wait goes on with the rules behind it, then with the request, body and all', async () => {
    const { ask } = await ruled(kind, {
      behave: echo(),
      door: {
        rules: {
          request: [
            onRequest(() => ({ kind: 'wait', delayMs: 1, until: Promise.resolve(undefined) })),
            setHeader('X-After', '1'),
          ],
        },
      },
    })
    expect(await ask({ method: 'POST', body: 'body' })).toMatchObject({ status: 200, text: 'body' })
  })

  test('what a promise gives is the verdict; one that rejects is answered with 500', async () => {
    const { ask } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(({ request }) => ({
              kind: 'wait',
              until:
                request.uri === '/no'
                  ? Promise.resolve({
                      kind: 'answer',
                      answer: { status: 451, headers: [], body: '' },
                    } as const)
                  : Promise.reject(new Error('the host')),
            })),
          ],
        },
      },
    })
    expect((await ask({ path: '/no' })).status).toBe(451)
    expect((await ask()).status).toBe(500)
  })

  test('rules see as much of a body as they waited for, and the server all of it', async () => {
    const { seen, rule } = seeing(({ request }) => request.body?.toString())
    const { ask } = await ruled(kind, {
      behave: echo(),
      door: {
        rules: {
          request: [
            rule,
            onRequest(() => ({ kind: 'wait', body: { bytes: 1_000, timeoutMs: 5_000 } })),
            rule,
          ],
        },
      },
    })
    expect(await ask({ method: 'POST', body: 'the body' })).toMatchObject({ status: 200, text: 'the body' })
    expect(await ask()).toMatchObject({ status: 200 })
    expect(seen).toEqual([undefined, 'the body', undefined, ''])
    expect((await ask({ method: 'POST', body: 'x'.repeat(300_000) })).text).toHaveLength(300_000)
    expect(seen.at(-1)?.length).toBeGreaterThanOrEqual(1_000)
  })

  test('a body that is answered while it comes does not hold the next request', async () => {
    const { ask, counters } = await ruled(kind, {
      door: {
        maxBodyBytes: 50_000,
        rules: {
          request: [onRequest(() => ({ kind: 'wait', body: { bytes: 10, timeoutMs: 5_000 } })), deny()],
        },
      },
    })
    expect((await ask({ method: 'POST', body: 'x'.repeat(40_000) })).status).toBe(403)
    const headers = { 'content-length': '60000' }
    expect((await ask({ method: 'POST', headers, body: 'x'.repeat(60_000) })).status).toBe(413)
    expect(counters.refused).toEqual({ 403: 1, 413: 1 })
  })

  // ── responses ────────────────────────────────────────────────────────────────────────────────────────

  test("the client gets what rules made of the response: the backend's first, the door's, and after all of it", async () => {
    const noting = (name: string) =>
      onResponse(({ response }) => {
        response.head.add('X-Order', name)
        return undefined
      })
    const { ask } = await ruled(kind, {
      behave: answer({ headers: { 'X-Secret': 's', 'X-Old': 'o' }, body: 'hello' }),
      backend: {
        affinity: insertCookie({ name: 'SRV' }),
        rules: { response: [noting('b'), delHeader('X-Secret')], afterResponse: [noting('ba')] },
      },
      door: {
        rules: {
          response: [noting('d'), setStatus(203, 'Changed')],
          afterResponse: [
            noting('da'),
            setHeader('X-Cookie', 'there').if(match.sub(res.hdr('set-cookie'), 'SRV')),
            setHeader('X-Early', 'no').if(match.found(res.hdr('x-missing'))),
          ],
        },
      },
    })
    const answered = await ask()
    expect(answered).toMatchObject({ status: 203, text: 'hello' })
    expect(answered.headers).toMatchObject({ 'x-order': 'b, d, ba, da', 'x-cookie': 'there', 'x-old': 'o' })
    expect(answered.headers['x-secret']).toBeUndefined()
    expect(answered.headers['set-cookie']).toHaveLength(1)
  })

  test('a response rule answers in its place', async () => {
    const { ask, counters, backend } = await ruled(kind, {
      behave: answer({ headers: { 'X-Leak': '1' }, body: { bytes: 500_000 } }),
      door: { rules: { response: [deny().if(match.found(res.hdr('x-leak')))] } },
    })
    expect((await ask()).status).toBe(502)
    expect(counters).toMatchObject({ responsesDenied: 1, responses5xx: 1 })
    expect(backend.counters).toMatchObject({
      responsesDenied: 1,
      failed: 1,
      responseErrors: 0,
      requestsNow: 0,
    })
    expect(backend.servers[0]?.counters).toMatchObject({
      responsesDenied: 1,
      requestsNow: 0,
      responseErrors: 0,
    })
  })

  test.each([
    [200, 204, 'body'],
    [200, 304, 'body'],
    [304, 200, ''],
    [204, 200, ''],
  ])('a %i does not become a %i: the body would be read in another way', async (came, wanted, body) => {
    const { ask } = await ruled(kind, {
      behave: answer({ status: came, body }),
      door: { rules: { response: [setStatus(wanted)], afterResponse: [setStatus(wanted)] } },
    })
    expect(await ask()).toMatchObject({ status: came, text: body })
  })

  test('a status and a reason that are none stay as they were', async () => {
    const { ask } = await ruled(kind, {
      door: {
        rules: {
          response: [
            onResponse(({ response }) => {
              response.status = 99
              response.status = Number.NaN
              response.reason = 'a\r\nX-Evil: 1'
              return undefined
            }),
          ],
        },
      },
    })
    const answered = await ask()
    expect(answered.status).toBe(200)
    expect(answered.headers['x-evil']).toBeUndefined()
  })

  test('after-response rules see the answers of rules, routes, and of a backend without servers', async () => {
    const { ask } = await ruled(kind, {
      backend: { servers: [], allowEmpty: true },
      route: undefined as never,
      door: {
        rules: {
          request: [deny().if(match.str(path(), '/deny'))],
          response: [setHeader('X-Response', '1')],
          afterResponse: [
            setHeader('X-After', '1'),
            onResponse(({ response, server }) => {
              response.head.set('X-Status', `${response.status} ${server?.name}`)
              return undefined
            }),
          ],
        },
      },
    })
    for (const [path, status] of [
      ['/deny', 403],
      ['/', 503],
    ] as const) {
      const { headers, status: given } = await ask({ path })
      expect(given).toBe(status)
      expect(headers).toMatchObject({ 'x-after': '1', 'x-status': `${status} undefined` })
      expect(headers['x-response']).toBeUndefined()
    }
  })

  test('a rule of responses that throws costs this one response', async () => {
    const { ask, counters } = await ruled(kind, {
      door: {
        rules: {
          response: [
            onResponse(() => {
              throw new Error('a rule of the host')
            }).if(match.str(path(), '/bad')),
          ],
          afterResponse: [
            onResponse(() => {
              throw new Error('a rule of the host')
            }),
          ],
        },
      },
    })
    expect((await ask({ path: '/bad' })).status).toBe(500)
    expect((await ask()).status).toBe(200)
    expect(counters.responsesDenied).toBe(0)
  })

  test('a response does not wait: such a rule is passed over', async () => {
    const { ask } = await ruled(kind, {
      door: {
        rules: {
          response: [onResponse(() => ({ kind: 'wait', delayMs: 1_000_000 })), setHeader('X-On', '1')],
        },
      },
    })
    expect(await ask()).toMatchObject({ status: 200, headers: { 'x-on': '1' } })
  })

  // ── what rules say of a request ──────────────────────────────────────────────────────────────────────

  test('variables live as long as their scope', async () => {
    const seen: unknown[] = []
    const names = ['sess.a', 'txn.a', 'req.a', 'res.a', 'proc.http_rules_test']
    const look = (scope: ConnectionScope) => seen.push(names.map(name => scope.variables.get(name)))
    const { ask } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(scope => {
              for (const name of names) scope.variables.set(name, name)
              scope.variables.set('txn.b', 1)
              scope.variables.set('txn.b', undefined)
              look(scope)
              return undefined
            }),
          ],
          response: [
            onResponse(scope => {
              look(scope)
              scope.variables.set('proc.http_rules_test', undefined)
              return undefined
            }),
          ],
        },
      },
    })
    await ask()
    expect(seen).toEqual([names, ['sess.a', 'txn.a', undefined, 'res.a', 'proc.http_rules_test']])
  })

  test('use-server sends a request there, as long as that one is up', async () => {
    const second = await fakeServer({ behave: answer({ body: 'second' }) })
    onTestFinished(() => second.close())
    const { server, ask, backend } = await ruled(kind, {
      door: {
        rules: {
          request: [
            onRequest(({ carrier }) => {
              carrier.useServer('s2')
              return undefined
            }),
          ],
        },
      },
    })
    const s2 = backend.addServer({ id: 's2', address: second.address })
    for (let i = 0; i < 3; i++) expect((await ask()).text).toBe('second')
    s2.maintenance()
    expect((await ask()).status).toBe(200)
    expect(server.totalRequests).toBe(1)
  })

  test('set-src changes what balances and tracks, and not what servers are told of the peer', async () => {
    const seen: unknown[] = []
    const { server, backend } = await ruled(kind, {})
    const { ask } = await ruled(kind, {
      route: ({ sourceAddress }) => {
        seen.push(sourceAddress)
        return backend
      },
      door: {
        rules: {
          request: [
            onRequest(({ carrier, connection }) => {
              carrier.setAddress('source', '192.0.2.44', undefined)
              carrier.setAddress('destination', '192.0.2.45', 8)
              seen.push([connection.peerAddress, connection.localAddress, connection.localPort])
              return undefined
            }),
          ],
        },
      },
    })
    await ask()
    expect(seen).toEqual([['192.0.2.44', '192.0.2.45', 8], '192.0.2.44'])
    expect(server.requests[0]?.header('x-forwarded-for')).toBe('127.0.0.1')
  })

  test('a rule sees counters of the door, the backend and its servers', async () => {
    const { seen, rule } = seeing(({ around, backend }) => [
      around.frontend?.requestRate === undefined,
      backend?.name,
      backend?.usableServers,
      backend?.server('s1')?.up,
      backend?.server('s9'),
    ])
    const { ask } = await ruled(kind, { backend: { rules: { request: [rule] } } })
    await ask()
    expect(seen).toEqual([[false, 'app', 1, true, undefined]])
  })

  test('a request that goes by http-proxy-3 is edited as well', async () => {
    const engine = httpProxy3Engine()
    onTestFinished(() => engine.close())
    const { ask, server } = await ruled(kind, {
      door: {
        engine,
        rules: { request: [setHeader('X-Rule', '1'), setPath('/p'), setHeader('Host', 'b.test')] },
      },
    })
    expect((await ask()).status).toBe(200)
    const [request] = server.requests
    expect([request?.target, request?.header('x-rule'), request?.header('host')]).toEqual([
      '/p',
      '1',
      'b.test',
    ])
  })
})

// ── options ──────────────────────────────────────────────────────────────────────────────────────────────

test.each([
  [{ requests: [] }, 'EVENER_UNKNOWN_OPTION', 'frontend.rules'],
  [{ request: [deny(), setStatus(200)] }, 'EVENER_INVALID_OPTION', 'frontend.rules.request[1]'],
  [{ request: ['deny'] }, 'EVENER_INVALID_OPTION', 'frontend.rules.request[0]'],
  [{ content: [] }, 'EVENER_UNKNOWN_OPTION', 'frontend.rules'],
])('%j is refused', (rules, code, message) => {
  const backend = createBackend({ name: 'a', servers: [], allowEmpty: true })
  const make = () => createFrontend({ route: backend, rules: rules as never })
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})
