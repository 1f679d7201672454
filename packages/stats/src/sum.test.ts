import { expect, test } from 'vitest'
import type { StatRow } from './columns.ts'
import type { Snapshot } from './snapshot.ts'
import { takeSnapshot } from './snapshot.ts'
import { addRows, addSnapshots } from './sum.ts'
import { backendOf, serve } from './test-support.ts'

const line = (more: Partial<StatRow>): StatRow => ({
  pxname: 'app',
  svname: 's1',
  type: 2,
  iid: 1,
  sid: 1,
  ...more,
})

test('what is counted, and what there is now, is added; what is configured stays', () => {
  const one = line({ stot: 3, scur: 1, smax: 2, slim: 10, rate: 4, weight: 5, check_rise: 2, hrsp_2xx: 3 })
  const sum = addRows(
    one,
    line({ stot: 4, scur: 2, smax: 2, slim: 10, rate: 1, weight: 5, check_rise: 2, hrsp_2xx: 1 }),
  )
  expect(sum).toMatchObject({
    stot: 7,
    scur: 3,
    smax: 4,
    slim: 20,
    rate: 5,
    weight: 5,
    check_rise: 2,
    hrsp_2xx: 4,
    sid: 1,
  })
})

test('averages count by how many requests they are of', () => {
  expect(addRows(line({ req_tot: 30, rtime: 10 }), line({ req_tot: 10, rtime: 50 }))).toMatchObject({
    rtime: 20,
  })
  expect(addRows(line({ req_tot: 0, rtime: 0 }), line({ req_tot: 0, rtime: 0 }))).toMatchObject({ rtime: 0 })
})

test('the state is the worst that one of them finds, with what its check said', () => {
  const up = line({ status: 'UP', last_chk: 'fine', lastchg: 9, downtime: 0 })
  const down = line({ status: 'DOWN', last_chk: 'refused', lastchg: 2, downtime: 2 })
  for (const sum of [addRows(up, down), addRows(down, up)])
    expect(sum).toMatchObject({ status: 'DOWN', last_chk: 'refused', lastchg: 2, downtime: 2 })
  expect(addRows(up, line({ status: 'UP 1/3' })).status).toBe('UP 1/3')
  expect(addRows(line({ status: 'DRAIN' }), line({ status: 'MAINT' })).status).toBe('MAINT')
})

test('lines that only one of them has are kept, histograms are added, and so is the process', async () => {
  const [{ backend, clock }, { backend: other, clock: otherClock }] = [
    backendOf(),
    backendOf({
      servers: [
        { id: 's2', address: '127.0.0.1:9001' },
        { id: 's3', address: '127.0.0.1:9002' },
      ],
    }),
  ]
  serve(backend, clock, 2, 3)
  serve(other, otherClock, 2, 40)
  const shot = (one: typeof backend) => takeSnapshot({ doors: new Map(), backends: [one] }, 'latencies')
  // As it comes from another process.
  const sum = addSnapshots(await shot(backend), JSON.parse(JSON.stringify(await shot(other))) as Snapshot)
  expect(sum.rows.map(({ svname }) => svname)).toEqual(['s1', 's2', 'BACKEND', 's3'])
  expect(sum.rows[2]).toMatchObject({ stot: 4 })
  expect(sum.latencies[2]?.total).toMatchObject({
    count: 4,
    sumMs: 86,
    buckets: [0, 0, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0],
  })
  expect(Object.keys(sum.latencies[0] ?? {})).toEqual(['response'])
  expect(sum.latencies[3]?.response?.count).toBe(1)
  expect(sum.info).toMatchObject({ Nbproc: 2, Pid: process.pid })
})
