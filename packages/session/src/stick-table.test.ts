import { describe, expect, test } from 'vitest'
import type { AffinityRequest } from './affinity.ts'
import { memoryStore } from './memory-store.ts'
import { byCookie, byHeader, bySourceAddress } from './stick-key.ts'
import type { StickStore } from './stick-store.ts'
import { stickTable } from './stick-table.ts'

function request(sourceAddress?: string, headers: Record<string, string> = {}): AffinityRequest {
  return { sourceAddress, header: name => headers[name] }
}

/** A clock that stands until it is moved, and starts at nothing. */
function handClock() {
  return {
    time: 0,
    now() {
      return this.time
    },
  }
}

describe('a stick table', () => {
  test('knows no server for a client it has not seen', () => {
    expect(stickTable().find(request('192.0.2.1'))).toBeUndefined()
  })

  test('sends a client back to the server that served it, and no other client', () => {
    const table = stickTable()
    expect(table.bind(request('192.0.2.1'), 'app1', undefined)).toBeUndefined()
    table.bind(request('192.0.2.2'), 'app2', undefined)
    expect(table.find(request('192.0.2.1'))).toBe('app1')
    expect(table.find(request('192.0.2.2'))).toBe('app2')
    expect(table.find(request('192.0.2.3'))).toBeUndefined()
  })

  test('follows a client that was served by another server', () => {
    const table = stickTable()
    table.bind(request('192.0.2.1'), 'app1', undefined)
    table.bind(request('192.0.2.1'), 'app2', 'app1')
    expect(table.find(request('192.0.2.1'))).toBe('app2')
  })

  test('takes an IPv4 client for the same on an IPv6 listener', () => {
    const table = stickTable({ key: bySourceAddress() })
    table.bind(request('192.0.2.1'), 'app1', undefined)
    expect(table.find(request('::ffff:192.0.2.1'))).toBe('app1')
  })

  test('remembers nothing of a request without a key', () => {
    const store = memoryStore()
    const table = stickTable({ store })
    table.bind(request(), 'app1', undefined)
    table.bind(request('not an address'), 'app1', undefined)
    expect(store.size).toBe(0)
    expect(table.find(request())).toBeUndefined()
    const byUser = stickTable({ key: byHeader('X-User'), store })
    byUser.bind(request('192.0.2.1', { 'x-user': '' }), 'app1', undefined)
    expect(store.size).toBe(0)
  })

  test('knows clients by a header, in any case of its name', () => {
    const table = stickTable({ key: byHeader('X-User') })
    table.bind(request('192.0.2.1', { 'x-user': 'ann' }), 'app1', undefined)
    expect(table.find(request('192.0.2.9', { 'x-user': 'ann' }))).toBe('app1')
    expect(table.find(request('192.0.2.1', { 'x-user': 'bob' }))).toBeUndefined()
  })

  test('knows clients by the first cookie of a name', () => {
    const table = stickTable({ key: byCookie('sid') })
    table.bind(request(undefined, { cookie: 'x=1; sid=abc; sid=def' }), 'app1', undefined)
    expect(table.find(request(undefined, { cookie: 'sid=abc' }))).toBe('app1')
    expect(table.find(request(undefined, { cookie: 'sid=def' }))).toBeUndefined()
    expect(table.find(request(undefined, { cookie: 'x=1' }))).toBeUndefined()
    expect(table.find(request())).toBeUndefined()
  })

  test('keeps long keys apart without keeping them', () => {
    const keys: string[] = []
    const inner = memoryStore()
    const store: StickStore = {
      get: key => inner.get(key),
      delete: key => inner.delete(key),
      set(key, serverId) {
        keys.push(key)
        inner.set(key, serverId)
      },
    }
    const table = stickTable({ key: byHeader('x'), store })
    const long = (end: string) => request(undefined, { x: 'x'.repeat(65_536) + end })
    table.bind(long('1'), 'app1', undefined)
    table.bind(long('2'), 'app2', undefined)
    table.bind(request(undefined, { x: 'y'.repeat(256) }), 'app3', undefined)
    expect(table.find(long('1'))).toBe('app1')
    expect(table.find(long('2'))).toBe('app2')
    expect(keys.map(key => key.length)).toEqual([50, 50, 256])
  })
})

describe('a stick table on a store that takes its time, or fails', () => {
  const client = request('192.0.2.1')

  test('answers when the store does', async () => {
    const store: StickStore = { get: async () => 'app1', set: async () => 'OK', delete: async () => 1 }
    const table = stickTable({ store })
    expect(table.bind(client, 'app1', undefined)).toBeUndefined()
    await expect(table.find(client)).resolves.toBe('app1')
  })

  test('takes another word for nothing as nothing', async () => {
    const soon = stickTable({
      store: { get: async () => null, set() {}, delete() {} } as unknown as StickStore,
    })
    await expect(soon.find(client)).resolves.toBeUndefined()
    const now = stickTable({ store: { get: () => null, set() {}, delete() {} } as unknown as StickStore })
    expect(now.find(client)).toBeUndefined()
  })

  test('knows no server while the store rejects, and tells', async () => {
    const told: unknown[] = []
    const fail = async () => {
      throw new Error('gone')
    }
    const table = stickTable({
      store: { get: fail, set: fail, delete: fail },
      onError: (error, step) => told.push([step, (error as Error).message]),
    })
    await expect(table.find(client)).resolves.toBeUndefined()
    expect(table.bind(client, 'app1', undefined)).toBeUndefined()
    await Promise.resolve()
    expect(told).toEqual([
      ['get', 'gone'],
      ['set', 'gone'],
    ])
  })

  test('knows no server while the store or the key throws, even where the one who is told throws too', () => {
    const steps: string[] = []
    const fail = () => {
      throw new Error('gone')
    }
    const onError = (_error: unknown, step: string) => {
      steps.push(step)
      throw new Error('and so am I')
    }
    const table = stickTable({ store: { get: fail, set: fail, delete: fail }, onError })
    expect(table.find(client)).toBeUndefined()
    expect(table.bind(client, 'app1', undefined)).toBeUndefined()
    expect(stickTable({ key: fail, onError }).find(client)).toBeUndefined()
    expect(steps).toEqual(['get', 'set', 'key'])
  })

  test('needs nobody to be told', () => {
    const fail = () => {
      throw new Error('gone')
    }
    expect(stickTable({ key: fail }).find(client)).toBeUndefined()
  })
})

describe('a store in memory', () => {
  test('forgets the entry unused for longest when it is full', () => {
    const store = memoryStore({ maxEntries: 2 })
    store.set('a', 'app1')
    store.set('b', 'app2')
    store.get('a')
    store.set('c', 'app3')
    expect([store.get('a'), store.get('b'), store.get('c')]).toEqual(['app1', undefined, 'app3'])
    expect(store.size).toBe(2)
  })

  test('forgets an entry that was neither found nor set for the time given', () => {
    const clock = handClock()
    const store = memoryStore({ expireMs: 1_000, clock })
    store.set('found', 'app1')
    store.set('left', 'app1')
    clock.time = 1_000
    expect(store.get('found')).toBe('app1')
    clock.time = 2_000
    expect(store.get('found')).toBe('app1')
    expect(store.get('left')).toBeUndefined()
    store.set('found', 'app2')
    clock.time = 3_000
    expect(store.get('found')).toBe('app2')
    clock.time = 4_001
    expect(store.get('found')).toBeUndefined()
  })

  test('forgets what it is told to forget', () => {
    const store = memoryStore()
    store.set('a', 'app1')
    store.delete('a')
    expect(store.get('a')).toBeUndefined()
    expect(store.size).toBe(0)
  })

  test('keeps an entry for ever where no time is given', () => {
    const clock = handClock()
    const store = memoryStore({ clock })
    store.set('a', 'app1')
    clock.time = 1e15
    expect(store.get('a')).toBe('app1')
  })
})

describe('an option is refused', () => {
  test.each([
    [
      () => stickTable({ keys: 1 } as never),
      'stickTable has no option "keys" (value 1); it has key, store, onError',
    ],
    [() => stickTable('x' as never), 'stickTable options is "x"; allowed is an object'],
    [() => stickTable([] as never), 'stickTable options is a list of 0'],
    [() => stickTable({ key: 'src' as never }), 'key is "src"; allowed is a function'],
    [
      () => stickTable({ store: {} as never }),
      'store is an object; allowed is an object with get, set and delete',
    ],
    [() => stickTable({ store: 7 as never }), 'store is 7;'],
    [() => stickTable({ onError: 7 as never }), 'onError is 7; allowed is a function'],
    [() => memoryStore({ size: 7 } as never), 'memoryStore has no option "size"'],
    [() => memoryStore(null as never), 'memoryStore options is null'],
    [() => memoryStore({ maxEntries: 0 }), 'maxEntries is 0; allowed is an integer from 1 to 10000000'],
    [() => memoryStore({ maxEntries: 1.5 }), 'maxEntries is 1.5'],
    [() => memoryStore({ maxEntries: 1e9 }), 'maxEntries is 1000000000'],
    [() => memoryStore({ maxEntries: '9' as never }), 'maxEntries is "9"'],
    [() => memoryStore({ expireMs: -1 }), 'expireMs is -1'],
    [() => memoryStore({ clock: 7 as never }), 'clock is 7; allowed is an object with now()'],
    [() => memoryStore({ clock: null as never }), undefined],
    [() => memoryStore({ clock: {} as never }), 'clock is an object'],
    [() => byHeader('x y'), 'byHeader name is "x y"'],
    [() => byHeader(undefined as never), 'byHeader name is undefined'],
    [() => byCookie('a=b'), 'byCookie name is "a=b"'],
    [() => byCookie('x'.repeat(300)), `byCookie name is "${'x'.repeat(79)}…`],
  ])('%s', (make, message) => {
    if (message === undefined) expect(make).not.toThrow()
    else expect(make).toThrow(message)
  })
})
