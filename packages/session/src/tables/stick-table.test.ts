import { array, assert, constantFrom, integer, property, tuple, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DataType } from './data-types.ts'
import { type StickTableOptions, stickTable } from './stick-table.ts'
import { handClock } from './test-support.ts'

const all: StickTableOptions['store'] = {
  conn_cnt: true,
  conn_cur: true,
  conn_rate: { periodMs: 1_000 },
  sess_cnt: true,
  sess_rate: { periodMs: 1_000 },
  http_req_cnt: true,
  http_req_rate: { periodMs: 1_000 },
  http_err_cnt: true,
  http_err_rate: { periodMs: 1_000 },
  http_fail_cnt: true,
  http_fail_rate: { periodMs: 1_000 },
  bytes_in_cnt: true,
  bytes_in_rate: { periodMs: 1_000 },
  bytes_out_cnt: true,
  bytes_out_rate: { periodMs: 1_000 },
  gpc: 2,
  gpc_rate: { count: 3, periodMs: 1_000 },
  gpt: 2,
}

describe('a table that tracks', () => {
  test('counts what it is told of, each number by itself', () => {
    const clock = handClock(10_000)
    const table = stickTable({ type: 'ip', store: all, clock })
    const client = table.track('192.0.2.1')!
    client.count('sess')
    client.count('http_req', 3)
    client.count('http_err', 4)
    client.count('http_fail', 5)
    client.count('bytes_in', 6_000_000_000)
    client.count('bytes_out', 7)
    client.increment(0)
    client.increment(1, 8)
    client.increment(2, 9)
    client.tag(1, 99)
    const [entry] = table.entries()
    expect(entry).toEqual({
      key: '192.0.2.1',
      serverId: undefined,
      idleMs: 0,
      trackers: 1,
      data: {
        ...{
          conn_cnt: 1,
          conn_cur: 1,
          conn_rate: 1,
          sess_cnt: 1,
          sess_rate: 1,
          http_req_cnt: 3,
          http_req_rate: 3,
        },
        ...{ http_err_cnt: 4, http_err_rate: 4, http_fail_cnt: 5, http_fail_rate: 5 },
        ...{
          bytes_in_cnt: 6_000_000_000,
          bytes_in_rate: 6_000_000_000 % 2 ** 32,
          bytes_out_cnt: 7,
          bytes_out_rate: 7,
        },
        ...{
          'gpc.0': 1,
          'gpc.1': 8,
          'gpc_rate.0': 1,
          'gpc_rate.1': 8,
          'gpc_rate.2': 9,
          'gpt.0': 0,
          'gpt.1': 99,
        },
      },
    })
  })

  test('knows who is there now, and who was there', () => {
    const table = stickTable({ store: { conn_cnt: true, conn_cur: true } })
    const first = table.track('192.0.2.1')!
    const second = table.track('::ffff:192.0.2.1')!
    expect([first.get('conn_cur'), second.get('conn_cnt'), second.trackers]).toEqual([2, 2, 2])
    first.end()
    first.end()
    first.count('sess')
    expect([second.get('conn_cur'), second.get('conn_cnt'), table.trackers('192.0.2.1')]).toEqual([1, 2, 1])
    expect([first.get('conn_cnt'), first.trackers, first.increment(0), first.clear(0)]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ])
    expect(first.msUntil('http_req_rate', 1)).toBe(0)
    second.end()
    expect([table.get('192.0.2.1', 'conn_cur'), table.trackers('192.0.2.1')]).toEqual([0, 0])
  })

  test('leaves out what it does not keep, and what is no key', () => {
    const table = stickTable({ type: 'ip', store: { conn_cnt: true } })
    const client = table.track('192.0.2.1')!
    client.count('http_req')
    client.tag(0, 1)
    for (const type of [
      'http_req_cnt',
      'http_req_rate',
      'conn_rate',
      'conn_cur',
      'gpt',
      'gpc',
      'gpc_rate',
    ] as DataType[])
      expect([type, client.get(type), table.get('192.0.2.9', type)]).toEqual([type, undefined, undefined])
    expect([client.get('conn_cnt'), table.get('192.0.2.9', 'conn_cnt')]).toEqual([1, 0])
    expect([client.increment(0), client.clear(0), client.msUntil('http_req_rate', 1)]).toEqual([
      undefined,
      undefined,
      0,
    ])
    expect([table.track('2001:db8::1'), table.track('x'), table.track(undefined), table.track(7)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect([table.count('x', 'http_req'), table.delete('x'), table.find('x'), table.has('x')]).toEqual([
      false,
      false,
      undefined,
      false,
    ])
    expect([table.trackers('x'), table.idleMs('x'), table.server('x'), table.used]).toEqual([
      0,
      undefined,
      undefined,
      1,
    ])
    table.bind('x', 's1')
    expect(table.used).toBe(1)
  })

  test('clears a general purpose counter, and not its rate', () => {
    const table = stickTable({ store: { gpc: 1, gpc_rate: { count: 1, periodMs: 1_000 } } })
    const client = table.track('192.0.2.1')!
    client.increment(0, 7)
    expect([client.clear(0), client.get('gpc', 0), client.get('gpc_rate', 0)]).toEqual([7, 0, 7])
  })

  test('counts without tracking', () => {
    const table = stickTable({ store: { conn_cnt: true, http_req_cnt: true } })
    expect(table.count('192.0.2.1', 'http_req', 2)).toBe(true)
    expect([table.get('192.0.2.1', 'http_req_cnt'), table.get('192.0.2.1', 'conn_cnt')]).toEqual([2, 0])
  })

  test('keeps numbers of neighbours apart, whatever the order of events', () => {
    const names = ['conn', 'sess', 'http_req', 'http_err', 'http_fail', 'bytes_in', 'bytes_out'] as const
    const events = array(
      tuple(integer({ min: 1, max: 5 }), constantFrom(...names), integer({ min: 1, max: 1_000 })),
    )
    assert(
      property(events, given => {
        const table = stickTable({ type: 'integer', size: 5, store: all })
        const model = new Map<string, number>()
        for (const [key, name, by] of given) {
          table.count(key, name, by)
          model.set(`${key} ${name}_cnt`, (model.get(`${key} ${name}_cnt`) ?? 0) + by)
        }
        for (let key = 1; key <= 5; key++)
          for (const name of names)
            expect(table.get(key, `${name}_cnt`)).toBe(model.get(`${key} ${name}_cnt`) ?? 0)
      }),
    )
  })
})

describe('an entry', () => {
  test('expires when it was not used for so long; to be read is not to be used', () => {
    const clock = handClock()
    const table = stickTable({ expireMs: 1_000, clock })
    table.bind('192.0.2.1', 'app1')
    clock.time = 999
    expect(table.find('192.0.2.1')).toBe('app1')
    clock.time = 1_998
    expect([table.server('192.0.2.1'), table.has('192.0.2.1'), table.idleMs('192.0.2.1')]).toEqual([
      'app1',
      true,
      999,
    ])
    clock.time = 1_999
    expect(table.find('192.0.2.1')).toBeUndefined()
    expect(table.counters.expired).toBe(1)
    expect(table.used).toBe(0)
  })

  test('that is tracked neither expires nor makes room; its time begins when that ends', () => {
    const clock = handClock()
    const table = stickTable({ type: 'integer', size: 2, expireMs: 1_000, clock, store: { conn_cnt: true } })
    const held = table.track(1)!
    clock.time = 5_000
    for (let key = 2; key < 30; key++) table.count(key, 'conn')
    expect([table.has(1), table.used]).toEqual([true, 2])
    held.end()
    clock.time = 5_999
    expect(table.has(1)).toBe(true)
    clock.time = 6_000
    expect(table.has(1)).toBe(false)
  })

  test('unused for longest makes room', () => {
    const clock = handClock()
    const table = stickTable({ type: 'string', size: 3, clock })
    for (const key of ['a', 'b', 'c', 'a', 'd', 'c', 'e']) {
      clock.time++
      table.bind(key, `to ${key}`)
    }
    expect([...table.entries()].map(({ key }) => key).sort()).toEqual(['c', 'd', 'e'])
    expect(table.counters).toMatchObject({ created: 5, purged: 2, expired: 0, refused: 0 })
  })

  test('is among those used least lately, where there are many', () => {
    const clock = handClock()
    const table = stickTable({ type: 'integer', size: 1_000, clock })
    for (let round = 0; round < 3; round++)
      for (let key = 0; key < 1_000; key++) {
        clock.time++
        table.bind(key, 's')
      }
    // A hundred come in turn with the favourites, which are used all the time.
    for (let key = 2_000; key < 2_800; key++) {
      for (let favourite = 0; favourite < 10; favourite++) table.find(favourite)
      clock.time++
      table.bind(key, 's')
    }
    expect(Array.from({ length: 10 }, (_, key) => table.has(key))).not.toContain(false)
    expect(table.used).toBe(1_000)
  })

  test('goes in the order in which entries came, where they are used once', () => {
    const table = stickTable({ type: 'integer', size: 100 })
    for (let key = 0; key < 1_000; key++) {
      table.bind(key, 's')
      expect(table.has(key - 100)).toBe(false)
      expect(table.has(Math.max(0, key - 99))).toBe(true)
    }
  })

  test('that was given back and taken anew is not the next to go', () => {
    const clock = handClock()
    const table = stickTable({ type: 'integer', size: 100, clock })
    for (let key = 0; key < 100; key++) table.bind(key, 's')
    table.delete(0)
    for (let key = 100; key < 150; key++) {
      clock.time++
      table.bind(key, 's')
    }
    expect([table.has(100), table.has(1), table.used]).toEqual([true, false, 100])
  })

  test('that expired is dropped when others come, not only when it is asked for', () => {
    const clock = handClock()
    const table = stickTable({ type: 'integer', expireMs: 100, clock })
    for (let key = 0; key < 50; key++) table.bind(key, 's')
    clock.time = 1_000
    for (let key = 100; key < 150; key++) table.bind(key, 's')
    expect(table.used).toBe(50)
    expect(table.counters.expired).toBe(50)
  })

  test('can be forgotten; one that is tracked stays, with nothing in it', () => {
    const table = stickTable({ store: all })
    const client = table.track('192.0.2.1')!
    client.count('http_req', 5)
    table.bind('192.0.2.1', 'app1')
    expect(table.delete('192.0.2.1')).toBe(true)
    expect([client.get('http_req_cnt'), client.get('conn_cur'), table.server('192.0.2.1')]).toEqual([
      0,
      1,
      undefined,
    ])
    client.end()
    expect(table.delete('192.0.2.1')).toBe(true)
    expect(table.delete('192.0.2.1')).toBe(false)
    expect(table.used).toBe(0)
    const bare = stickTable()
    bare.track('192.0.2.1')
    expect(bare.delete('192.0.2.1')).toBe(true)
    expect(bare.trackers('192.0.2.1')).toBe(1)
  })
})

describe('a full table with nopurge', () => {
  test('takes nobody in until somebody has expired', () => {
    const clock = handClock()
    const table = stickTable({
      type: 'string',
      size: 2,
      expireMs: 1_000,
      nopurge: true,
      clock,
      store: { conn_cnt: true },
    })
    table.bind('a', 's1')
    table.bind('b', 's2')
    clock.time = 500
    table.find('b')
    expect([table.track('c'), table.count('c', 'conn')]).toEqual([undefined, false])
    table.bind('c', 's3')
    expect([table.has('c'), table.counters.refused, table.counters.purged]).toEqual([false, 3, 0])
    clock.time = 1_000
    expect(table.track('c')).toBeDefined()
    expect([table.has('a'), table.has('b'), table.has('c')]).toEqual([false, true, true])
  })

  test('takes the place of one that has expired, wherever that one stands', () => {
    const clock = handClock()
    const table = stickTable({ type: 'integer', size: 200, expireMs: 1_000, nopurge: true, clock })
    for (let key = 0; key < 200; key++) table.bind(key, 's')
    clock.time = 500
    for (let key = 0; key < 200; key++) if (key !== 150) table.find(key)
    clock.time = 1_000
    // Each that asks has a part of the table looked through.
    for (let asked = 0; asked < 4; asked++) table.bind(1_000, 's')
    expect([table.has(1_000), table.used, table.counters.expired]).toEqual([true, 200, 1])
  })

  test('refuses as well when all are tracked, with or without nopurge', () => {
    for (const nopurge of [true, false]) {
      const table = stickTable({ type: 'integer', size: 1, nopurge, expireMs: 1_000 })
      table.track(1)
      expect(table.track(2)).toBeUndefined()
    }
  })
})

describe('a key', () => {
  test.each([
    ['ip', '192.0.2.1', '192.0.2.1'],
    ['ip', '::ffff:192.0.2.1', '192.0.2.1'],
    ['ip', '2001:db8::1', undefined],
    ['ip', 7, undefined],
    ['ipv6', '2001:DB8::1%eth0', '2001:db8:0:0:0:0:0:1'],
    ['ipv6', '192.0.2.1', '192.0.2.1'],
    ['ipv6', Buffer.from('::1'), undefined],
    ['integer', 42, '42'],
    ['integer', 42n, '42'],
    ['integer', ' 0042 ', '42'],
    ['integer', 2 ** 32 - 1, '4294967295'],
    ['integer', 2 ** 32, undefined],
    ['integer', -1, undefined],
    ['integer', 1.5, undefined],
    ['integer', Number.NaN, undefined],
    ['integer', '', undefined],
    ['integer', '0x10', undefined],
    ['integer', Buffer.from('1'), undefined],
    ['string', 'abc', 'abc'],
    ['string', 17, '17'],
    ['string', Buffer.from([0, 255]), '\0\xff'],
    ['string', '', undefined],
    ['string', 'x'.repeat(65_536), 'x'.repeat(32)],
    ['string', '\u{1f600}\ud800', '\u{1f600}\ud800'],
    ['binary', 'ab', `ab${'\0'.repeat(30)}`],
    ['binary', Buffer.alloc(65_536, 7), '\x07'.repeat(32)],
    ['binary', 'ā', undefined],
    ['binary', '', undefined],
    ['binary', 7, undefined],
    ['binary', 7n, undefined],
  ] as const)('of type %s, from %o', (type, value, key) => {
    const table = stickTable({ type, size: 4 })
    expect(table.keyOf(value)).toBe(key)
    if (key === undefined) return
    table.bind(value, 'app1')
    expect(table.find(value)).toBe('app1')
    // Its own spelling is the same key.
    expect(table.keyOf(key)).toBe(key)
    expect([...table.entries()].map(entry => entry.key)).toEqual([key])
  })

  test('of any bytes is told from any other of the same length', () => {
    const bytes = () => uint8Array({ minLength: 8, maxLength: 8 })
    assert(
      property(bytes(), bytes(), (one, other) => {
        const table = stickTable({ type: 'binary', length: 8, size: 4 })
        table.bind(one, 'one')
        table.bind(other, 'other')
        expect(table.find(other)).toBe('other')
        expect(table.find(one)).toBe(Buffer.compare(one, other) === 0 ? 'other' : 'one')
      }),
    )
  })
})

describe('an option is refused', () => {
  test.each([
    [{ types: 1 }, 'stickTable has no option "types" (value 1)'],
    [{ name: 'a b' }, 'name is "a b"; allowed is 1 to 64 letters'],
    [{ name: 7 }, 'name is 7'],
    [{ type: 'ipv4' }, 'type is "ipv4"; allowed is one of ip, ipv6, integer, string, binary'],
    [{ type: 'ip', length: 8 }, 'length is 8; allowed is none'],
    [{ type: 'string', length: 0 }, 'length is 0; allowed is an integer from 1 to 65536'],
    [{ size: 0 }, 'size is 0; allowed is an integer from 1 to 10000000'],
    [{ size: 1e9 }, 'size is 1000000000'],
    [{ expireMs: 0 }, 'expireMs is 0'],
    [{ nopurge: 1 }, 'nopurge is 1; allowed is true or false'],
    [{ clock: {} }, 'clock is an object; allowed is an object with now()'],
    [{ clock: null }, 'clock is null'],
    [{ clock: 7 }, 'clock is 7'],
    [{ store: { gpc0: true } }, 'store has no option "gpc0"'],
    [{ store: { conn_cnt: 1 } }, 'store.conn_cnt is 1; allowed is true or false'],
    [{ store: { conn_rate: true } }, 'store.conn_rate is true; allowed is an object with periodMs'],
    [{ store: { conn_rate: {} } }, 'store.conn_rate.periodMs is undefined; allowed is an integer from 2'],
    [{ store: { conn_rate: { periodMs: 1 } } }, 'store.conn_rate.periodMs is 1'],
    [{ store: { gpc: 101 } }, 'store.gpc is 101; allowed is an integer from 1 to 100'],
    [{ store: { gpt: 0 } }, 'store.gpt is 0'],
    [{ store: { gpc_rate: { count: 0, periodMs: 5 } } }, 'store.gpc_rate.count is 0'],
    [{ store: { gpc_rate: 5 } }, 'store.gpc_rate options is 5'],
  ])('%j', (options, message) => {
    expect(() => stickTable(options as never)).toThrow(message)
  })

  test('and one that is off is as if it were not there', () => {
    expect(
      stickTable({ store: { conn_cnt: false, conn_rate: undefined }, expireMs: Number.POSITIVE_INFINITY })
        .layout.store,
    ).toEqual({})
  })
})

describe('numbers that an operator sets', () => {
  const made = () => {
    const clock = handClock(1000)
    const table = stickTable({
      type: 'string',
      clock,
      store: {
        conn_cnt: true,
        conn_cur: true,
        bytes_in_cnt: true,
        http_req_rate: { periodMs: 1000 },
        gpc: 2,
        gpt: 1,
      },
    })
    return { clock, table }
  }

  test('are what is read then, of counts, rates and tags', () => {
    const { clock, table } = made()
    clock.time += 10
    expect(table.setNumber('a', 'conn_cnt', 7)).toBe(true)
    expect(table.setNumber('a', 'http_req_rate', 5)).toBe(true)
    expect(table.setNumber('a', 'gpt', 3, 0)).toBe(true)
    expect(table.setNumber('a', 'conn_cnt', 2)).toBe(true)
    expect([table.get('a', 'conn_cnt'), table.get('a', 'http_req_rate'), table.get('a', 'gpt', 0)]).toEqual([
      2, 5, 3,
    ])
    clock.time += 2000
    expect(table.get('a', 'http_req_rate')).toBe(0)
  })

  test('are not those that are not kept, nor how many there are now', () => {
    const { table } = made()
    expect([
      table.setNumber('a', 'sess_cnt', 1),
      table.setNumber('a', 'conn_cur', 1),
      table.setNumber('a', 'gpt', 1, 4),
    ]).toEqual([false, false, false])
    expect(table.has('a')).toBe(false)
  })

  test('have a period where they are rates', () => {
    const { table } = made()
    expect([
      table.periodMs('http_req_rate'),
      table.periodMs('conn_cnt'),
      table.periodMs('sess_rate'),
    ]).toEqual([1000, undefined, undefined])
  })
})
