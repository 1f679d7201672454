import { createServer } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { bySourceAddress, rateLimit, type StickTable, sc, stickTable } from '@evener/session'
import { answer, expectEventually, fakeServer, rawClient, request, tcpEcho } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createFrontend, type FrontendOptions } from '../frontend/frontend.ts'
import type { Route } from '../http/door.ts'
import { type HttpHandlerOptions, httpHandler } from '../http/http-handler.ts'
import { createTcpProxy } from '../tcp/tcp-proxy.ts'

const everything = {
  ...{
    conn_cnt: true,
    conn_cur: true,
    sess_cnt: true,
    http_req_cnt: true,
    http_err_cnt: true,
    http_fail_cnt: true,
  },
  ...{ bytes_in_cnt: true, bytes_out_cnt: true, http_req_rate: { periodMs: 10_000 }, gpc: 1 },
} as const
const tableOf = (type: 'ip' | 'string' = 'ip') => stickTable({ type, size: 100, store: everything })
const dataOf = (table: StickTable, key = '127.0.0.1') =>
  [...table.entries()].find(entry => entry.key === key)?.data

/** What a server answers is in the path: `/404`. */
async function backendOf() {
  const server = await fakeServer({
    name: 's1',
    behave: (asked, connection) => {
      if (asked.target === '/broken') return connection.destroy()
      const status = Number(asked.target.slice(1)) || 200
      return answer({ status, body: 'x'.repeat(status === 200 ? 100 : 7) })(asked, connection)
    },
  })
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }], retries: 0 })
  onTestFinished(async () => {
    backend.close()
    await server.close()
  })
  return backend
}

type Doors = Pick<FrontendOptions & HttpHandlerOptions, 'track'>

const doors = {
  async frontend(route: Route, options: Doors) {
    const frontend = createFrontend({ route, ...options, http2: { priorKnowledge: true } })
    onTestFinished(() => frontend.close({ drainMs: 0 }))
    return (await frontend.listen({ port: 0, host: '127.0.0.1' })).port as number
  },
  async handler(route: Route, options: Doors) {
    const handler = httpHandler(route, options)
    const server = createServer()
    handler.attach(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      server.close()
      await handler.close({ drainMs: 0 })
      server.closeAllConnections()
    })
    return (server.address() as AddressInfo).port
  },
}

const statusOf = async (port: number, target: string, options = {}) =>
  (await request(port, { target, ...options })).status

describe.each(Object.keys(doors) as (keyof typeof doors)[])('a %s that tracks', name => {
  const open = doors[name]

  test('counts each request, what it got, and its bytes', async () => {
    const backend = await backendOf()
    const table = tableOf()
    const port = await open(() => backend, { track: [{ table }] })
    const statuses = []
    for (const target of ['/200', '/404', '/500', '/501', '/505', '/broken'])
      statuses.push(await statusOf(port, target))
    statuses.push(await statusOf(port, '/200', { method: 'POST', body: 'y'.repeat(50) }))
    expect(statuses).toEqual([200, 404, 500, 501, 505, 502, 200])
    await expectEventually(() => table.trackers('127.0.0.1') === 0)
    expect(dataOf(table)).toMatchObject({
      ...{ conn_cnt: 7, conn_cur: 0, sess_cnt: 0, http_req_cnt: 7, http_err_cnt: 1, http_fail_cnt: 2 },
      ...{ bytes_in_cnt: 50, bytes_out_cnt: 228 },
    })
  })

  test('counts a connection once for all its requests', async () => {
    const backend = await backendOf()
    const [connections, requests] = [tableOf(), tableOf('string')]
    const port = await open(() => backend, {
      track: [
        { table: connections, per: 'connection' },
        { table: requests, key: client => client.header('x-user') },
      ],
    })
    const client = await rawClient({ port })
    for (const target of ['/200', '/404']) {
      await client.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\nX-User: ann\r\n\r\n`)
      await client.readResponse()
    }
    expect(dataOf(connections)).toMatchObject({
      conn_cnt: 1,
      conn_cur: 1,
      sess_cnt: 1,
      http_req_cnt: 2,
      http_err_cnt: 1,
    })
    expect(dataOf(requests, 'ann')).toMatchObject({
      conn_cnt: 2,
      sess_cnt: 0,
      http_req_cnt: 2,
      http_err_cnt: 1,
    })
    client.destroy()
    await expectEventually(() => connections.trackers('127.0.0.1') === 0)
    await expectEventually(() => requests.trackers('ann') === 0)
    expect(dataOf(connections)).toMatchObject({ conn_cnt: 1, conn_cur: 0 })
  })

  test('has a route see what is tracked, and counts what the route refuses', async () => {
    const backend = await backendOf()
    const table = tableOf()
    const rates: (number | undefined)[] = []
    const rate = sc('http_req_rate', 0)
    const port = await open(
      asked => {
        rates.push(rate(asked))
        return rates.length < 3 ? backend : 413
      },
      { track: [{ table, key: bySourceAddress() }] },
    )
    const statuses = []
    for (let i = 0; i < 4; i++) statuses.push(await statusOf(port, '/200'))
    expect(statuses).toEqual([200, 200, 413, 413])
    expect(rates).toEqual([1, 2, 3, 4])
    await expectEventually(() => table.trackers('127.0.0.1') === 0)
    expect(dataOf(table)).toMatchObject({ http_req_cnt: 4, http_err_cnt: 2, http_fail_cnt: 0 })
  })

  test('limits the rate of a client, and says when it may ask again', async () => {
    const backend = await backendOf()
    const limit = rateLimit({ table: tableOf(), limit: 2 })
    const port = await open(asked => limit(asked) ?? backend, {})
    expect([await statusOf(port, '/200'), await statusOf(port, '/200')]).toEqual([200, 200])
    const refused = await request(port, { headers: { Accept: 'application/json' } })
    expect(refused.status).toBe(429)
    expect(refused.headers.filter(([field]) => field === 'Retry-After')).toEqual([
      ['Retry-After', expect.stringMatching(/^1\d$/)],
    ])
    expect(JSON.parse(refused.text)).toMatchObject({ status: 429, message: 'Too many requests.' })
  })

  test('serves on when a key throws, a table is full, or no route is there', async () => {
    const backend = await backendOf()
    const full = stickTable({ type: 'integer', size: 1, nopurge: true, store: everything })
    full.track(1)
    const fails = () => {
      throw new Error('gone')
    }
    const port = await open(asked => (asked.uri === '/none' ? undefined : backend), {
      track: [
        { table: tableOf(), key: fails, per: 'connection' },
        { table: tableOf(), key: fails },
        { table: full, key: () => 2 },
      ],
    })
    expect([await statusOf(port, '/200'), await statusOf(port, '/none')]).toEqual([200, 404])
  })

  test.each([
    [{ status: 200 }],
    [201],
    [null],
    ['x'],
    [Promise.resolve()],
    [{ status: 429, headers: ['a'] }],
    [{ status: 429, headers: ['a', 'b\r\nc: d'] }],
    [{ status: 429, headers: ['a b', 'c'] }],
    [{ status: 429, headers: 7 }],
  ])('answers 500 where a route says %o', async wrong => {
    const port = await open(() => wrong as never, {})
    expect(await statusOf(port, '/')).toBe(500)
  })

  test.each([
    [{ track: 7 }, 'track: 7 is not allowed; expected an array of at most 12 trackers'],
    [{ track: Array(13).fill({ table: tableOf() }) }, 'an array of at most 12 trackers'],
    [{ track: [{}] }, 'track[0].table: undefined is not allowed; expected a stickTable()'],
    [{ track: [{ table: tableOf(), key: 7 }] }, 'track[0].key: 7'],
    [
      { track: [{ table: tableOf(), per: 'day' }] },
      'track[0].per: "day" is not allowed; expected one of connection, request',
    ],
    [{ track: [{ table: tableOf(), tables: 1 }] }, 'track[0]: unknown option "tables"'],
  ])('refuses %o', async (options, message) => {
    await expect(open(() => undefined, options as never)).rejects.toThrow(message)
  })
})

describe('a frontend that tracks', () => {
  test('counts what it cannot read against the connection', async () => {
    const table = tableOf()
    const backend = await backendOf()
    const port = await doors.frontend(() => backend, { track: [{ table, per: 'connection' }] })
    const client = await rawClient({ port })
    await client.send('GET / HTTP/1.1\r\nHost: a.test\r\nBad Name: x\r\n\r\n')
    expect((await client.readResponse()).status).toBe(400)
    expect(dataOf(table)).toMatchObject({ http_req_cnt: 1, http_err_cnt: 1 })
    client.destroy()
  })

  test('counts the streams of HTTP/2 as requests of one connection', async () => {
    const [connections, requests] = [tableOf(), tableOf()]
    const backend = await backendOf()
    const port = await doors.frontend(asked => (asked.uri === '/refused' ? 429 : backend), {
      track: [{ table: connections, per: 'connection' }, { table: requests }],
    })
    const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`)
    const statuses = await Promise.all(
      ['/200', '/404', '/refused'].map(
        path =>
          new Promise(resolve => {
            const stream = session.request({ ':path': path })
            stream.on('response', headers => resolve(headers[':status']))
            stream.resume()
          }),
      ),
    )
    expect(statuses).toEqual([200, 404, 429])
    session.close()
    await expectEventually(() => connections.trackers('127.0.0.1') === 0)
    expect(dataOf(connections)).toMatchObject({ conn_cnt: 1, sess_cnt: 1, http_req_cnt: 3, http_err_cnt: 2 })
    await expectEventually(() => requests.trackers('127.0.0.1') === 0)
    expect(dataOf(requests)).toMatchObject({ conn_cnt: 3, http_req_cnt: 3, http_err_cnt: 2 })
  })
})

describe('a handler that tracks', () => {
  test('asks a route once for an upgrade, which is tracked as long as its tunnel', async () => {
    const table = tableOf()
    const backend = await backendOf()
    let asked = 0
    const port = await doors.handler(
      request => {
        asked++
        return request.uri === '/none' ? undefined : backend
      },
      { track: [{ table }] },
    )
    const upgrade =
      'Host: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    const client = await rawClient({ port })
    await client.send(`GET /404 HTTP/1.1\r\n${upgrade}`)
    expect((await client.readResponse()).status).toBe(404)
    expect(asked).toBe(1)
    client.destroy()
    const stranger = await rawClient({ port })
    await stranger.send(`GET /none HTTP/1.1\r\n${upgrade}`)
    await expectEventually(() => asked === 2 && table.trackers('127.0.0.1') === 0)
    stranger.destroy()
    expect(dataOf(table)).toMatchObject({ http_req_cnt: 2, http_err_cnt: 1, conn_cur: 0 })
  })
})

describe('a TCP proxy that tracks', () => {
  test('counts connections and bytes, before its route is asked', async () => {
    const server = await fakeServer({ behave: tcpEcho() })
    const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
    const table = tableOf()
    const current = sc('conn_cur', 0)
    const proxy = createTcpProxy({
      route: connection => (current(connection)! > 1 ? undefined : backend),
      track: [{ table }],
    })
    onTestFinished(async () => {
      await proxy.close({ drainMs: 0 })
      backend.close()
      await server.close()
    })
    const { port } = await proxy.listen({ port: 0, host: '127.0.0.1' })
    const first = await rawClient({ port: port as number })
    await first.send('hello')
    await expectEventually(() => dataOf(table)?.bytes_out_cnt === 5)
    const second = await rawClient({ port: port as number }).catch(() => undefined)
    await expectEventually(() => proxy.counters.refusedBy['no-route'] === 1)
    expect(dataOf(table)).toMatchObject({
      conn_cnt: 2,
      sess_cnt: 2,
      bytes_in_cnt: 5,
      bytes_out_cnt: 5,
      http_req_cnt: 0,
    })
    first.destroy()
    second?.destroy()
    await expectEventually(() => table.trackers('127.0.0.1') === 0)
    expect(() => createTcpProxy({ route: backend, track: [{ table, per: 'request' }] })).toThrow(
      'tcpProxy.track[0].per: "request" is not allowed; expected one of connection',
    )
  })
})
