import { createFrontend, createTcpProxy, httpHandler } from '@evener/core'
import type { Checker } from '@evener/health'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { StatRow } from './columns.ts'
import { csvText } from './csv.ts'
import { jsonText } from './json.ts'
import { statistics } from './statistics.ts'
import { backendOf, serve } from './test-support.ts'

/** Finds what it is told to. */
class Told implements Checker {
  readonly name = 'told'
  down = false
  code: 'L7OK' | 'L7OKC' = 'L7OK'

  check() {
    const ok = !this.down
    return Promise.resolve({
      ok,
      code: ok ? this.code : 'L7STS',
      status: ok ? 200 : 503,
      message: 'said',
      durationMs: 2.4,
    } as const)
  }
}

async function rowsOf(options: Parameters<typeof statistics>[0]): Promise<Map<string, StatRow>> {
  const made = statistics(options)
  onTestFinished(() => made.close())
  const { rows } = await made.snapshot()
  return new Map(rows.map(row => [`${row.pxname}/${row.svname}`, row]))
}

/** A backend whose one server is checked: rise 2, fall 3. */
function checked() {
  const checker = new Told()
  const { backend, clock } = backendOf({
    servers: [{ id: 's1', address: '127.0.0.1:9001', maxConnections: 7, maxQueue: 3, weight: 4 }],
    checks: { checker, intervalMs: 100, rise: 2, fall: 3, startSpread: 0 },
  })
  const round = async (times = 1) => {
    for (let i = 0; i < times; i++) await clock.advanceAsync(100)
  }
  const row = async () => (await rowsOf({ backends: [backend] })).get('app/s1') as StatRow
  return { backend, clock, checker, round, row }
}

describe('a server', () => {
  test('has its traffic and times under the names of HAProxy', async () => {
    const { backend, clock } = backendOf()
    serve(backend, clock, 4, 30)
    serve(backend, clock, 2, 10, 503)
    clock.advance(5_000)
    const rows = await rowsOf({ backends: [backend] })
    expect(rows.get('app/s1')).toMatchObject({
      ...{
        scur: 0,
        smax: 1,
        stot: 3,
        lbtot: 3,
        hrsp_2xx: 2,
        hrsp_5xx: 1,
        req_tot: 3,
        rtime: 23,
        rtime_max: 30,
        ctime: 0,
      },
      ...{
        ttime: 23,
        lastsess: 5,
        type: 2,
        iid: 1,
        sid: 1,
        act: 1,
        bck: 0,
        weight: 1,
        addr: '127.0.0.1:9001',
      },
    })
    expect(rows.get('app/BACKEND')).toMatchObject({
      ...{
        stot: 6,
        hrsp_2xx: 4,
        hrsp_5xx: 2,
        act: 2,
        bck: 0,
        weight: 2,
        status: 'UP',
        algo: 'roundrobin',
        type: 1,
        sid: 0,
      },
    })
  })

  test('has limits where there are any', async () => {
    expect(await checked().row()).toMatchObject({ slim: 7, qlimit: 3, weight: 4, uweight: 4 })
    const { backend } = backendOf()
    expect((await rowsOf({ backends: [backend] })).get('app/s1')).toMatchObject({
      slim: undefined,
      qlimit: undefined,
    })
  })

  test('goes through the words of HAProxy as its checks go', async () => {
    const { checker, round, row, backend } = checked()
    await round()
    expect(await row()).toMatchObject({
      ...{ status: 'UP', check_status: 'L7OK', check_code: 200, check_duration: 2, last_chk: 'said' },
      ...{ check_desc: 'Layer7 check passed', check_rise: 2, check_fall: 3, check_health: 4, chkfail: 0 },
    })
    checker.down = true
    await round()
    expect(await row()).toMatchObject({ status: 'UP 2/3', check_status: 'L7STS', chkfail: 1 })
    await round(2)
    expect(await row()).toMatchObject({ status: 'DOWN', chkdown: 1, check_health: 0 })
    expect((await rowsOf({ backends: [backend] })).get('app/BACKEND')).toMatchObject({
      status: 'DOWN',
      chkdown: 1,
      act: 0,
    })
    checker.down = false
    await round()
    expect(await row()).toMatchObject({ status: 'DOWN 1/2' })
    await round()
    checker.code = 'L7OKC'
    await round()
    expect(await row()).toMatchObject({ status: 'NOLB' })
  })

  test('is what its operator, or the server that it tracks, wants it to be', async () => {
    const { backend: other } = backendOf({ name: 'other' })
    const { backend } = backendOf({
      servers: [
        { id: 's1', address: '127.0.0.1:9001' },
        { id: 's2', address: '127.0.0.1:9002', track: other.server('s1') },
      ],
    })
    const words = async () => {
      const rows = await rowsOf({ backends: [backend] })
      return [rows.get('app/s1')?.status, rows.get('app/s2')?.status]
    }
    expect(await words()).toEqual(['no check', 'UP'])
    backend.server('s1')?.drain()
    other.server('s1')?.maintenance()
    expect(await words()).toEqual(['DRAIN', 'MAINT (via other/s1)'])
    backend.server('s2')?.maintenance()
    expect(await words()).toEqual(['DRAIN', 'MAINT'])
  })

  test('is down, and by whose word, where it is neither checks nor operator', async () => {
    const { backend } = backendOf()
    const [s1, s2] = backend.servers
    s1?.setEjected(true, 'slow')
    s2?.setCircuit('open', 'errors')
    const rows = await rowsOf({ backends: [backend] })
    expect([rows.get('app/s1')?.status, rows.get('app/s2')?.status]).toEqual([
      'DOWN (ejected)',
      'DOWN (circuit)',
    ])
  })

  test('says what its agent said', async () => {
    const report = { health: 'down', description: 'full' } as const
    const checker: Checker = {
      name: 'agent',
      check: () =>
        Promise.resolve({ ok: true, code: 'L7STS', message: 'down # full', durationMs: 1, agent: report }),
    }
    const { backend, clock } = backendOf({
      servers: [{ id: 's1', address: '127.0.0.1:9001', agentAddress: '127.0.0.1:9002' }],
      agent: { checker, intervalMs: 100 },
    })
    const before = await rowsOf({ backends: [backend] })
    expect(before.get('app/s1')).toMatchObject({ agent_status: 'INI', agent_desc: 'Initializing' })
    await clock.advanceAsync(200)
    const rows = await rowsOf({ backends: [backend] })
    expect(rows.get('app/s1')).toMatchObject({
      status: 'DOWN (agent)',
      agent_status: 'L7STS',
      last_agt: 'down # full',
    })
  })
})

test('doors of all kinds have a line', async () => {
  const { backend } = backendOf()
  const frontend = createFrontend({ route: backend, maxConnections: 50 })
  const tcp = createTcpProxy({ route: backend, maxConnections: 60 })
  const handler = httpHandler(backend)
  onTestFinished(() => handler.close())
  handler.counters.refuse(400, 1)
  handler.counters.refuse(404, 1)
  const rows = await rowsOf({ frontends: { main: frontend, tcp, handler } })
  expect(rows.get('main/FRONTEND')).toMatchObject({
    status: 'OPEN',
    slim: 50,
    mode: 'http',
    type: 0,
    iid: 1,
    conn_tot: 0,
  })
  expect(rows.get('tcp/FRONTEND')).toMatchObject({ slim: 60, mode: 'tcp', iid: 2 })
  expect(rows.get('tcp/FRONTEND')).not.toHaveProperty('hrsp_2xx')
  expect(rows.get('handler/FRONTEND')).not.toHaveProperty('conn_tot')
  expect(rows.get('handler/FRONTEND')).toMatchObject({
    req_tot: 2,
    ereq: 1,
    intercepted: 1,
    hrsp_4xx: 2,
  })
})

describe('formats', () => {
  const row: StatRow = {
    pxname: 'a,b',
    svname: 'say "hi"',
    type: 2,
    iid: 3,
    sid: 4,
    stot: 5,
    lastsess: -1,
    last_chk: '=1+1\r\nx',
  }

  test('the CSV has every column in its place, and texts cannot leave theirs', () => {
    const [titles = '', line = ''] = csvText([row]).split('\n')
    expect(titles.split(',').slice(0, 8)).toEqual([
      '# pxname',
      'svname',
      'qcur',
      'qmax',
      'scur',
      'smax',
      'slim',
      'stot',
    ])
    expect(titles).toMatch(/,agg_check_status,-,ses_connect,ses_wait,ses_pass,$/)
    expect(line.startsWith('"a,b","say ""hi""",,,,,,5,')).toBe(true)
    expect(line).toContain(`,"'=1+1 x",`)
    expect(line.replaceAll(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(titles.split(',').length)
  })

  test('the JSON says what kind of value each is', () => {
    const [fields] = JSON.parse(jsonText([row]))
    const shown = (name: string) =>
      fields.find((each: { field: { name: string } }) => each.field.name === name).value
    expect(fields[0]).toEqual({
      objType: 'Server',
      proxyId: 3,
      id: 4,
      field: { pos: 0, name: 'pxname' },
      processNum: 1,
      tags: { origin: 'Key', nature: 'Name', scope: 'Service' },
      value: { type: 'str', value: 'a,b' },
    })
    expect([shown('stot'), shown('lastsess'), shown('iid')]).toEqual([
      { type: 'u64', value: 5 },
      { type: 's32', value: -1 },
      { type: 'u32', value: 3 },
    ])
  })
})
