import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, createFrontend } from '@evener/core'
import type { Checker } from '@evener/health'
import { patternList } from '@evener/rules'
import { stickTable } from '@evener/session'
import { expectEventually } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { statistics } from '../statistics.ts'
import { backendOf, serve } from '../test-support.ts'
import type { Level } from './level.ts'
import { type RuntimeApiOptions, runtimeApi } from './runtime-api.ts'

interface World {
  readonly backends?: readonly Backend[]
  readonly options?: Partial<RuntimeApiOptions>
  readonly level?: Level
}

/** An API on a port, and how to talk to it. */
async function world({ backends = [backendOf().backend], options = {}, level = 'admin' }: World = {}) {
  const frontend = createFrontend({ route: backends[0] as Backend })
  await frontend.listen({ port: 0, host: '127.0.0.1' })
  const stats = statistics({ frontends: { web: frontend }, backends })
  const tables = [
    stickTable({ name: 'clients', type: 'string', store: { gpc: 1, http_req_rate: { periodMs: 10_000 } } }),
  ]
  const patterns = [
    patternList({ name: 'blocked', entries: ['10.0.0.1'] }),
    patternList({ name: 'hosts', entries: { 'a.example': 'A' } }),
  ]
  const api = runtimeApi({ statistics: stats, tables, patterns, ...options })
  onTestFinished(async () => {
    await api.close()
    stats.close()
    await frontend.close({ drainMs: 0 })
  })
  const port = await api.listen({ port: 0, level })
  const open = () => {
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    return socket
  }
  /** What is said to one line, without the empty line that ends it. */
  const say = async (line: string) =>
    (await all(open(), `${line}\n`)).replace(/\n\n$/, '\n').replace(/^\n$/, '')
  return { api, port, open, say, tables, patterns, frontend, stats }
}

async function all(socket: Socket, text: string): Promise<string> {
  socket.setEncoding('utf8').end(text)
  let said = ''
  for await (const chunk of socket) said += chunk
  return said
}

test('one line is answered, and the connection closed; several commands are apart by semicolons', async () => {
  const { say } = await world()
  expect(await say('show cli level')).toBe('admin\n')
  expect(await say('show cli level;show backend')).toBe('admin\n\n# name\napp\n')
})

test('what is said always ends with an empty line, and has none within', async () => {
  const { open } = await world()
  const said = await all(open(), 'show stat;show info;show servers state;help;nonsense\n')
  expect(said.split('\n\n')).toHaveLength(6)
  expect(said.endsWith('\n\n')).toBe(true)
})

describe('interactive', () => {
  test('with a prompt, lines are answered one after the other, until it is quit', async () => {
    const { open } = await world()
    expect(await all(open(), 'prompt\nshow cli level\nquit\nshow backend\n')).toBe('\n> admin\n\n> ')
  })

  test('without one, by `prompt i`', async () => {
    const { open } = await world()
    expect(await all(open(), 'prompt i\nshow cli level\nshow backend\n')).toBe('\nadmin\n\n# name\napp\n\n')
  })

  test('`prompt timed` shows for how long the process has been there', async () => {
    const { open } = await world()
    expect(await all(open(), 'prompt timed\n')).toMatch(/^\n\[0:\d\d:\d\d:\d\d\]> $/)
  })

  test('`prompt` a second time ends it, as does `prompt n`', async () => {
    const { open } = await world()
    expect(await all(open(), 'prompt p\nprompt\nshow backend\n')).toBe('\n> \n')
    expect(await all(open(), 'prompt i\nprompt n\nshow backend\n')).toBe('\n\n')
  })
})

describe('levels', () => {
  test.each([
    ['user', 'show stat', /^# pxname/],
    ['user', 'show sess', /^Permission denied/],
    ['user', 'set weight app/s1 5', /^Permission denied/],
    ['operator', 'show sess', /^$/],
    ['operator', 'disable server app/s1', /^Permission denied/],
    ['operator', 'clear counters', /^$/],
    ['operator', 'clear counters all', /^Permission denied/],
    ['admin', 'clear counters all', /^$/],
  ] as const)('a %s who says %s', async (level, line, answer) => {
    const { say } = await world({ level })
    expect(await say(line)).toMatch(answer)
  })

  test('are lowered, and never raised', async () => {
    const { open } = await world()
    const said = await all(
      open(),
      'prompt i\nuser\nshow cli level\noperator\nset weight app/s1 5\nshow cli level\n',
    )
    expect(said).toBe('\n\nuser\n\nPermission denied\n\nPermission denied\n\nuser\n\n')
  })

  test('are what help goes by', async () => {
    const { say } = await world({ level: 'user' })
    const help = await say('help')
    expect(help).toContain('show stat')
    expect(help).not.toContain('set server')
    expect(await say('help show servers')).toMatch(
      /^The following.*\n {2}show servers conn.*\n {2}show servers state/,
    )
  })
})

describe('servers', () => {
  test.each([
    ['set server app/s1 state drain', '', 'drain'],
    ['set server app/s1 state maint', '', 'maintenance'],
    ['disable server app/s1', '', 'maintenance'],
    [
      'set server app/s1 state foo',
      "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n",
      'ready',
    ],
    ['set server app/s9 state drain', 'No such server.\n', 'ready'],
    ['set server web/s1 state drain', 'No such backend.\n', 'ready'],
    ['set server s1 state drain', "Require 'backend/server'.\n", 'ready'],
  ])('%s', async (line, answer, state) => {
    const { backend } = backendOf()
    const { say } = await world({ backends: [backend] })
    expect([await say(line), backend.server('s1')?.admin]).toEqual([answer, state])
  })

  test('are enabled again', async () => {
    const { backend } = backendOf()
    const { say } = await world({ backends: [backend] })
    await say('disable server app/s1')
    expect([await say('enable server app/s1'), backend.server('s1')?.admin]).toEqual(['', 'ready'])
  })

  test('get weights, absolute or in percent of the first one', async () => {
    const { backend } = backendOf({ servers: [{ id: 's1', address: '127.0.0.1:1', weight: 10 }] })
    const { say } = await world({ backends: [backend] })
    const weight = () => backend.server('s1')?.configuredWeight
    await say('set weight app/s1 40')
    expect([weight(), await say('get weight app/s1')]).toEqual([40, '40 (initial 10)\n'])
    await say('set server app/s1 weight 50%')
    expect(weight()).toBe(5)
    await say('set weight app/s1 25600%')
    expect(weight()).toBe(256)
    for (const bad of ['300', '-1', '1.5', 'x', '', '30000%'])
      expect(await say(`set weight app/s1 ${bad}`)).toMatch(/can only be between 0 and 25?6/)
    expect(weight()).toBe(256)
  })

  test('are moved', async () => {
    const { backend } = backendOf()
    const { say } = await world({ backends: [backend] })
    const address = () => backend.server('s1')?.address.text
    expect(await say('set server app/s1 addr 127.0.0.2 port 80')).toBe(
      "IP changed from '127.0.0.1' to '127.0.0.2', port changed from '9001' to '80' by 'stats socket command'\n",
    )
    expect(address()).toBe('127.0.0.2:80')
    await say('set server app/s1 addr ::1')
    expect(address()).toBe('[::1]:80')
    expect(await say('set server app/s1 addr ::1')).toBe('nothing changed\n')
    expect(await say('set server app/s1 addr 300.1.1.1')).toContain('not a valid IPv4 address')
    expect(await say('set server app/s1 addr')).toContain('expects <ip4 or ip6 address>')
    expect(address()).toBe('[::1]:80')
  })

  test('are taken as up, down or stopping', async () => {
    const { backend } = backendOf()
    const { say } = await world({ backends: [backend] })
    const server = backend.server('s1')!
    await say('set server app/s1 health down')
    expect(server.health).toBe('down')
    await say('set server app/s1 health up')
    expect(server.health).toBe('up')
    await say('set server app/s1 health stopping')
    expect(server.stopping).toBe(true)
    expect(await say('set server app/s1 health x')).toContain("expects 'up', 'stopping', or 'down'")
  })

  test('without checks or an agent say so', async () => {
    const { say } = await world()
    expect(await say('disable health app/s1')).toContain('not configured')
    expect(await say('enable agent app/s1')).toContain('not configured')
    expect(await say('set server app/s1 agent up')).toBe('agent checks are not enabled on this server.\n')
  })

  test('are limited, added and deleted', async () => {
    const { backend } = backendOf()
    const { say } = await world({ backends: [backend] })
    await say('set maxconn server app/s1 7')
    expect(backend.server('s1')?.maxConnections).toBe(7)
    expect(await say('add server app/s3 127.0.0.1:9 weight 3 maxconn 4 backup disabled')).toBe(
      'New server registered.\n',
    )
    const { configuredWeight, maxConnections, backup, admin } = backend.server('s3')!
    expect({ configuredWeight, maxConnections, backup, admin }).toEqual({
      configuredWeight: 3,
      maxConnections: 4,
      backup: true,
      admin: 'maintenance',
    })
    expect(await say('add server app/s3 127.0.0.1:9')).toContain('s3')
    expect(await say('add server app/s4 127.0.0.1:9 fast')).toContain("'fast' is not known")
    expect(await say('del server app/s1')).toContain('maintenance')
    expect(await say('del server app/s3')).toBe('Server deleted.\n')
    expect(backend.servers.map(({ id }) => id)).toEqual(['s1', 's2'])
  })
})

describe('frontends', () => {
  test('are disabled and enabled', async () => {
    const { say, frontend } = await world()
    expect([await say('disable frontend web'), frontend.paused]).toEqual(['', true])
    expect(await say('disable frontend web')).toBe('Frontend is already disabled.\n')
    expect([await say('enable frontend web'), frontend.paused]).toEqual(['', false])
    expect(await say('enable frontend web')).toBe('Frontend is already enabled.\n')
    expect(await say('disable frontend x')).toBe('No such frontend.\n')
    expect(await say('disable frontend')).toBe('A frontend name is expected.\n')
  })

  test('get another maxconn', async () => {
    const { say, frontend } = await world()
    await say('set maxconn frontend web 12')
    expect(frontend.maxConnections).toBe(12)
    expect(await say('set maxconn frontend web 0')).toContain('Integer value expected')
  })
})

describe('counters', () => {
  test('are shown and cleared', async () => {
    const { backend, clock } = backendOf()
    serve(backend, clock, 3, 5)
    const { say } = await world({ backends: [backend] })
    expect(await say('show stat app 2 -1')).toMatch(/\napp,BACKEND,0,0,0,1,/)
    await say('clear counters')
    expect(await say('show stat app 2 -1')).toMatch(/\napp,BACKEND,0,0,0,0,/)
    expect(backend.counters.requests).toBe(3)
    await say('clear counters all')
    expect(backend.counters.requests).toBe(0)
    expect(await say('clear counters some')).toContain('all or nothing')
  })

  test('are chosen by proxy, kind and server', async () => {
    const { say } = await world()
    const shown = async (what: string) =>
      (await say(`show stat ${what}`))
        .split('\n')
        .slice(1, -1)
        .map(line => line.split(',').slice(0, 2).join('/'))
    expect(await shown('-1 -1 -1')).toEqual(['web/FRONTEND', 'app/s1', 'app/s2', 'app/BACKEND'])
    expect(await shown('-1 4 -1')).toEqual(['app/s1', 'app/s2'])
    expect(await shown('2 4 1')).toEqual(['app/s1'])
    expect(await shown('app 2 -1')).toEqual(['app/BACKEND'])
    expect(await shown('domain proxy web 1 -1')).toEqual(['web/FRONTEND'])
    expect(await shown('9 -1 -1')).toEqual([])
    await say('disable server app/s1')
    expect(await shown('no-maint')).toEqual(['web/FRONTEND', 'app/s2', 'app/BACKEND'])
    expect(await shown('up')).toEqual(['web/FRONTEND', 'app/s2', 'app/BACKEND'])
    expect(await say('show stat 1')).toContain('expects <iid> <type> <sid>')
    expect(await say('show stat 1 9 1')).toContain('a number from -1 to 7')
    expect(await say('show stat json sorted')).toContain("unknown format 'sorted'")
  })

  test('come as JSON and typed', async () => {
    const { say } = await world()
    const json = JSON.parse(await say('show stat json')) as { field: { name: string } }[][]
    expect(json.map(([first]) => first?.field.name)).toEqual(Array(4).fill('pxname'))
    expect(await say('show stat typed')).toContain('\nS.2.1.17.status.1:SGP:str:no check\n')
    expect(JSON.parse(await say('show info json'))[0].value.value).toBe('Evener')
    expect(await say('show info typed')).toMatch(/^0\.Name\.1:MGP:str:Evener\n/)
    expect(JSON.parse(await say('show schema json')).type).toBe('array')
    expect(await say('show info x')).toContain('expects json')
  })
})

describe('tables', () => {
  test('are listed, set, filtered and cleared', async () => {
    const { say, tables } = await world()
    expect(await say('show table')).toBe('# table: clients, type: string, size:100000, used:0\n')
    expect(await say('set table clients key 1.2.3.4 data.gpc0 5 data.http_req_rate 3')).toBe('')
    expect(await say('set table clients key b data.gpc[0] 1')).toBe('')
    expect(tables[0]?.get('1.2.3.4', 'gpc', 0)).toBe(5)
    expect(await say('show table clients data.gpc0 gt 1')).toMatch(
      /^# table: clients.*\n0x[\da-f]+: key=1\.2\.3\.4 use=0 exp=\d+ shard=0 (?=.*gpc0=5)(?=.*http_req_rate\(10000\)=3).*\n$/,
    )
    expect(await say('show table clients key b')).toMatch(/\n0x[\da-f]+: key=b /)
    await say('clear table clients data.gpc0 gt 1')
    expect([...tables[0]!.entries()].map(({ key }) => key)).toEqual(['b'])
    await say('clear table clients')
    expect([...tables[0]!.entries()]).toEqual([])
  })

  test.each([
    ['show table x', 'No such table'],
    ['show table clients key', 'Key value expected'],
    ['show table clients gpc0 gt 1', 'Optional argument only supports'],
    ['show table clients data.gpc0 above 1', 'Require and operator among'],
    ['show table clients data.gpc0 gt many', 'Require a valid integer value'],
    [`show table clients${' data.gpc0 gt 1'.repeat(5)}`, 'At most 4 filters'],
    ['set table clients data.gpc0 1', 'Key value expected'],
    ['set table clients key a data.conn_cnt 1', 'Data type not stored in this table: data.conn_cnt'],
    ['set table clients key a data.gpc0 -1', 'Require a valid integer value to store'],
  ])('%s is refused', async (line, answer) => {
    const { say, tables } = await world()
    expect(await say(line)).toContain(answer)
    expect([...tables[0]!.entries()]).toEqual([])
  })
})

describe('ACLs and maps', () => {
  test('are listed, looked into, changed and cleared', async () => {
    const { say, patterns } = await world()
    expect(await say('show acl')).toMatch(
      /^# id.*\n0 \(\) .*'blocked'.*entry_cnt=1\n1 \(\) .*'hosts'.*entry_cnt=1\n$/,
    )
    expect(await say('show map')).toMatch(/^# id.*\n1 \(\) .*'hosts'/)
    expect(await say('show acl #0')).toBe('0x1 10.0.0.1\n')
    expect(await say('show map hosts')).toBe('0x1 a.example A\n')
    expect(await say('get map hosts a.example')).toBe('found=yes, key="a.example", value="A"\n')
    expect(await say('get acl #0 10.0.0.9')).toBe('match=no\n')
    await say('add acl blocked 10.0.0.2')
    await say('add map hosts b.example B;set map hosts a.example C')
    expect([...patterns[1]!.entries()].map(({ pattern, value }) => `${pattern}=${value}`)).toEqual([
      'a.example=C',
      'b.example=B',
    ])
    expect(await say('del acl blocked 10.0.0.1')).toBe('')
    expect(await say('del acl blocked 10.0.0.1')).toBe('Key not found.\n')
    expect(await say('del acl blocked #0x2')).toBe('')
    await say('clear map #1')
    expect([patterns[0]?.size, patterns[1]?.size]).toEqual([0, 0])
  })

  test('take many entries as a text behind the line, all or none', async () => {
    const { open, patterns } = await world()
    expect(await all(open(), 'add map hosts <<\nx X\ny  Y Z \n\n')).toBe('\n')
    expect([...patterns[1]!.entries()].map(({ pattern, value }) => [pattern, value])).toEqual([
      ['a.example', 'A'],
      ['x', 'X'],
      ['y', 'Y Z'],
    ])
    expect(await all(open(), 'add map hosts <<%END%\nz\n%END%\n')).toContain('expects three parameters')
    expect(patterns[1]?.size).toBe(3)
  })

  test.each([
    ['show map blocked', 'Unknown map identifier. Please use #<id> or <name>.'],
    ['get acl blocked', 'Missing value.'],
    ['add acl', 'Missing ACL identifier.'],
    ['add map hosts c', 'expects three parameters'],
    ['set map hosts c', 'expects three parameters'],
    ['set map hosts c C', 'Key not found.'],
    ['del map hosts', 'Missing key.'],
    ['add acl @1 blocked x', 'Versions are not kept here'],
  ])('%s is refused', async (line, answer) => {
    const { say } = await world()
    expect(await say(line)).toContain(answer)
  })
})

describe('bad input', () => {
  test('an unknown command gets those that begin alike', async () => {
    const { say } = await world()
    expect(await say('show nothing')).toMatch(/^Unknown command.*\n {2}show acl/)
  })

  test.each([
    ['a line of 20,000 bytes', 'x'.repeat(20_000)],
    ['a text of 200,000 bytes', `add acl blocked <<\n${'x'.repeat(1000)}\n${'y\n'.repeat(100_000)}`],
  ])('%s closes the connection, and does nothing', async (_, text) => {
    const { open, patterns } = await world()
    const socket = open()
    socket.on('error', () => undefined)
    socket.write(text)
    let said = ''
    socket.setEncoding('utf8').on('data', chunk => {
      said += chunk
    })
    await new Promise(resolve => socket.once('close', resolve))
    expect([said, patterns[0]?.size]).toEqual(['', 1])
  })

  test('bytes of all kinds leave it standing', async () => {
    const { open, say } = await world()
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))
    await all(open(), bytes as unknown as string)
    expect(await say('show cli level')).toBe('admin\n')
  })

  test('a server, or a key, whose name would end the line cannot', async () => {
    const { say, tables } = await world()
    tables[0]?.track('a\nset server app/s1 state maint\n')
    expect((await say('show table clients')).split('\n')).toHaveLength(3)
  })

  test('a word keeps what a backslash stands before', async () => {
    const { say, patterns } = await world()
    await say('add acl blocked a\\;b\\ c\\\\d')
    expect([...patterns[0]!.entries()].at(-1)?.pattern).toBe('a;b c\\d')
  })
})

describe('connections', () => {
  test('are as many as allowed', async () => {
    const { open } = await world({ options: { maxConnections: 1 } })
    const first = open()
    first.write('prompt\n')
    await new Promise(resolve => first.once('data', resolve))
    expect(await all(open(), 'show backend\n').catch(() => '')).toBe('')
    first.destroy()
    await expectEventually(async () => expect(await all(open(), 'show backend\n')).toContain('app'))
  })

  test('that are silent are closed, sooner or later as they ask', async () => {
    const { open } = await world({ options: { timeoutMs: 20 } })
    await new Promise(resolve => open().once('close', resolve))
    const { open: patient } = await world()
    const asking = patient()
    asking.write('prompt\nset timeout cli 10ms\n')
    await new Promise(resolve => asking.resume().once('close', resolve))
    expect(await all(patient(), 'set timeout cli soon\n')).toContain("only supports 'cli'")
  })
})

describe('a unix socket', () => {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'evener-runtime-'))
    onTestFinished(() => rmSync(made, { recursive: true, force: true }))
    return made
  }

  test('may be opened by its user alone, unless others are let in', async () => {
    const { api } = await world()
    const path = join(folder(), 'api')
    await api.listen({ path })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const wide = join(folder(), 'api')
    await api.listen({ path: wide, mode: 0o660 })
    expect(statSync(wide).mode & 0o777).toBe(0o660)
  })

  test('that was left behind is taken over, and one that is in use is not', async () => {
    const { api } = await world()
    const path = join(folder(), 'api')
    const other = createServer().listen(path)
    await new Promise(resolve => other.once('listening', resolve))
    onTestFinished(() => void other.close())
    await expect(api.listen({ path })).rejects.toThrow('EADDRINUSE')
  })

  test('has the level of an operator by default', async () => {
    const { api } = await world()
    const path = join(folder(), 'api')
    await api.listen({ path })
    expect(await all(connect(path), 'show cli level\n')).toBe('operator\n\n')
  })
})

test.each([
  [{ path: '/tmp/x', port: 1 }, 'exactly one of path and port'],
  [{}, 'exactly one of path and port'],
  [{ port: 0, level: 'root' }, 'one of user, operator, admin'],
  [{ path: '' }, 'a path'],
  [{ port: 0, mod: 1 }, 'unknown option "mod"'],
])('listen(%o) is refused', async (bind, message) => {
  const { api } = await world()
  await expect(api.listen(bind as never)).rejects.toThrow(message)
})

test.each([
  [{ statistics: {} }, 'what statistics() has made'],
  [{ tables: [{}] }, 'an array of what stickTable() has made'],
  [{ patterns: 'x' }, 'an array of what patternList() has made'],
  [{ maxConnections: 0 }, 'an integer from 1 to 1000'],
  [{ tabels: [] }, 'unknown option "tabels"'],
])('runtimeApi(%o) is refused', async (options, message) => {
  const { stats } = await world()
  expect(() => runtimeApi({ statistics: stats, ...options } as never)).toThrow(message)
})

test('sessions are shown, chosen, and shut by their number', async () => {
  const { backend } = backendOf()
  const { say } = await world({ backends: [backend] })
  const lease = backend.acquire({ sourceAddress: '', uri: '/', header: () => undefined })
  if (lease.kind !== 'lease') throw new Error(lease.kind)
  let shut = 0
  lease.session = { clientAddress: '192.0.2.7', what: 'GET /a\r\nb', shutdown: () => shut++ }
  const shown = await say('show sess')
  expect(shown).toMatch(
    /^0x[\da-f]+: proto=http src=192\.0\.2\.7 be=app srv=s1 .*what="GET \/a\\x0d\\x0ab"\n$/,
  )
  expect(await say('show sess backend other')).toBe('')
  expect(await say('show sess older 60')).toBe('')
  expect(await say('show sess server app/s1')).toBe(shown)
  await say(`shutdown session ${shown.split(':')[0]}`)
  expect(shut).toBe(1)
})

test('the last message that could not be read is shown byte by byte', async () => {
  const { say, frontend } = await world()
  frontend.lastError = {
    at: 0,
    from: '192.0.2.7',
    message: 'bad',
    bytes: Buffer.from('GET /\x01 \\\r\n\r\nx'),
  }
  const shown = await say('show errors')
  expect(shown).toContain('frontend web: invalid request: bad')
  expect(shown).toContain('00000  GET /\\x01 \\\\\\r\\n\n')
  expect(await say('show errors response')).toMatch(/: 0\n$/)
})

describe('servers are told of in HAProxy’s columns', () => {
  const passing = (code: 'L7OKC' | 'L4CON'): Checker => {
    const result = { ok: code === 'L7OKC', code, message: '', durationMs: 1 } as const
    return {
      name: 'scripted',
      check: () => Promise.resolve(result),
      begin: (_, listener) => {
        listener.checked(result)
        return { abort: () => undefined }
      },
    }
  }
  /** The columns of a server, by their names. */
  const stateOf = (text: string, id: string) => {
    const [, header = '', ...lines] = text.split('\n')
    const line = lines.find(each => each.split(' ')[3] === id)?.split(' ') ?? []
    return Object.fromEntries(
      header
        .slice(2)
        .split(' ')
        .map((name, at) => [name, line[at]]),
    )
  }

  test('up, drained, in maintenance, named, on a unix socket, with checks and an agent elsewhere', async () => {
    const { backend, clock } = backendOf({
      servers: [
        { id: 's1', address: '127.0.0.1:9001', checkAddress: '127.0.0.1:9100' },
        { id: 's2', address: 'app.test:9002', state: 'drain', agentAddress: '127.0.0.1:9200' },
        { id: 's3', address: 'unix:/run/app', state: 'maintenance' },
        { id: 's4', address: 'https://[::1]:9004', tls: { servername: 'app.test' } },
      ],
      checks: { checker: passing('L7OKC') },
      agent: { checker: passing('L4CON') },
    })
    const { say } = await world({ backends: [backend] })
    clock.advance(5000)
    const state = await say('show servers state')
    expect(stateOf(state, 's1')).toMatchObject({
      be_id: '2',
      srv_addr: '127.0.0.1',
      srv_op_state: '3',
      srv_check_status: '16',
      srv_check_result: '4',
      srv_check_addr: '127.0.0.1',
      srv_check_port: '9100',
      srv_agent_state: '0',
    })
    expect(stateOf(state, 's2')).toMatchObject({
      srv_admin_state: '8',
      srv_fqdn: 'app.test',
      srv_agent_addr: '127.0.0.1',
      srv_agent_port: '9200',
      srv_agent_state: '22',
    })
    expect(stateOf(state, 's3')).toMatchObject({
      srv_addr: 'unix@/run/app',
      srv_port: '0',
      srv_op_state: '0',
      srv_admin_state: '1',
    })
    expect(stateOf(state, 's4')).toMatchObject({ srv_addr: '::1', srv_fqdn: '-', srv_use_ssl: '1' })
  })

  test('down, starting slowly, and what one tracks', async () => {
    const { backend, clock } = backendOf({
      servers: [
        { id: 's1', address: '127.0.0.1:9001', slowStartMs: 10_000 },
        { id: 's2', address: '127.0.0.1:9002', track: 's1' },
      ],
      checks: { checker: passing('L4CON'), fall: 1 },
    })
    const { say } = await world({ backends: [backend] })
    clock.advance(5000)
    expect(stateOf(await say('show servers state app'), 's1')).toMatchObject({
      srv_op_state: '0',
      srv_check_status: '8',
      srv_check_result: '2',
    })
    backend.watching.forceHealth(backend.server('s1')!, 'up')
    backend.server('s1')!.drain()
    const state = await say('show servers state 2')
    expect([stateOf(state, 's1').srv_op_state, stateOf(state, 's2').srv_admin_state]).toEqual(['1', '16'])
    backend.server('s1')!.maintenance()
    expect(stateOf(await say('show servers state'), 's2').srv_admin_state).toBe('2')
    expect(await say('show servers conn app')).toMatch(/\napp\/s1 2\/1 127\.0\.0\.1 9001 - 0 0 0 /)
    expect(await say('show servers state x')).toContain('No such backend.')
  })

  test('checks and agents are paused, resumed, and an agent’s word is given', async () => {
    const { backend } = backendOf({
      servers: [{ id: 's1', address: '127.0.0.1:9001', agentAddress: '127.0.0.1:9200' }],
      checks: { checker: passing('L7OKC') },
      agent: { checker: passing('L4CON') },
    })
    const { say } = await world({ backends: [backend] })
    const server = backend.server('s1')!
    for (const what of ['health', 'agent']) expect(await say(`disable ${what} app/s1`)).toBe('')
    expect([backend.checkStatus(server)?.paused, backend.agentStatus(server)?.paused]).toEqual([true, true])
    for (const what of ['health', 'agent']) expect(await say(`enable ${what} app/s1`)).toBe('')
    expect([backend.checkStatus(server)?.paused, backend.agentStatus(server)?.paused]).toEqual([false, false])
    await say('set server app/s1 agent down')
    expect(server.health).toBe('down')
    await say('set server app/s1 agent up')
    expect(server.health).toBe('up')
    expect(await say('set server app/s1 agent x')).toContain("expects 'up' or 'down'")
    expect(await say('set server app/s1')).toContain('usage: set server')
    expect(await say('shutdown sessions server app/s1')).toBe('')
  })
})

test('the environment is shown on one line each', async () => {
  process.env.EVENER_TEST_VALUE = 'two\nlines'
  onTestFinished(() => void delete process.env.EVENER_TEST_VALUE)
  const { say } = await world()
  expect(await say('show env EVENER_TEST_VALUE')).toBe('EVENER_TEST_VALUE=two\\nlines\n')
  expect(await say('show env EVENER_TEST_NONE')).toBe('Variable not found\n')
})

test('sessions that cannot be chosen, or shut, are said so', async () => {
  const { say } = await world()
  expect(await say('show sess older')).toContain("'older' is not known")
  expect(await say('shutdown session 12')).toContain('No such session')
})
