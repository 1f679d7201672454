import { describe, expect, test } from 'vitest'
import { byCookie, byHeader, byResponseHeader, bySetCookie, bySourceAddress } from './keys.ts'
import { stick } from './stick.ts'
import { type Replica, stickTable } from './stick-table.ts'
import { request, response } from './test-support.ts'

describe('stick on', () => {
  test('sends a client back to the server that served it, and no other client', () => {
    const affinity = stick({ table: stickTable() })
    expect(affinity.find(request('192.0.2.1'))).toBeUndefined()
    expect(affinity.bind(request('192.0.2.1'), 'app1', undefined)).toBeUndefined()
    affinity.bind(request('192.0.2.2'), 'app2', undefined)
    expect(affinity.find(request('192.0.2.1'))).toBe('app1')
    expect(affinity.find(request('::ffff:192.0.2.2'))).toBe('app2')
    expect(affinity.find(request('192.0.2.3'))).toBeUndefined()
    affinity.bind(request('192.0.2.1'), 'app2', 'app1')
    expect(affinity.find(request('192.0.2.1'))).toBe('app2')
  })

  test('remembers nothing of a request without a key', () => {
    const table = stickTable()
    const affinity = stick({ table })
    for (const client of [request(), request('not an address')]) {
      affinity.bind(client, 'app1', undefined)
      expect(affinity.find(client)).toBeUndefined()
    }
    expect(table.used).toBe(0)
  })

  test('never remembers a server that is told not to stick, and keeps what it knew', () => {
    const affinity = stick({ table: stickTable(), nonStick: ['spare'] })
    affinity.bind(request('192.0.2.1'), 'spare', undefined)
    expect(affinity.find(request('192.0.2.1'))).toBeUndefined()
    affinity.bind(request('192.0.2.1'), 'app1', undefined)
    affinity.bind(request('192.0.2.1'), 'spare', 'app1')
    expect(affinity.find(request('192.0.2.1'))).toBe('app1')
  })

  test('knows clients by a header, in any case of its name', () => {
    const affinity = stick({ table: stickTable({ type: 'string' }), on: byHeader('X-User') })
    affinity.bind(request('192.0.2.1', { 'x-user': 'ann' }), 'app1', undefined)
    expect(affinity.find(request('192.0.2.9', { 'x-user': 'ann' }))).toBe('app1')
    expect(affinity.find(request('192.0.2.1', { 'x-user': 'bob' }))).toBeUndefined()
    expect(affinity.find(request('192.0.2.1'))).toBeUndefined()
  })

  test('knows clients by the first cookie of a name', () => {
    const affinity = stick({ table: stickTable({ type: 'string' }), on: byCookie('sid') })
    affinity.bind(request(undefined, { cookie: 'x=1; sid=abc; sid=def' }), 'app1', undefined)
    expect(affinity.find(request(undefined, { cookie: 'sid=abc' }))).toBe('app1')
    expect(affinity.find(request(undefined, { cookie: 'sid=def' }))).toBeUndefined()
    expect(affinity.find(request())).toBeUndefined()
  })
})

describe('rules', () => {
  test('that match are tried in their order, past those without a key and servers that cannot be used', () => {
    const [byUser, byAddress] = [stickTable({ type: 'string' }), stickTable()]
    const affinity = stick({
      rules: [
        { match: byHeader('x-user'), table: byUser },
        { match: bySourceAddress(), table: byAddress },
      ],
    })
    byUser.bind('ann', 'app1')
    byAddress.bind('192.0.2.1', 'app2')
    const ann = request('192.0.2.1', { 'x-user': 'ann' })
    expect(affinity.find(ann)).toBe('app1')
    expect(affinity.find(ann, id => id !== 'app1')).toBe('app2')
    expect(affinity.find(ann, () => false)).toBeUndefined()
    expect(affinity.find(request('192.0.2.1'))).toBe('app2')
    // They store nothing.
    affinity.bind(request('192.0.2.7'), 'app3', undefined)
    expect(byAddress.used).toBe(1)
  })

  test('that store do so once for each table by request, and once by response', () => {
    const table = stickTable({ type: 'string' })
    const addresses = stickTable()
    const affinity = stick({
      table,
      rules: [
        { storeRequest: byHeader('x-user') },
        { storeRequest: byHeader('x-device') },
        { storeRequest: bySourceAddress(), table: addresses },
        { storeResponse: bySetCookie('sid') },
        { storeResponse: byResponseHeader('X-Session') },
      ],
    })
    const both = request('192.0.2.1', { 'x-user': 'ann', 'x-device': 'd1' })
    const answer = response({ 'x-session': 's9' }, ['other=1', 'sid=abc; path=/'])
    affinity.bind(both, 'app1', undefined, answer)
    expect([...table.entries()].map(({ key }) => key).sort()).toEqual(['abc', 'ann'])
    expect(addresses.server('192.0.2.1')).toBe('app1')
    affinity.bind(
      request(undefined, { 'x-device': 'd1' }),
      'app2',
      undefined,
      response({ 'x-session': 's9' }, ['sid=']),
    )
    expect([table.server('d1'), table.server('s9')]).toEqual(['app2', 'app2'])
    affinity.bind(request(undefined, { 'x-user': 'bob' }), 'app2', undefined)
    affinity.bind(request(), 'app2', undefined, response({}, ['sid=all']))
    expect([table.server('bob'), table.server('all')]).toEqual(['app2', 'app2'])
    expect(affinity.find(both)).toBeUndefined()
  })

  test('know the session that the server opened when the client comes back with it', () => {
    const table = stickTable({ type: 'string' })
    const affinity = stick({
      table,
      rules: [{ match: byCookie('sid') }, { storeResponse: bySetCookie('sid') }],
    })
    affinity.bind(request(), 'app1', undefined, response({}, ['sid=abc; HttpOnly']))
    expect(affinity.find(request(undefined, { cookie: 'sid=abc' }))).toBe('app1')
  })

  test('are for the requests that they say', () => {
    const table = stickTable()
    const internal = (client: { sourceAddress?: string | undefined }) =>
      client.sourceAddress?.startsWith('10.') === true
    const affinity = stick({
      table,
      rules: [
        { on: bySourceAddress(), when: client => !internal(client) },
        { storeResponse: () => '192.0.2.200', when: client => !internal(client) },
      ],
    })
    affinity.bind(request('10.0.0.1'), 'app1', undefined, response())
    expect(table.used).toBe(0)
    affinity.bind(request('192.0.2.1'), 'app1', undefined, response())
    expect(table.used).toBe(2)
  })
})

describe('what goes wrong', () => {
  const fail = () => {
    throw new Error('gone')
  }

  test('in a key leads to no server, and is told, even where the one who is told throws too', () => {
    const steps: string[] = []
    const onError = (_: unknown, step: string) => {
      steps.push(step)
      fail()
    }
    const affinity = stick({ table: stickTable(), rules: [{ on: fail }, { storeResponse: fail }], onError })
    expect(affinity.find(request())).toBeUndefined()
    expect(affinity.bind(request(), 'app1', undefined, response())).toBeUndefined()
    expect(steps).toEqual(['key', 'key', 'key'])
    expect(stick({ table: stickTable(), on: fail }).find(request())).toBeUndefined()
  })

  const client = request('192.0.2.1')
  const shared = (find: Replica['find'], bound: Replica['bound'] = () => {}) => {
    const table = stickTable()
    table.replicate({ added() {}, tagged() {}, deleted() {}, find, bound })
    return table
  }

  test('in a shared table does so too, and the next rule has its turn', async () => {
    const steps: string[] = []
    const onError = (_: unknown, step: string) => steps.push(step)
    const known = shared(async () => 'app2')
    const rules = [shared(fail, fail), shared(async () => fail()), shared(async () => undefined), known]
    const affinity = stick({ rules: rules.map(table => ({ on: bySourceAddress(), table })), onError })
    await expect(affinity.find(client)).resolves.toBe('app2')
    await expect(affinity.find(client, id => id !== 'app2')).resolves.toBeUndefined()
    affinity.bind(client, 'app1', undefined)
    expect(steps).toEqual(['find', 'find', 'find', 'find', 'bind'])
  })
})

describe('an option is refused', () => {
  const table = stickTable()
  const on = bySourceAddress()
  test.each([
    [{ tables: 1 }, 'stick has no option "tables"'],
    [{}, 'table is undefined; allowed is a stickTable()'],
    [{ table: {} }, 'table is an object; allowed is a stickTable()'],
    [{ table, on: 'src' }, 'on is "src"; allowed is a function'],
    [{ table, on, rules: [] }, 'rules is a list of 0; allowed is 1 to 64 rules'],
    [{ table, rules: [] }, 'rules is a list of 0'],
    [{ table, rules: 7 }, 'rules is 7'],
    [{ table, rules: [{}] }, 'rules[0].rule is "empty"; allowed is exactly one of on, match'],
    [{ table, rules: [{ on, match: on }] }, 'rules[0].rule is "on, match"'],
    [{ table, rules: [{ on }, { match: 1 }] }, 'rules[1].match is 1; allowed is a function'],
    [{ table, rules: [{ on, when: 1 }] }, 'rules[0].when is 1'],
    [{ rules: [{ on }] }, 'rules[0].table is undefined'],
    [{ table, onError: 7 }, 'onError is 7; allowed is a function'],
    [{ table, nonStick: 's1' }, 'nonStick is "s1"; allowed is a list of server ids'],
    [{ table, nonStick: [7] }, 'allowed is a list of server ids'],
  ])('%o', (options, message) => {
    expect(() => stick(options as never)).toThrow(message)
  })

  test.each([
    [() => byHeader('x y'), 'byHeader name is "x y"'],
    [() => byHeader(undefined as never), 'byHeader name is undefined'],
    [() => byResponseHeader('x y'), 'byResponseHeader name is "x y"'],
    [() => byCookie('a=b'), 'byCookie name is "a=b"'],
    [() => bySetCookie('x'.repeat(300)), `bySetCookie name is "${'x'.repeat(79)}…`],
  ])('%s', (make, message) => {
    expect(make).toThrow(message)
  })
})
