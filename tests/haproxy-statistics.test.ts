/**
 * The statistics beside those of a running HAProxy: the same traffic by both, to the same servers, and then the same columns
 * of the CSV.
 */
import { createServer } from 'node:net'
import { createBackend, createFrontend, createTcpProxy } from '@evener/core'
import { httpCheck } from '@evener/health'
import { deny, match, path, redirect, status } from '@evener/rules'
import { type Column, listenStats } from '@evener/stats'
import { answer, type Behaviour, fakeServer, rawClient, request, reset, truncate } from '@evener/testing'
import { expect, test } from 'vitest'
import { freePort, type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards } from './support/hosting.ts'

const oracleTest = test.skipIf(!haproxyInstalled())

type Row = Partial<Record<Column, string>>

/** The lines of a CSV by `proxy/service`. */
function linesOf(csv: string): Map<string, Row> {
  const [titles = '', ...lines] = csv.trim().split('\n')
  const names = titles.replace('# ', '').split(',')
  const rows = lines.map(line => {
    const values = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map(([, value = '']) => value)
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) as Row
  })
  return new Map(rows.map(row => [`${row.pxname}/${row.svname}`, row]))
}

/** What the server does, by the path. */
const behaviour: Behaviour = (asked, connection, ...rest) => {
  const [, what = '', value = ''] = asked.target.split('/')
  const chosen: Behaviour =
    what === 'status'
      ? answer({ status: Number(value), body: value === '304' ? '' : 'body' })
      : what === 'bytes'
        ? answer({ body: { bytes: Number(value) } })
        : what === 'cut'
          ? truncate('length')
          : what === 'gone'
            ? reset('before-head')
            : what === 'slow'
              ? answer({ delayUntil: new Promise(() => undefined) })
              : answer()
  return chosen(asked, connection, ...rest)
}

/** Both, in front of the same servers. */
async function both() {
  const [app1, app2] = await Promise.all(
    ['app1', 'app2'].map(name => fakeServer({ name, behave: behaviour })),
  )
  for (const server of [app1, app2]) afterwards(() => server?.close())
  const echo = createServer(socket => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
  await new Promise(resolve => echo.once('listening', resolve))
  afterwards(() => echo.close())
  const echoPort = (echo.address() as { port: number }).port
  const dead = await freePort()
  const [one = '', two = ''] = [app1?.address, app2?.address]

  const haproxy = await startHaproxy({
    ports: 2,
    config: (http, tcp) => `
defaults
  mode http
  timeout connect 200ms
  timeout client 20s
  timeout server 20s
  timeout queue 100ms
  retries 2
  option redispatch
  default-server inter 100ms rise 2 fall 2
frontend main
  option http-ignore-probes
  http-request deny if { path_beg /internal }
  http-request redirect location / code 301 if { path /old }
  http-response deny if { status 418 }
  bind 127.0.0.1:${http}
  use_backend half if { path_beg /half }
  use_backend none if { path_beg /none }
  use_backend checked if { path_beg /checked }
  default_backend app
backend app
  http-request deny deny_status 429 if { path_beg /often }
  server s1 ${one}
  server s2 ${two} weight 2 backup
  server s3 ${two} disabled
backend half
  server dead 127.0.0.1:${dead}
  server live ${two}
backend none
  retries 1
  server dead 127.0.0.1:${dead}
backend checked
  option httpchk GET /status/200
  server up ${one} check
  server down 127.0.0.1:${dead} check
  server wrong ${one} check port ${echoPort}
frontend raw
  mode tcp
  bind 127.0.0.1:${tcp}
  default_backend echo
backend echo
  mode tcp
  server e1 127.0.0.1:${echoPort}
`,
  })
  afterwards(() => haproxy.stop())

  const common = {
    timeouts: { connectMs: 200, queueMs: 100 },
    retries: 2,
    retryOn: ['conn-failure'],
  } as const
  const app = createBackend({
    ...common,
    name: 'app',
    rules: { request: [deny({ status: 429 }).if(match.beg(path(), '/often'))] },
    servers: [
      { id: 's1', address: one },
      { id: 's2', address: two, weight: 2, backup: true },
      { id: 's3', address: two, state: 'maintenance' },
    ],
  })
  const deadServer = { id: 'dead', address: `127.0.0.1:${dead}` }
  const half = createBackend({ ...common, name: 'half', servers: [deadServer, { id: 'live', address: two }] })
  const none = createBackend({ ...common, name: 'none', retries: 1, servers: [deadServer] })
  const checked = createBackend({
    ...common,
    name: 'checked',
    checks: { checker: httpCheck({ method: 'GET', path: '/status/200' }), intervalMs: 100, rise: 2, fall: 2 },
    servers: [
      { id: 'up', address: one },
      { id: 'down', address: `127.0.0.1:${dead}` },
      { id: 'wrong', address: one, checkAddress: `127.0.0.1:${echoPort}` },
    ],
  })
  const tcpBackend = createBackend({
    ...common,
    name: 'echo',
    servers: [{ id: 'e1', address: `127.0.0.1:${echoPort}` }],
  })
  const byPath = new Map([
    ['half', half],
    ['none', none],
    ['checked', checked],
  ])
  const main = createFrontend({
    route: ({ uri }) => byPath.get(uri.split('/')[1] as string) ?? app,
    rules: {
      request: [
        deny().if(match.beg(path(), '/internal')),
        redirect({ location: '/', code: 301 }).if(match.str(path(), '/old')),
      ],
      response: [deny().if(match.int(status(), 418))],
    },
  })
  const raw = createTcpProxy({ route: tcpBackend })
  const backends = [app, half, none, checked, tcpBackend]
  const [http, tcp] = await Promise.all([main, raw].map(door => door.listen({ port: 0, host: '127.0.0.1' })))
  const page = await listenStats({ frontends: { main, raw }, backends })
  afterwards(async () => {
    await page.close()
    await Promise.all([main.close({ drainMs: 0 }), raw.close({ drainMs: 0 })])
    for (const backend of backends) backend.close()
  })
  const ours = async () => linesOf(await (await fetch(`${page.url};csv`)).text())
  /** At a moment without a check: of a server that is being checked, half of the last result is forgotten already. */
  const theirs = async () => {
    for (let tries = 0; tries < 1_000; tries++) {
      const rows = linesOf(`${(await haproxy.command('show stat')).trim()}\n`)
      if (![...rows.values()].some(row => row.check_status?.startsWith('*'))) return rows
    }
    throw new Error('HAProxy checks without end')
  }
  const subjects = [
    { name: 'HAProxy', http: haproxy.ports[0] as number, tcp: haproxy.ports[1] as number },
    { name: 'Evener', http: http?.port as number, tcp: tcp?.port as number },
  ]
  return { ours, theirs, subjects, haproxy, checked }
}

/** The columns of these, by line. */
const picked = (
  rows: Map<string, Row>,
  columns: readonly Column[],
  only: (row: Row) => boolean = () => true,
) =>
  Object.fromEntries(
    [...rows]
      .filter(([, row]) => only(row))
      .map(([name, row]) => [name, Object.fromEntries(columns.map(column => [column, row[column]]))])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  )

/** The whole traffic, by one of them. */
async function traffic({ http, tcp }: { http: number; tcp: number }): Promise<void> {
  const ask = (target: string, more = {}) => request(http, { target, ...more })
  for (const status of [200, 200, 200, 201, 301, 304, 404, 404, 500, 503]) await ask(`/status/${status}`)
  for (const bytes of [0, 1, 10_000, 300_000]) await ask(`/bytes/${bytes}`)
  await ask('/status/200', { method: 'POST', body: { bytes: 50_000 } })
  // Whom the server leaves in the middle, or without a word.
  for (let i = 0; i < 2; i++) await ask('/cut').catch(() => undefined)
  for (let i = 0; i < 3; i++) await ask('/gone')
  // One of two servers is not there: it is tried again, and then the other is.
  for (let i = 0; i < 4; i++) await ask(`/half/${i}`)
  for (let i = 0; i < 2; i++) await ask('/none')
  await ask('/checked/1')
  // What rules answer.
  for (const target of ['/internal', '/internal/x', '/old', '/often', '/status/418']) await ask(target)
  // What is no request.
  const wrong = await rawClient({ port: http })
  await wrong.send('GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n')
  await wrong.readUntilClose()
  for (const bytes of [0, 10, 70_000]) {
    const client = await rawClient({ port: tcp, halfOpen: true })
    await client.send(Buffer.alloc(bytes, 'x'))
    await client.readBytes(bytes)
    client.end()
    await client.readUntilClose()
  }
}

async function settled(haproxy: Haproxy, row: (name: string) => Promise<Row | undefined>): Promise<void> {
  // Checks have found what there is to find.
  await expect
    .poll(
      async () => [
        (await row('checked/up'))?.status,
        (await row('checked/down'))?.status,
        (await row('checked/wrong'))?.status,
      ],
      { timeout: 10_000, message: haproxy.output() },
    )
    .toEqual(['UP', 'DOWN', 'DOWN'])
}

oracleTest(haproxyTitle('the same traffic is counted as HAProxy counts it'), async () => {
  const { ours, theirs, subjects, haproxy } = await both()
  const [, evener] = subjects
  await settled(haproxy, async name => (await theirs()).get(name))
  await settled(haproxy, async name => (await ours()).get(name))
  // HAProxy has been asked whether it listens.
  for (const port of [evener?.http, evener?.tcp]) (await rawClient({ port: port as number })).reset()
  for (const subject of subjects) await traffic(subject)

  const compare = async (columns: readonly Column[], only?: (row: Row) => boolean) => {
    expect(picked(await ours(), columns, only)).toEqual(picked(await theirs(), columns, only))
  }
  const traffics = (row: Row) => row.type !== '0'
  const servers = (row: Row) => row.type === '2'
  // Sessions that are over are counted when their last byte has gone.
  await expect.poll(async () => [...(await ours()).values()].every(row => row.scur === '0')).toBe(true)
  await compare(['type', 'mode'], row => row.type === '0')
  await compare(['scur', 'qcur', 'qmax', 'stot', 'wretr', 'wredis', 'econ'], traffics)
  // Where there is one server, HAProxy does not ask its algorithm again.
  await compare(['lbtot'], row => traffics(row) && row.pxname !== 'none')
  await compare(['status', 'weight', 'uweight', 'act', 'bck', 'sid'], traffics)
  await compare(
    ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx'],
    row => row.pxname !== 'echo' && row.type !== '0',
  )
  await compare(
    ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'req_tot', 'ereq', 'conn_tot', 'stot'],
    row => row.pxname === 'main',
  )
  await compare(['srv_abrt', 'cli_abrt'], servers)
  // HAProxy 2.6 counts a response that never began twice.
  const broken = async (rows: Promise<Map<string, Row>>) => Number((await rows).get('app/s1')?.eresp)
  expect([await broken(ours()), await broken(theirs())]).toEqual([5, 5 + 3])
  await compare(
    ['check_status', 'check_code', 'check_rise', 'check_fall', 'check_health', 'check_desc', 'chkdown'],
    row => row.pxname === 'checked' && row.type === '2',
  )
  await compare(['dreq', 'dresp', 'dcon', 'dses'], row => row.type === '0')
  await compare(['dreq', 'dresp'], row => row.type === '1')
  await compare(['dresp'], servers)
  await compare(['intercepted'], row => row.pxname === 'main')
  // At layer 4 the bytes are the same; in HTTP, HAProxy's have the heads as well.
  await compare(['bin', 'bout'], row => row.pxname === 'echo' || row.pxname === 'raw')
  const [mine, its] = [await ours(), await theirs()]
  for (const name of ['app/s1', 'app/BACKEND', 'main/FRONTEND']) {
    for (const column of ['bin', 'bout'] as const) {
      const [a, b] = [Number(mine.get(name)?.[column]), Number(its.get(name)?.[column])]
      const heads = b - a
      expect([name, column, heads > 0 && heads < 300 * Number(its.get(name)?.req_tot)]).toEqual([
        name,
        column,
        true,
      ])
    }
  }
})
