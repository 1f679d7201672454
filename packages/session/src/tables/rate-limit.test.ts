import { describe, expect, test } from 'vitest'
import { byHeader } from './keys.ts'
import { rateLimit } from './rate-limit.ts'
import { sc, scTracked } from './sc.ts'
import { stickTable } from './stick-table.ts'
import { handClock, request } from './test-support.ts'

const store = { http_req_rate: { periodMs: 10_000 }, http_err_rate: { periodMs: 10_000 }, gpc: 1 } as const

describe('a rate limit', () => {
  test('lets each client ask so often, and says when it may ask again', () => {
    const clock = handClock(50_000)
    const limit = rateLimit({ table: stickTable({ store, clock }), limit: 3 })
    const ask = (address: string) => limit(request(address))
    expect([ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.1')]).toEqual([undefined, undefined, undefined])
    // 4 in the running period: of them, and of this one too many, the window must lose two, which is when half a
    // period more has passed.
    expect(ask('192.0.2.1')).toEqual({ status: 429, headers: ['Retry-After', '13'] })
    expect(ask('192.0.2.2')).toBeUndefined()
    clock.time += 12_400
    expect(ask('192.0.2.1')).toMatchObject({ status: 429 })
  })

  test('is kept by a client that asks when it was told to', () => {
    const clock = handClock(50_000)
    const limit = rateLimit({ table: stickTable({ store, clock }), limit: 5 })
    let refused = 0
    for (let asked = 0; asked < 200; asked++) {
      const answer = limit(request('192.0.2.1'))
      if (answer === undefined) continue
      refused++
      clock.time += Number(answer.headers[1]) * 1_000
      expect(limit(request('192.0.2.1'))).toBeUndefined()
    }
    expect(refused).toBeGreaterThan(10)
  })

  test('goes by what it is told to go by; who has no key, or no room, passes', () => {
    const table = stickTable({ type: 'string', store, size: 1, nopurge: true })
    const limit = rateLimit({ table, key: byHeader('x-api-key'), limit: 1 })
    const ann = request('192.0.2.1', { 'x-api-key': 'ann' })
    expect([limit(ann), limit(ann)?.status]).toEqual([undefined, 429])
    const bob = request('192.0.2.1', { 'x-api-key': 'bob' })
    expect([limit(bob), limit(bob), limit(request()), limit(request())]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    const broken = rateLimit({
      table: stickTable({ store }),
      limit: 1,
      key: () => {
        throw new Error('gone')
      },
    })
    expect([broken(ann), broken(ann)]).toEqual([undefined, undefined])
  })

  test('reads what a tracker counts, of any rate', () => {
    const table = stickTable({ store })
    const tracked = table.track('192.0.2.1')!
    const limit = rateLimit({ tracker: 1, rate: 'http_err_rate', limit: 2 })
    const asked = { ...request('192.0.2.1'), tracked: [undefined, tracked] }
    tracked.count('http_err', 2)
    expect(limit(asked)).toBeUndefined()
    tracked.count('http_err')
    expect(limit(asked)).toMatchObject({ status: 429 })
    expect(rateLimit({ tracker: 0, limit: 1 })(asked)).toBeUndefined()
    expect(rateLimit({ tracker: 1, limit: 1 })(request())).toBeUndefined()
    expect(rateLimit({ tracker: 1, rate: 'sess_rate', limit: 1 })(asked)).toBeUndefined()
  })

  const table = stickTable({ store })
  test.each([
    [{ table }, 'limit is undefined; allowed is an integer from 1'],
    [{ limit: 0, table }, 'limit is 0'],
    [{ limit: 1 }, 'table is undefined; allowed is a stickTable(), or else the option tracker'],
    [{ limit: 1, table, tracker: 0 }, 'table is an object'],
    [{ limit: 1, table: {} }, 'table is an object; allowed is a stickTable()'],
    [{ limit: 1, table: stickTable() }, 'table is "table"; allowed is a table that keeps http_req_rate'],
    [{ limit: 1, table, rate: 'http_err_rate' }, 'rate is "http_err_rate"; allowed is none beside table'],
    [{ limit: 1, table, key: 7 }, 'key is 7'],
    [{ limit: 1, tracker: 12 }, 'tracker is 12; allowed is an integer from 0 to 11'],
    [{ limit: 1, tracker: 0, key: () => 'x' }, 'key is '],
    [{ limit: 1, tracker: 0, rate: 'http_req_cnt' }, 'rate is "http_req_cnt"; allowed is the name of a rate'],
    [{ limit: 1, tracker: 0, rate: 7 }, 'rate is 7'],
  ])('refuses %o', (options, message) => {
    expect(() => rateLimit(options as never)).toThrow(message)
  })
})

describe('sc', () => {
  test('is a number of what is tracked, as a function of the request', () => {
    const table = stickTable({ store })
    const tracked = table.track('192.0.2.1')!
    tracked.count('http_req', 3)
    tracked.increment(0, 4)
    const asked = { tracked: [tracked, undefined] }
    expect([sc('http_req_rate')(asked), sc('gpc', 0, 0)(asked), scTracked(0)(asked)]).toEqual([3, 4, true])
    expect([sc('http_req_cnt')(asked), sc('http_req_rate', 1)(asked), sc('gpc', 0, 1)(asked)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([scTracked(1)(asked), scTracked()({}), sc('gpc')({})]).toEqual([false, false, undefined])
  })

  test.each([
    [() => sc(7 as never), 'sc type is 7'],
    [() => sc('gpc', 12), 'sc tracker is 12; allowed is an integer from 0 to 11'],
    [() => sc('gpc', 0, 100), 'sc index is 100'],
    [() => scTracked(-1), 'scTracked tracker is -1'],
  ])('refuses %s', (make, message) => {
    expect(make).toThrow(message)
  })
})
