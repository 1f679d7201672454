/**
 * Stick tables beside HAProxy's own: the same traffic through both, and the same numbers in `show table` as in ours, for
 * all that does not depend on time. Rates are over an hour, in which nothing leaves the window.
 *
 * One thing differs on purpose, and is left out: a connection that is closed without a byte is no request here, and a
 * malformed one there.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, createFrontend } from '@evener/core'
import { byHeader, type StickTable, stickTable } from '@evener/session'
import { expectEventually, rawClient } from '@evener/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const hour = { periodMs: 3_600_000 }
const store = {
  ...{ conn_cnt: true, conn_cur: true, conn_rate: hour, sess_cnt: true, sess_rate: hour },
  ...{ http_req_cnt: true, http_req_rate: hour, http_err_cnt: true, http_err_rate: hour },
  ...{ http_fail_cnt: true, http_fail_rate: hour },
} as const
const haproxyStore = Object.entries(store)
  .map(([name, kept]) => (kept === true ? name : `${name}(1h)`))
  .join(',')

/** What is asked on each connection, one after the other: the path says what the server answers. */
const traffic: { readonly user: string; readonly paths: readonly string[] }[] = [
  { user: 'ann', paths: ['/200'] },
  { user: 'ann', paths: ['/200', '/404', '/403', '/200'] },
  { user: 'bob', paths: ['/500', '/501', '/503', '/505', '/504'] },
  { user: 'cy', paths: ['/302', '/304', '/204', '/499'] },
  { user: 'bob', paths: ['/broken'] },
  { user: 'ann', paths: ['/junk'] },
  { user: 'ann', paths: ['/200', 'malformed'] },
]

async function drive(port: number): Promise<number[]> {
  const statuses: number[] = []
  for (const { user, paths } of traffic) {
    const client = await rawClient({ port, timeoutMs: 10_000 })
    for (const path of paths) {
      const line = path === 'malformed' ? 'GET / HTTP/1.1\r\nBad Name: x' : `GET ${path} HTTP/1.1`
      await client.send(`${line}\r\nHost: a.test\r\nX-User: ${user}\r\n\r\n`)
      statuses.push((await client.readResponse()).status)
    }
    client.destroy()
  }
  return statuses
}

/** `show table`, by key: the names without their periods. */
function readTable(text: string): Record<string, Record<string, number>> {
  const rows = text.split('\n').filter(line => line.includes('key='))
  return Object.fromEntries(
    rows.map(line => {
      const fields = [...line.matchAll(/(\w+)(?:\(\d+\))?=(\S+)/g)].map(
        match => [match[1], match[2]] as const,
      )
      const data = fields.filter(([name = '']) => name in store).map(([name, value]) => [name, Number(value)])
      return [fields.find(([name]) => name === 'key')?.[1], Object.fromEntries(data)]
    }),
  )
}

const ourTable = (table: StickTable) =>
  Object.fromEntries([...table.entries()].map(({ key, data }) => [key, data]))

describe.skipIf(!haproxyInstalled())(
  haproxyTitle('the same traffic through HAProxy and through Evener'),
  () => {
    const server = createServer((req, res) => {
      const path = req.url ?? ''
      if (path === '/broken') req.socket.destroy()
      else if (path === '/junk') req.socket.end('what is this?\r\n\r\n')
      else {
        res.statusCode = Number(path.slice(1))
        res.end()
      }
    })
    let stop: () => Promise<void>
    let theirs: Record<string, Record<string, number>>[]
    let ours: Record<string, Record<string, number>>[]
    let statuses: number[][]

    beforeAll(async () => {
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const origin = (server.address() as AddressInfo).port
      const haproxy = await startHaproxy({
        config: port => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  retries 0
backend connections
  stick-table type ip size 1k store ${haproxyStore}
backend users
  stick-table type string len 16 size 1k store ${haproxyStore}
frontend f
  bind 127.0.0.1:${port}
  tcp-request connection track-sc0 src table connections
  http-request track-sc1 req.hdr(x-user) table users
  default_backend b
backend b
  server s1 127.0.0.1:${origin}`,
      })
      const connections = stickTable({ type: 'ip', size: 1_000, store })
      const users = stickTable({ type: 'string', length: 16, size: 1_000, store })
      const backend = createBackend({
        name: 'b',
        servers: [{ id: 's1', address: `127.0.0.1:${origin}` }],
        retries: 0,
      })
      const frontend = createFrontend({
        route: backend,
        track: [
          { table: connections, per: 'connection' },
          { table: users, key: byHeader('x-user') },
        ],
      })
      const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
      stop = async () => {
        await frontend.close({ drainMs: 0 })
        backend.close()
        server.closeAllConnections()
        server.close()
        await haproxy.stop()
      }
      // Of those who only looked whether it listens.
      await haproxy.command('clear table connections')
      statuses = [await drive(haproxy.ports[0]!), await drive(port as number)]
      await expectEventually(() => connections.trackers('127.0.0.1') === 0)
      await expectEventually(async () => /use=0/.test(await haproxy.command('show table connections')))
      theirs = [
        readTable(await haproxy.command('show table connections')),
        readTable(await haproxy.command('show table users')),
      ]
      ours = [ourTable(connections), ourTable(users)]
    })
    afterAll(() => stop())

    test('is answered with the same statuses', () => {
      expect(statuses[1]).toEqual(statuses[0])
    })

    test('counts the same for the connection', () => {
      expect(theirs[0]!['127.0.0.1']).toMatchObject({ conn_cnt: 7, http_req_cnt: 18 })
      expect(ours[0]).toEqual(theirs[0])
    })

    test('counts the same for each user', () => {
      expect(Object.keys(theirs[1]!).sort()).toEqual(['ann', 'bob', 'cy'])
      expect(ours[1]).toEqual(theirs[1])
    })
  },
)

/** A port that was free a moment ago: nobody answers there. */
describe.skipIf(!haproxyInstalled())(haproxyTitle('a server that cannot be reached'), () => {
  test('is no failure of a response, for either', async () => {
    const nobody = await freePort()
    const haproxy = await startHaproxy({
      config: port => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  retries 0
frontend f
  bind 127.0.0.1:${port}
  stick-table type ip size 1k store http_req_cnt,http_err_cnt,http_fail_cnt
  http-request track-sc0 src
  default_backend b
backend b
  server s1 127.0.0.1:${nobody}`,
    })
    const table = stickTable({
      type: 'ip',
      size: 10,
      store: { http_req_cnt: true, http_err_cnt: true, http_fail_cnt: true },
    })
    const backend = createBackend({
      name: 'b',
      servers: [{ id: 's1', address: `127.0.0.1:${nobody}` }],
      retries: 0,
    })
    const frontend = createFrontend({ route: backend, track: [{ table }] })
    try {
      const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
      for (const each of [haproxy.ports[0]!, port as number]) {
        const client = await rawClient({ port: each })
        await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
        expect((await client.readResponse()).status).toBeGreaterThanOrEqual(502)
        client.destroy()
      }
      await expectEventually(() => table.trackers('127.0.0.1') === 0)
      expect(ourTable(table)).toEqual(readTable(await haproxy.command('show table f')))
      expect(ourTable(table)).toEqual({ '127.0.0.1': { http_req_cnt: 1, http_err_cnt: 0, http_fail_cnt: 0 } })
    } finally {
      await frontend.close({ drainMs: 0 })
      backend.close()
      await haproxy.stop()
    }
  })
})
