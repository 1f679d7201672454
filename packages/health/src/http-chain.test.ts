import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { describe, expect, it } from 'vitest'
import type { CheckContext } from './connect.ts'
import { type HttpChainOptions, type HttpStep, httpChain } from './http-chain.ts'
import type { HttpMatch } from './http-match.ts'
import { allClosed, listen, patience, rawServer, targetOf, VirtualClock } from './test-support.ts'

const answering = (listener: RequestListener) => listen(createServer(listener))
const get: HttpStep = { send: { method: 'GET' } }

/** One answer, and what these steps make of it. */
async function judged(
  status: number,
  head: Record<string, string | string[]>,
  body: string,
  steps: HttpStep[],
) {
  const server = await answering((_, response) => response.writeHead(status, head).end(body))
  const result = await httpChain([get, ...steps]).check(targetOf(server), patience())
  await allClosed(server)
  return result
}

describe('a chain of steps over HTTP', () => {
  it('sends OPTIONS / and expects 2xx or 3xx where nothing else is said', async () => {
    const seen: unknown[] = []
    const server = await answering((request, response) => {
      seen.push(request.method, request.url, request.headers)
      response.writeHead(seen.length > 3 ? 400 : 204).end()
    })
    const check = () => httpChain([{ send: {} }]).check(targetOf(server), patience())
    expect(await check()).toMatchObject({ ok: true, code: 'L7OK', status: 204, message: '204 No Content' })
    const host = `127.0.0.1:${targetOf(server).port}`
    expect(seen).toEqual(['OPTIONS', '/', { host, connection: 'close' }])
    expect(await check()).toMatchObject({
      code: 'L7STS',
      status: 400,
      message: 'the answer: 400 Bad Request, expected status "200-399"',
    })
  })
  it('sends what it is told, with parts that are made for each target', async () => {
    let seen: unknown
    const server = await answering((request, response) => {
      request.setEncoding('utf8').on('data', body => {
        const { method, url, headers } = request
        seen = [method, url, headers.host, headers['x-id'], headers['content-length'], body]
        response.end()
      })
    })
    const result = await httpChain([
      { set: 'word', to: 'hi' },
      {
        send: {
          method: 'POST',
          path: ({ target }) => `/check/${target.id}`,
          host: 'shop.test',
          headers: { 'X-Id': ({ variables }) => String(variables.get('word')) },
          body: 'ping',
        },
      },
    ]).check(targetOf(server), patience())
    expect(result).toMatchObject({ code: 'L7OK' })
    expect(seen).toEqual(['POST', '/check/app', 'shop.test', 'hi', '4', 'ping'])
  })
  it('asks several servers, each on a connection of its own', async () => {
    const one = await answering((_, response) => response.end('one'))
    const two = await answering((_, response) => response.end('two'))
    const steps = (last: string): HttpStep[] => [
      { connect: {} },
      get,
      { expect: { string: 'one' } },
      { connect: { port: targetOf(two).port } },
      get,
      { expect: { status: 200 } },
      { expect: { rstring: new RegExp(`^${last}$`) }, comment: 'the other' },
    ]
    const check = (last: string) => httpChain(steps(last)).check(targetOf(one), patience())
    expect(await check('two')).toMatchObject({ code: 'L7OK' })
    expect(await check('one')).toMatchObject({
      code: 'L7RSP',
      message: 'step 7 (the other): 200 OK, expected body /^one$/',
    })
    await Promise.all([one, two].map(allClosed))
  })
  it('speaks HTTP/2 where it is told, without TLS as well', async () => {
    const server = await listen(
      createHttp2Server((request, response) => {
        response.writeHead(200, { 'x-seen': `${request.method} ${request.url} ${request.authority}` })
        response.end('over h2')
      }),
    )
    const result = await httpChain([
      { send: { method: 'POST', path: '/a', host: 'h2.test', body: 'x', protocol: 'h2' } },
      { expect: { fhdr: { name: 'x-seen', value: 'POST /a h2.test' } } },
      { expect: { string: 'over h2' } },
    ]).check(targetOf(server), patience())
    expect(result).toMatchObject({ code: 'L7OK', status: 200, message: '200' })
    await allClosed(server)
  })
  it('tells the server how it is seen', async () => {
    let seen: unknown
    const server = await answering((request, response) => {
      seen = request.headers['x-haproxy-server-state']
      response.end()
    })
    const sendState = () => ({ state: 'UP', progress: [2, 3], name: 'app/s1\r\n; x', node: 'lb' }) as const
    await httpChain([get], { sendState }).check(targetOf(server), patience())
    expect(seen).toBe('UP 2/3; name=app/s1x; node=lb')
  })
  it('takes 404 for a server on its way out where told so, whatever is expected', async () => {
    const server = await answering((_, response) => response.writeHead(404).end())
    const check = (steps: HttpStep[], options: HttpChainOptions) =>
      httpChain(steps, options).check(targetOf(server), patience())
    const asked: HttpStep[] = [get, { expect: { string: 'ready' } }]
    expect(await check(asked, { disableOn404: true })).toMatchObject({ ok: true, code: 'L7OKC', status: 404 })
    expect(await check(asked, {})).toMatchObject({ ok: false, code: 'L7RSP' })
    expect(await check([get], { disableOn404: true })).toMatchObject({ code: 'L7OKC' })
  })
  it('gives up at its time', async () => {
    const clock = new VirtualClock()
    const server = await answering(() => clock.advanceNow(500))
    const result = await httpChain([get], { clock, timeoutMs: 500 }).check(targetOf(server), patience())
    expect(result).toMatchObject({ code: 'L7TOUT', durationMs: 500 })
    await allClosed(server)
  })
  it('of what is no HTTP is L7RSP', async () => {
    const server = await rawServer(socket => socket.end('220 mail.test\r\n'))
    expect(await httpChain([get]).check(targetOf(server), patience())).toMatchObject({ code: 'L7RSP' })
  })
  it('of a body that is cut off is L7RSP, unless that was all that was asked for', async () => {
    const server = await rawServer(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nready'))
    const check = (match: HttpMatch) =>
      httpChain([get, { expect: match }]).check(targetOf(server), patience())
    expect(await check({ string: 'ready' })).toMatchObject({ code: 'L7OK' })
    expect(await check({ string: 'steady' })).toMatchObject({ code: 'L7RSP' })
    expect(await check({ status: 200 })).toMatchObject({ code: 'L7OK' })
  })
})

describe('what an answer may be expected to have', () => {
  const head = { 'X-State': 'Ready, Steady', 'Set-Cookie': ['a=1; Path=/', 'b=2'] }
  it.each<[HttpMatch, boolean]>([
    [{ status: 201 }, true],
    [{ status: '200,202-299' }, false],
    [{ rstatus: /^2/ }, true],
    [{ rstatus: /^5/ }, false],
    [{ hdr: { name: 'x-state' } }, true],
    [{ hdr: { name: 'X-STATE' } }, true],
    [{ hdr: { name: 'x-other' } }, false],
    [{ hdr: { name: 'x-sta', nameMethod: 'beg' } }, true],
    [{ hdr: { name: 'state', nameMethod: 'end' } }, true],
    [{ hdr: { name: '-sta', nameMethod: 'sub' } }, true],
    [{ hdr: { name: /^x-/ } }, true],
    [{ hdr: { name: 'x-state', value: 'Steady' } }, true],
    [{ hdr: { name: 'x-state', value: 'steady' } }, false],
    [{ hdr: { name: 'x-state', value: 'Ste', valueMethod: 'beg' } }, true],
    [{ hdr: { name: 'x-state', value: 'ady', valueMethod: 'end' } }, true],
    [{ hdr: { name: 'x-state', value: 'ead', valueMethod: 'sub' } }, true],
    [{ hdr: { name: 'x-state', value: /^Steady$/ } }, true],
    [{ fhdr: { name: 'x-state', value: 'Steady' } }, false],
    [{ fhdr: { name: 'x-state', value: 'Ready, Steady' } }, true],
    [{ fhdr: { name: 'set-cookie', value: 'b=', valueMethod: 'beg' } }, true],
    [{ string: 'all is well' }, true],
    [{ string: 'nothing is' }, false],
    [{ string: 'all is well, and much more than that is' }, false],
    [{ rstring: /is w.ll$/ }, true],
    [{ rstring: /^is/ }, false],
  ])('%o: %s', async (match, fits) => {
    expect((await judged(201, head, 'all is well', [{ expect: match }])).ok).toBe(fits)
    expect((await judged(201, head, 'all is well', [{ expectNot: match }])).ok).toBe(!fits)
  })
  it('is a body in any case where one is asked for', async () => {
    for (const match of [{ string: 'a' }, { rstring: /^$/ }]) {
      expect(await judged(200, {}, '', [{ expect: match }])).toMatchObject({ code: 'L7RSP' })
      expect(await judged(200, {}, '', [{ expectNot: match }])).toMatchObject({ code: 'L7RSP' })
    }
  })
  it('has HAProxy’s codes where it does not fit', async () => {
    const codes = [{ status: 500 }, { hdr: { name: 'x' } }, { string: 'x' }, { rstring: /x/ }].map(
      async match => (await judged(200, {}, 'a body', [{ expect: match }])).code,
    )
    expect(await Promise.all(codes)).toEqual(['L7STS', 'L7STS', 'L7RSP', 'L7RSP'])
  })
})

it('a body may be expected to have a text that is made for each check', async () => {
  const server = await answering((_, response) => response.end('this is app'))
  const check = (string: (context: CheckContext) => string) =>
    httpChain([get, { expect: { string } }]).check(targetOf(server), patience())
  expect(await check(({ target }) => target.id)).toMatchObject({ code: 'L7OK' })
  expect(await check(({ target }) => `${target.id}s`)).toMatchObject({
    code: 'L7RSP',
    message: 'step 2: 200 OK, expected body with a text of its own',
  })
})

it('a body is waited for no longer than minRecv says', async () => {
  const server = await answering((_, response) => response.write('not so well'))
  const check = (step: HttpStep) => httpChain([get, step]).check(targetOf(server), patience())
  expect(await check({ expectNot: { string: 'sick' }, minRecv: 11 })).toMatchObject({ code: 'L7OK' })
  expect(await check({ expect: { rstring: /sick/ }, minRecv: 0 })).toMatchObject({ code: 'L7RSP' })
  expect(await check({ expect: { string: 'well' } })).toMatchObject({ code: 'L7OK' })
  await allClosed(server)
})

describe('what is made for a request and makes no sense', () => {
  it.each([
    { path: () => 'no slash' },
    { host: () => 'a\r\nb' },
    { headers: { 'X-A': () => 'a\r\nb' } },
    { body: () => 7 as never },
  ])('is SOCKERR: %o', async send => {
    const server = await answering((_, response) => response.end())
    expect(await httpChain([{ send }]).check(targetOf(server), patience())).toMatchObject({ code: 'SOCKERR' })
    await allClosed(server)
  })
})

describe('a chain over HTTP refuses', () => {
  it.each<[string, unknown, object?]>([
    ['steps is', []],
    ['steps is', [{ connect: {} }]],
    ['steps is', [get, get]],
    ['steps[0].send is', [{ send: 'GET' }]],
    ['steps[0].send.uri is', [{ send: { uri: '/' } }]],
    ['steps[0].send.method is', [{ send: { method: 'get' } }]],
    ['steps[0].send.path is', [{ send: { path: 'a' } }]],
    ['steps[0].send.host is', [{ send: { host: '' } }]],
    ['steps[0].send.headers is', [{ send: { headers: 'a' } }]],
    ['steps[0].send.headers.Host is', [{ send: { headers: { Host: 'a' } } }]],
    ['steps[0].send.headers.X is', [{ send: { headers: { X: 7 } } }]],
    ['steps[0].send.body is', [{ send: { body: 7 } }]],
    ['steps[0].send.protocol is', [{ send: { protocol: 'h3' } }]],
    ['steps[1].expect is', [get, { expect: {} }]],
    ['steps[1].expect.status is', [get, { expect: { status: 7 } }]],
    ['steps[1].expect.rstatus is', [get, { expect: { rstatus: '2' } }]],
    ['steps[1].expect.rstring is', [get, { expect: { rstring: '2' } }]],
    ['steps[1].expect.string is', [get, { expect: { string: '' } }]],
    ['steps[1].expect.hdr is', [get, { expect: { hdr: 'x' } }]],
    ['steps[1].expect.hdr.name is', [get, { expect: { hdr: {} } }]],
    ['steps[1].expect.hdr.nameMethod is', [get, { expect: { hdr: { name: 'x', nameMethod: 'reg' } } }]],
    ['steps[1].expectNot.fhdr.value is', [get, { expectNot: { fhdr: { name: 'x', value: 7 } } }]],
    ['options.maxBodyBytes is', [get], { maxBodyBytes: 0 }],
    ['options.disableOn404 is', [get], { disableOn404: 1 }],
    ['options.sendState is', [get], { sendState: 1 }],
    ['options.expect is', [get], { expect: 1 }],
  ])('%s %j', (message, steps, options = {}) => {
    expect(() => httpChain(steps as HttpStep[], options)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringContaining(message) }),
    )
  })
})
