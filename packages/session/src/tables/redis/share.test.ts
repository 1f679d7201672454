import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type StickTableOptions, stickTable } from '../stick-table.ts'
import type { RedisClient } from './link.ts'
import { type ShareOptions, shareByRedis } from './share.ts'
import { type RedisServer, redisInstalled, redisServer, redisTitle } from './test-support.ts'

const store = {
  ...{
    conn_cnt: true,
    conn_cur: true,
    http_req_cnt: true,
    http_req_rate: { periodMs: 60_000 },
    bytes_in_cnt: true,
  },
  ...{ gpc: 1, gpc_rate: { count: 1, periodMs: 60_000 }, gpt: 2 },
} as const
let tables = 0

/** What Redis has of `http_req_cnt`, which this store has second. */
async function requestsInRedis({ name, client }: Pick<P, 'name' | 'client'>, key: string): Promise<number> {
  const fields = await client
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .hGetAll(`evener:{${name}}:${key}`)
  const [numbers] = Object.entries(fields).filter(([field]) =>
    field.startsWith('numbers conn_cnt http_req_cnt '),
  )
  return (numbers?.[1] as unknown as Buffer | undefined)?.readDoubleLE(8) ?? 0
}

/** Wait for something, for at most ten seconds. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`still not: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe.skipIf(!redisInstalled)(redisTitle('a table that processes share'), () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await redisServer()
  })
  afterAll(() => redis.close())

  /** Several processes in one: each has a table and a client of its own, and all share them under a new name. */
  async function processes(count: number, options: Partial<ShareOptions> = {}, more: StickTableOptions = {}) {
    const name = `t${tables++}`
    return Promise.all(
      Array.from({ length: count }, async () => {
        const table = stickTable({ name, type: 'string', size: 1_000, store, ...more })
        const client = await redis.client()
        const shared = shareByRedis({ table, client, waitMs: 2_000, ...options })
        onTestFinished(() => shared.close(100))
        return { name, table, client, shared }
      }),
    )
  }

  test('counts for all, whoever counted: each has the totals with its next change', async () => {
    const [one, other] = (await processes(2)) as [P, P]
    const ann = one.table.track('ann')!
    ann.count('http_req', 5)
    ann.count('bytes_in', 6_000_000_000)
    ann.increment(0, 3)
    ann.tag(1, 42)
    expect(await one.shared.flush()).toBe(true)
    const same = other.table.track('ann')!
    same.count('http_req', 2)
    expect(same.get('http_req_cnt')).toBe(2)
    await other.shared.flush()
    expect([...other.table.entries()][0]).toMatchObject({
      data: {
        ...{ conn_cnt: 2, conn_cur: 1, http_req_cnt: 7, http_req_rate: 7, bytes_in_cnt: 6_000_000_000 },
        ...{ 'gpc.0': 3, 'gpc_rate.0': 3, 'gpt.0': 0, 'gpt.1': 42 },
      },
    })
    expect(same.clear(0)).toBe(3)
    other.table.track('ann')
    await other.shared.flush()
    ann.count('http_req')
    await one.shared.flush()
    expect([ann.get('gpc', 0), ann.get('gpc_rate', 0), ann.get('conn_cnt'), ann.get('conn_cur')]).toEqual([
      0, 3, 3, 1,
    ])
    expect(one.shared.counters).toMatchObject({ batchErrors: 0, keysDropped: 0, badAnswers: 0 })
  })

  test('keeps what happens while a batch is under way', async () => {
    const [one] = (await processes(1)) as [P]
    const ann = one.table.track('ann')!
    for (let turn = 0; turn < 50; turn++) {
      ann.count('http_req')
      ann.tag(0, turn)
      await new Promise(resolve => setImmediate(resolve))
      expect([ann.get('http_req_cnt'), ann.get('http_req_rate'), ann.get('gpt', 0)]).toEqual([
        turn + 1,
        turn + 1,
        turn,
      ])
    }
    await one.shared.flush()
    expect(await requestsInRedis(one, 'ann')).toBe(50)
    expect(one.shared.counters.batches).toBeGreaterThan(1)
    expect(one.shared.pending).toBe(0)
  })

  test('knows in each process where a client belongs, and forgets as told', async () => {
    const [one, other] = (await processes(2, {}, { expireMs: 60_000 })) as [P, P]
    expect(await one.table.find('ann')).toBeUndefined()
    one.table.bind('ann', 'app1', undefined)
    await one.shared.flush()
    expect(await other.table.find('ann')).toBe('app1')
    // From now on it is known here.
    expect(other.table.find('ann')).toBe('app1')
    const ttl = await one.client.pTTL(`evener:{${one.name}}:ann`)
    expect(ttl).toBeGreaterThan(50_000)
    one.table.delete('ann')
    await one.shared.flush()
    expect(await one.client.exists(`evener:{${one.name}}:ann`)).toBe(0)
  })

  test('has one server for a key that several bind at once, and moves it for who knew', async () => {
    const all = (await processes(4, { cacheMs: 0 })) as P[]
    for (const [at, { table }] of all.entries()) table.bind('ann', `app${at}`, undefined)
    const found = await Promise.all(all.map(({ table }) => table.find('ann')))
    expect(new Set(found).size).toBe(1)
    const [server] = found as [string]
    // It died: who has found it binds another, and a late one that had found nothing changes nothing.
    all[1]!.table.bind('ann', 'app9', server)
    await all[1]!.shared.flush()
    all[2]!.table.bind('ann', 'app8', undefined)
    await all[2]!.shared.flush()
    expect(await Promise.all(all.map(({ table }) => table.find('ann')))).toEqual(Array(4).fill('app9'))
  })

  test('is told of a server also by the answer to what it counts', async () => {
    const [one, other] = (await processes(2)) as [P, P]
    one.table.bind('ann', 'app1')
    await one.shared.flush()
    other.table.count('ann', 'http_req')
    await other.shared.flush()
    expect(other.table.find('ann')).toBe('app1')
    expect(other.shared.counters.lookups).toBe(0)
  })

  test('has rates that turn by the clock of Redis, whatever clocks the processes have', async () => {
    const clock = { time: 5, now: () => clock.time }
    const [one] = (await processes(1, {}, { clock })) as [P]
    const [other] = [shareTable(one.name, await redis.client())]
    other.table.count('ann', 'http_req', 6)
    await other.shared.flush()
    one.table.count('ann', 'http_req', 2)
    await one.shared.flush()
    expect(one.table.get('ann', 'http_req_rate')).toBe(8)
    clock.time += 120_001
    expect(one.table.get('ann', 'http_req_rate')).toBe(0)
  })

  function shareTable(name: string, client: RedisClient, options: Partial<ShareOptions> = {}) {
    const table = stickTable({ name, type: 'string', size: 1_000, store })
    const shared = shareByRedis({ table, client, ...options })
    onTestFinished(() => shared.close(100))
    return { table, shared }
  }

  test('goes on where Redis has something else under its keys', async () => {
    const [one] = (await processes(1)) as [P]
    const key = (name: string) => `evener:{${one.name}}:${name}`
    await one.client.set(key('ann'), 'what is this')
    one.table.count('bob', 'http_req', 7)
    await one.shared.flush()
    const [field] = (await one.client.hKeys(key('bob'))) as [string]
    await one.client.hSet(key('bob'), { server: 'app1', [field]: 'these are no numbers' })
    one.table.count('ann', 'http_req', 2)
    one.table.count('bob', 'http_req', 3)
    await one.shared.flush()
    expect([one.table.get('ann', 'http_req_cnt'), one.table.get('bob', 'http_req_cnt')]).toEqual([2, 3])
    expect(one.shared.counters).toMatchObject({ keysDropped: 1, keysSent: 2, badAnswers: 0 })
    expect(await one.table.find('ann')).toBeUndefined()
    expect(one.shared.counters.lookupErrors).toBe(1)
    expect(one.table.find('bob')).toBe('app1')
  })

  test('has processes that count other things count apart, and agree on servers', async () => {
    const [one] = (await processes(1)) as [P]
    const table = stickTable({
      name: one.name,
      type: 'string',
      store: { http_req_cnt: true, conn_cnt: true, gpc: 9 },
    })
    const shared = shareByRedis({ table, client: await redis.client(), waitMs: 2_000 })
    onTestFinished(() => shared.close(100))
    for (const each of [one.table, table]) each.count('ann', 'http_req', 2)
    one.table.bind('ann', 'app1')
    await one.shared.flush()
    await shared.flush()
    one.table.count('ann', 'http_req', 1)
    await one.shared.flush()
    expect([one.table.get('ann', 'http_req_cnt'), table.get('ann', 'http_req_cnt')]).toEqual([3, 2])
    expect(await table.find('ann')).toBe('app1')
  })

  test('goes on after an increment that is no number', async () => {
    const [one] = (await processes(1)) as [P]
    one.table.count('ann', 'http_req', Number.NaN)
    one.table.count('ann', 'http_req', 2)
    await one.shared.flush()
    expect(await requestsInRedis(one, 'ann')).toBe(2)
    expect(one.shared.counters).toMatchObject({ batchErrors: 0, keysSent: 1 })
  })

  test('serves other tables of the same Redis, and keys of any bytes', async () => {
    const [one, other] = (await processes(2, {}, { type: 'binary', length: 8 })) as [P, P]
    const keys = [Buffer.from([0, 1, 2, 255, 254, 13, 10, 34]), Buffer.alloc(65_536, 0xe9), '\\"{}%$']
    for (const [at, key] of keys.entries()) one.table.bind(key, `app${at}`)
    await one.shared.flush()
    expect(await Promise.all(keys.map(key => other.table.find(key)))).toEqual(['app0', 'app1', 'app2'])
  })

  describe('when Redis is away', () => {
    test('nobody waits, and what was counted meanwhile is applied once it is back', async () => {
      const [one, other] = (await processes(2)) as [P, P]
      one.table.bind('ann', 'app1')
      one.table.count('ann', 'http_req', 5)
      await one.shared.flush()
      await redis.stop()
      await until(() => !one.client.isReady && !other.client.isReady)
      one.table.count('ann', 'http_req', 3)
      one.table.count('bob', 'http_req', 1)
      other.table.count('ann', 'http_req', 4)
      other.table.bind('cy', 'app2')
      expect(one.shared.ready).toBe(false)
      expect([one.table.find('ann'), one.table.find('nobody'), other.table.find('cy')]).toEqual([
        'app1',
        undefined,
        'app2',
      ])
      expect(one.shared.counters.lookupsSkipped).toBeGreaterThanOrEqual(1)
      expect(await one.shared.flush(50)).toBe(false)
      await redis.start()
      expect(await one.shared.flush(10_000)).toBe(true)
      expect(await other.shared.flush(10_000)).toBe(true)
      await until(() => one.client.isReady)
      expect([await requestsInRedis(one, 'ann'), await requestsInRedis(one, 'bob')]).toEqual([12, 1])
      expect(await one.table.find('cy')).toBe('app2')
    })

    test('nothing is lost and nothing counted twice, however often it restarts in the middle of it', async () => {
      const [one, other] = (await processes(2, { maxBatch: 7 })) as [P, P]
      let counted = 0
      for (let round = 0; round < 3; round++) {
        for (let turn = 0; turn < 60; turn++) {
          for (const { table } of [one, other]) {
            table.count(`client ${turn % 10}`, 'http_req')
            counted++
          }
          await new Promise(resolve => setImmediate(resolve))
          if (turn === 30) await redis.stop()
        }
        await redis.start()
      }
      expect(await one.shared.flush(10_000)).toBe(true)
      expect(await other.shared.flush(10_000)).toBe(true)
      await until(() => one.client.isReady)
      const totals = await Promise.all(
        Array.from({ length: 10 }, (_, at) => requestsInRedis(one, `client ${at}`)),
      )
      expect(totals.reduce((sum, total) => sum + total, 0)).toBe(counted)
    })

    test('one that accepts and never answers is waited for as long as was said, and then not at all', async () => {
      const [one] = (await processes(1, { waitMs: 30, timeoutMs: 50 })) as [P]
      one.table.count('ann', 'http_req')
      await one.shared.flush()
      redis.freeze()
      onTestFinished(() => void redis.thaw())
      for (let i = 0; i < 3; i++) expect(await one.table.find(`new ${i}`)).toBeUndefined()
      expect(one.shared.counters.lookupTimeouts).toBe(3)
      expect([one.shared.ready, one.table.find('new 4')]).toEqual([false, undefined])
      one.table.count('ann', 'http_req', 2)
      await until(() => one.shared.counters.batchTimeouts === 1)
      one.table.count('ann', 'http_req', 3)
      redis.thaw()
      await until(() => one.shared.ready)
      expect(await one.shared.flush(10_000)).toBe(true)
      expect(await requestsInRedis(one, 'ann')).toBe(6)
    })

    test('changes are kept for so many keys, and counted beyond', async () => {
      const [one] = (await processes(1, { maxPending: 2 })) as [P]
      await redis.stop()
      await until(() => !one.client.isReady)
      for (const key of ['a', 'b', 'c', 'a']) one.table.count(key, 'http_req')
      one.table.bind('d', 'app1')
      one.table.delete('e')
      one.table.track('f')?.tag(0, 1)
      expect([one.shared.pending, one.shared.counters.keysDropped]).toEqual([2, 5])
      expect(one.table.get('c', 'http_req_cnt')).toBe(1)
      await redis.start()
      expect(await one.shared.flush(10_000)).toBe(true)
    })
  })

  test('16 processes agree on the server of a key from the second request on', async () => {
    const [, count, keys] = [0, 16, 40]
    const fixture = fileURLToPath(new URL('./agree.isolated.ts', import.meta.url))
    const children: ChildProcess[] = Array.from({ length: count }, (_, at) =>
      fork(fixture, [String(redis.port), `app${at}`, String(keys)], {
        execArgv: ['--conditions=@evener/source'],
      }),
    )
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL')
    })
    const said = async () =>
      (await Promise.all(children.map(child => once(child, 'message')))).map(([what]) => what)
    await said()
    const ask = async (what: string): Promise<(string | undefined)[][]> => {
      const answers = said()
      for (const child of children) child.send(what)
      return answers
    }
    await ask('first')
    const second = await ask('second')
    for (const one of second) expect(one).toEqual(second[0])
    expect(second[0]).not.toContain(null)
    const gone = Promise.all(children.map(child => once(child, 'exit')))
    for (const child of children) child.send('end')
    await gone
  }, 90_000)
})

type P = {
  name: string
  table: ReturnType<typeof stickTable>
  client: Awaited<ReturnType<RedisServer['client']>>
  shared: ReturnType<typeof shareByRedis>
}

describe('a client that answers wrong', () => {
  /** Answers of a Redis that is none. */
  function shareOf(answer: (args: string[]) => unknown, options: Partial<ShareOptions> = {}) {
    const table = stickTable({ type: 'string', size: 10, store: { conn_cnt: true, gpt: 1 } })
    const sent: string[][] = []
    const client = {
      sendCommand: async (args: string[]) => {
        sent.push(args)
        return answer(args)
      },
    }
    const shared = shareByRedis({ table, client, ...options })
    onTestFinished(() => shared.close(0))
    return { table, shared, sent }
  }

  test.each([
    [undefined],
    ['OK'],
    [7],
    [[]],
    [[['app1']]],
    [[[7, 1, 0]]],
    [[[null, -1, 0]]],
    [[[null, 1.5, 0]]],
    [[[null, 'x', 0]]],
    [[[null, 1, 0, 0]]],
  ])('%j to a batch is counted, and changes nothing', async answer => {
    const { table, shared } = shareOf(() => answer)
    table.count('ann', 'conn', 3)
    expect(await shared.flush()).toBe(true)
    expect(shared.counters).toMatchObject({ badAnswers: 1, keysDropped: 1 })
    expect([table.get('ann', 'conn_cnt'), table.server('ann')]).toEqual([3, undefined])
  })

  test.each([[7], [['app1']], [{}], [undefined]])('%j to a look-up is no server', async answer => {
    const { table, shared } = shareOf(() => answer)
    expect(await table.find('ann')).toBeUndefined()
    expect(shared.counters.badAnswers).toBe(1)
  })

  test('with an error, or none that is one, is asked again later, with the same number', async () => {
    let times = 0
    const { table, shared, sent } = shareOf(() => {
      if (++times === 1) throw new Error('LOADING Redis is loading the dataset in memory')
      if (times === 2) throw 'not an error'
      return [['app1', 5, 0]]
    })
    table.count('ann', 'conn')
    expect(await shared.flush()).toBe(true)
    expect(shared.counters).toMatchObject({ batchErrors: 2, batches: 1 })
    expect(sent[0]).toEqual(sent[2])
    expect([table.get('ann', 'conn_cnt'), table.server('ann'), shared.ready]).toEqual([5, 'app1', true])
  })

  test('that does not know the script is told it', async () => {
    const { table, shared, sent } = shareOf(([command]) => {
      if (command === 'EVALSHA') throw new Error('NOSCRIPT No matching script.')
      return [[null, 5, 0]]
    })
    table.count('ann', 'conn')
    expect(await shared.flush()).toBe(true)
    expect(sent.map(([command]) => command)).toEqual(['EVALSHA', 'EVAL'])
    expect(shared.counters.batchErrors).toBe(0)
  })

  test('never, has no more than so many look-ups waiting', async () => {
    const { table, shared } = shareOf(() => new Promise(() => {}), { waitMs: 1 })
    await Promise.all(Array.from({ length: 1_200 }, (_, at) => table.find(`client ${at}`)))
    expect(shared.counters).toMatchObject({ lookups: 1_000, lookupsSkipped: 200 })
  })

  test('is left alone once the table is shared no more', async () => {
    const { table, shared, sent } = shareOf(() => [[null, 1, 0]])
    table.count('ann', 'conn')
    await shared.close()
    expect(sent.length).toBe(1)
    table.count('ann', 'conn')
    table.bind('ann', 'app1')
    expect(table.find('ann')).toBe('app1')
    expect(shared.pending).toBe(0)
  })
})

describe('an option is refused', () => {
  const table = stickTable({ size: 10 })
  const client = { sendCommand: async () => null }
  test.each([
    [{}, 'table is undefined; allowed is a stickTable()'],
    [{ table }, 'client is undefined; allowed is a client with sendCommand()'],
    [{ table, client: {} }, 'client is an object'],
    [{ table, client, prefix: 'a b' }, 'prefix is "a b"'],
    [{ table, client, waitMs: 0 }, 'waitMs is 0; allowed is an integer from 1 to 10000'],
    [{ table, client, cacheMs: -1 }, 'cacheMs is -1'],
    [{ table, client, timeoutMs: 0 }, 'timeoutMs is 0'],
    [{ table, client, maxPending: 0 }, 'maxPending is 0'],
    [{ table, client, maxBatch: 1_001 }, 'maxBatch is 1001'],
    [{ table, client, timers: {} }, 'timers is an object'],
    [{ table, client, url: 'x' }, 'shareByRedis has no option "url"'],
  ])('%o', (options, message) => {
    expect(() => shareByRedis(options as never)).toThrow(message)
    expect(table.replicated).toBe(false)
  })

  test('and a table that is shared already', () => {
    const shared = shareByRedis({ table, client })
    expect(() => shareByRedis({ table, client })).toThrow(
      'table is "table"; allowed is a table that is not shared yet',
    )
    return shared.close()
  })
})
