import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { capture, deny, jsonFormat, match, path, req, setLogLevel, setVar, tarpit } from '@evener/rules'
import { stickTable } from '@evener/session'
import {
  answer,
  type Behaviour,
  expectEventually,
  fakeServer,
  raw,
  rawClient,
  reset,
  stall,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BackendOptions, createBackend } from '../balance/backend.ts'
import { createFrontend, type FrontendOptions } from '../frontend/frontend.ts'
import { httpHandler } from '../http/http-handler.ts'
import type { LogOptions } from './door-log.ts'

const get = 'GET /a?b HTTP/1.1\r\nHost: a.test\r\n\r\n'

interface WorldOptions extends Partial<Omit<FrontendOptions, 'log'>> {
  readonly behave?: Behaviour
  readonly backend?: Partial<BackendOptions>
  readonly log?: Partial<LogOptions>
}

/** A frontend that logs, in front of one server. */
async function world({ behave, backend: more, log, ...door }: WorldOptions = {}) {
  const lines: string[] = []
  const levels: string[] = []
  const to = {
    write: (level: string, line: string) => {
      levels.push(level)
      lines.push(line)
    },
  }
  const clock = new VirtualClock()
  const server = await fakeServer(behave === undefined ? {} : { behave })
  const backend = createBackend({
    name: 'app',
    servers: [{ id: 's1', address: server.address }],
    clock,
    ...more,
  })
  const frontend = createFrontend({ route: backend, name: 'www', clock, ...door, log: { to, ...log } })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  const client = async () => {
    const made = await rawClient({ port: port as number, timeoutMs: 5_000 })
    onTestFinished(() => made.destroy())
    return made
  }
  const logged = (count: number) => expectEventually(() => expect(lines).toHaveLength(count))
  return { clock, server, backend, frontend, lines, levels, client, logged }
}

const masked = (line: string | undefined) =>
  line?.replace(/^127\.0\.0\.1:\d+ \[[^\]]{24,}\]/, 'CLIENT [DATE]')

describe('a request in the log', () => {
  test('that the host’s own balancer threw at is an error of ours, with the 500 that the client got', async () => {
    const broken = {
      name: 'broken',
      rebuild: () => undefined,
      pick: () => {
        throw new Error('of the host')
      },
    }
    const { client, lines, logged, frontend } = await world({
      backend: { balancer: broken as never },
      log: { format: '%ST %ts %b/%s' },
    })
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(500)
    await logged(1)
    expect(lines).toEqual(['500 IQ app/<NOSRV>'])
    expect(frontend.counters).toMatchObject({ requests: 1, responses5xx: 1 })
  })

  test('is a line of httplog', async () => {
    const { client, lines, logged } = await world({ behave: answer({ body: 'hello' }) })
    const one = await client()
    await one.send(get)
    const { status } = await one.readResponse()
    await logged(1)
    expect(status).toBe(200)
    expect(masked(lines[0])).toMatch(
      /^CLIENT \[DATE\] www app\/s1 0\/0\/0\/0\/0 200 \d+ - - ---- 1\/1\/0\/0\/0 0\/0 "GET \/a\?b HTTP\/1\.1"$/,
    )
  })

  test('has the bytes that the client got and sent, heads included', async () => {
    const { client, lines, logged } = await world({
      behave: answer({ body: 'hello' }),
      log: { format: '%B %U' },
    })
    const one = await client()
    const post = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc'
    await one.send(post)
    const response = await one.readResponse()
    await one.send(get)
    await one.readResponse()
    await logged(2)
    expect(response.body.toString()).toBe('hello')
    expect(lines[0]).toBe(`${one.socket.bytesRead / 2} ${post.length}`)
    expect(lines[1]).toBe(`${one.socket.bytesRead / 2} ${get.length}`)
  })

  test('has the times of its phases', async () => {
    let answered = () => {}
    const until = () =>
      new Promise<void>(resolve => {
        answered = resolve
      })
    const { client, clock, server, lines, logged } = await world({
      log: { format: '%Th/%Ti/%TR/%Tw/%Tc/%Tr/%Td/%Ta %Tq %Tt' },
      timeouts: { httpRequestMs: 1_000, httpKeepAliveMs: 20_000 },
    })
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await logged(1)
    expect(lines[0]).toBe('0/0/0/0/0/0/0/0 0 0')
    server.behave(stall('before-head', { until }))
    clock.advance(1_507)
    await one.send('GET / HTTP/1.1\r\n')
    // The time for a head begins with its first byte.
    await expectEventually(() => expect(clock.nextInMs).toBe(1_000))
    clock.advance(30)
    await one.send('Host: a.test\r\n\r\n')
    await expectEventually(() => expect(server.requests).toHaveLength(2))
    clock.advance(40)
    answered()
    await one.readResponse()
    await logged(2)
    expect(lines[1]).toBe('0/1507/30/0/0/40/0/70 1537 1577')
  })

  test('says what rules captured and how loud it is', async () => {
    const { client, lines, levels, logged } = await world({
      log: { format: '%hr %hs' },
      rules: {
        request: [capture(req.hdr('host'), { slot: 0 })],
        response: [setLogLevel('notice')],
      },
    })
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await logged(1)
    expect([lines[0], levels[0]]).toEqual(['{a.test} ', 'notice'])
  })
})

describe('the state of a request', () => {
  const format = '%b/%s %TR/%Tw/%Tc/%Tr %ST %tsc %rc %{+Q}r'

  const state = async (options: WorldOptions, act: (one: Client, w: World) => Promise<unknown>) => {
    const made = await world({ ...options, log: { format, ...options.log } })
    const one = await made.client()
    await act(one, made)
    await made.logged(1)
    return made.lines[0]
  }
  type World = Awaited<ReturnType<typeof world>>
  type Client = Awaited<ReturnType<World['client']>>
  const asked = async (one: Client) => {
    await one.send(get)
    await one.readResponse()
  }
  const line = '"GET /a?b HTTP/1.1"'

  test('is PR where a rule denied it, PT after a tarpit, and LR where rules answer', async () => {
    expect(await state({ rules: { request: [deny()] } }, asked)).toBe(
      `www/<NOSRV> 0/-1/-1/-1 403 PR-- 0 ${line}`,
    )
    const waiting = async (one: Client, { clock }: World) => {
      await one.send(get)
      await expectEventually(() => expect(clock.nextInMs).toBe(300))
      clock.advance(300)
      await one.readResponse()
    }
    expect(await state({ rules: { request: [tarpit({ delayMs: 300 })] } }, waiting)).toBe(
      `www/<NOSRV> 0/300/-1/-1 500 PT-- 0 ${line}`,
    )
    expect(await state({ route: () => 404 }, asked)).toBe(`www/<NOSRV> 0/-1/-1/-1 404 LR-- 0 ${line}`)
  })

  test('is SC where there is no server, and where there is none to be reached', async () => {
    expect(await state({ backend: { servers: [], allowEmpty: true } }, asked)).toBe(
      `app/<NOSRV> 0/-1/-1/-1 503 SC-- 0 ${line}`,
    )
    const closed = await fakeServer()
    await closed.close()
    const servers = [{ id: 'gone', address: closed.address }]
    const refused = await state({ backend: { servers, retries: 0 } }, asked)
    expect(refused).toBe(`app/gone 0/0/-1/-1 502 SC-- 0 ${line}`)
  })

  test('is sH where the server says nothing, SH where it closes, PH where it is not HTTP', async () => {
    const silent = async (one: Client, { clock, server }: World) => {
      await one.send(get)
      await expectEventually(() => expect(server.requests).toHaveLength(1))
      clock.advance(60_000)
      await one.readResponse()
    }
    const behave = stall('before-head', { until: new Promise(() => {}) })
    expect(await state({ behave }, silent)).toBe(`app/s1 0/0/0/-1 504 sH-- 0 ${line}`)
    expect(await state({ behave: reset('before-head'), backend: { retries: 0 } }, asked)).toBe(
      `app/s1 0/0/0/-1 502 SH-- 0 ${line}`,
    )
    expect(await state({ behave: raw(['nothing of HTTP\r\n\r\n']) }, asked)).toBe(
      `app/s1 0/0/0/-1 502 PH-- 0 ${line}`,
    )
  })

  test('is CH where the client goes while it waits', async () => {
    const gone = async (one: Client, { server }: World) => {
      await one.send(get)
      await expectEventually(() => expect(server.requests).toHaveLength(1))
      one.destroy()
    }
    const behave = stall('before-head', { until: new Promise(() => {}) })
    expect(await state({ behave }, gone)).toBe(`app/s1 0/0/0/-1 -1 CH-- 0 ${line}`)
  })

  test('is that of a request that could not be read', async () => {
    const send = (bytes: string) => async (one: Client) => {
      await one.send(bytes)
      await one.readResponse()
    }
    expect(await state({}, send('GET\r\n\r\n'))).toBe('www/<NOSRV> -1/-1/-1/-1 400 PR-- 0 "<BADREQ>"')
    expect(await state({}, async one => one.destroy())).toBe('www/<NOSRV> -1/-1/-1/-1 -1 CR-- 0 "<BADREQ>"')
  })
})

test('a head that is not whole in time is cR', async () => {
  const { client, clock, lines, logged } = await world({
    log: { format: '%Ti/%TR/%Ta %ST %tsc %r' },
    timeouts: { httpRequestMs: 1_000, httpKeepAliveMs: 20_000 },
  })
  const one = await client()
  await one.send(get)
  await one.readResponse()
  clock.advance(1_505)
  await one.send('GET / HT')
  await expectEventually(() => expect(clock.nextInMs).toBe(1_000))
  clock.advance(1_000)
  expect((await one.readResponse()).status).toBe(408)
  await logged(2)
  expect(lines[1]).toBe('1505/-1/1000 408 cR-- <BADREQ>')
})

describe('what is logged', () => {
  test('is not a connection that said nothing, nor what went well, where that is asked for', async () => {
    const one = await world({ log: { dontLogNull: true, dontLogNormal: true, format: '%ST' } })
    ;(await one.client()).destroy()
    const well = await one.client()
    await well.send(get)
    await well.readResponse()
    const badly = await one.client()
    await badly.send('GET\r\n\r\n')
    await badly.readResponse()
    await one.logged(1)
    expect(one.lines).toEqual(['400'])
  })

  test('is not what rules silence; errors are louder where they are to be set apart', async () => {
    const one = await world({
      log: { separateErrors: true, format: '%ST' },
      rules: { request: [setLogLevel('silent').if(match.beg(path(), '/silent'))] },
    })
    const client = await one.client()
    await client.send(get.replace('/a?b', '/silent'))
    await client.readResponse()
    await client.send(get)
    await client.readResponse()
    await client.send('GET\r\n\r\n')
    await client.readResponse()
    await one.logged(2)
    expect(one.lines).toEqual(['200', '400'])
    expect(one.levels).toEqual(['info', 'err'])
  })

  test('is an object too, for loggers, where the format is JSON', async () => {
    const fields: unknown[] = []
    const to = { write: (_: string, __: string, given?: unknown) => void fields.push(given) }
    const { client } = await world({ log: { to, format: jsonFormat({ status: '%ST', path: path() }) } })
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await expectEventually(() => expect(fields).toEqual([{ status: 200, path: '/a' }]))
  })

  test.each([
    [{ to: [] }, 'frontend.log.to'],
    [{ to: {} }, 'frontend.log.to.write'],
    [{ to: { write() {} }, format: '%nonsense' }, 'frontend.log.format'],
    [{ to: { write() {} }, format: 7 }, 'frontend.log.format'],
    [{ to: { write() {} }, loud: true }, 'frontend.log: unknown option "loud"'],
  ])('is refused where %j says it', (log, said) => {
    expect(() => createFrontend({ route: () => 404, log: log as never })).toThrow(said)
  })
})

describe('httpHandler', () => {
  test('logs what it serves and what it refuses, and not what the application answers', async () => {
    const lines: string[] = []
    const origin = await fakeServer({ behave: answer({ body: 'hello' }) })
    const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: origin.address }] })
    const handler = httpHandler(
      ({ uri }) => (uri === '/refused' ? 403 : uri === '/own' ? undefined : backend),
      {
        name: 'web',
        log: { to: { write: (_, text) => void lines.push(text) }, format: '%f %b/%s %ST %B %tsc %r' },
      },
    )
    const server = createServer((incoming, outgoing) =>
      handler(incoming, outgoing, () => outgoing.end('own')),
    )
    handler.attach(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await handler.close({ drainMs: 0 })
      server.closeAllConnections()
      server.close()
      backend.close()
      await origin.close()
    })
    const one = await rawClient({ port: (server.address() as AddressInfo).port, timeoutMs: 5_000 })
    onTestFinished(() => one.destroy())
    const bytes: number[] = []
    for (const target of ['/a', '/own', '/refused']) {
      const before = one.socket.bytesRead
      await one.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`)
      await one.readResponse()
      bytes.push(one.socket.bytesRead - before)
    }
    await one.send('GET\r\n\r\n')
    await one.readResponse()
    await expectEventually(() => expect(lines).toHaveLength(3))
    expect(lines[0]).toBe(`web app/s1 200 ${bytes[0]} ---- GET /a HTTP/1.1`)
    expect(lines[1]).toBe(`web web/<NOSRV> 403 ${bytes[2]} LR-- GET /refused HTTP/1.1`)
    expect(lines[2]).toMatch(/^web web\/<NOSRV> 400 \d+ PR-- <BADREQ>$/)
  })
})

describe('expressions in a line', () => {
  const format = [
    'path=%[path]',
    'host=%[req.hdr(host)]',
    'status=%[status]',
    'type=%[res.hdr(x-a)]',
    'var=%[var(txn.a)]',
    'src=%[src]',
    'port=%[bc_dst_port]',
    'sc=%[sc_http_req_cnt(0)]',
    'captured=%[capture.req.hdr(0)]',
    'conn=%[be_conn]',
  ].join(' ')
  const behave = answer({ headers: { 'X-A': 'b' } })

  test('know the request and the response, without any rule', async () => {
    const { client, server, lines, logged } = await world({ behave, log: { format } })
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await logged(1)
    expect(lines[0]).toBe(
      `path=/a host=a.test status=200 type=b var=- src=127.0.0.1 port=${server.port} sc=- captured=- conn=0`,
    )
  })

  test('know what rules set, captured and tracked', async () => {
    const table = stickTable({ name: 't', type: 'ip', store: { http_req_cnt: true } })
    const { client, server, lines, logged } = await world({
      behave,
      track: [{ table }],
      rules: { request: [setVar('txn.a', 'set'), capture(req.hdr('host'), { slot: 0 })] },
      log: { format },
    })
    const one = await client()
    await one.send(get)
    await one.readResponse()
    await logged(1)
    expect(lines[0]).toBe(
      `path=/a host=a.test status=200 type=b var=set src=127.0.0.1 port=${server.port} sc=1 captured=a.test conn=0`,
    )
  })

  test('know what a request tracks that a rule has answered', async () => {
    const table = stickTable({ name: 't', type: 'ip', store: { http_req_cnt: true, http_err_cnt: true } })
    const { client, lines, logged } = await world({
      track: [{ table }],
      rules: { request: [deny()] },
      log: { format: '%[sc_http_req_cnt(0)] %[sc_http_err_cnt(0)]' },
    })
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(403)
    await logged(1)
    expect(lines[0]).toBe('1 1')
    await expectEventually(() => expect(table.trackers('127.0.0.1')).toBe(0))
  })

  test.each([
    [{ name: '', length: 5 }, /captureCookie\.name: "" is not allowed/],
    [{ name: 'a b', length: 5 }, /captureCookie\.name: "a b" is not allowed/],
    [{ name: 'SID' }, /captureCookie\.length/],
    [{ name: 'SID', length: 0 }, /captureCookie\.length: 0 is not allowed/],
    [{ name: 'SID', length: 5, len: 5 }, /len/],
  ])('captureCookie: %j is refused', async (captureCookie, message) => {
    await expect(world({ log: { captureCookie: captureCookie as never } })).rejects.toThrow(message)
  })

  test('know what there is of a request that could not be read', async () => {
    const { client, lines, logged } = await world({ behave, log: { format } })
    const one = await client()
    await one.send('GET / HTTP/1.1\r\nBad Name: x\r\n\r\n')
    await one.readResponse()
    await logged(1)
    expect(lines[0]).toBe('path=- host=- status=- type=- var=- src=127.0.0.1 port=- sc=- captured=- conn=-')
  })
})
