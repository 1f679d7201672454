/**
 * Beside HAProxy with the same settings, in front of the same two servers: the same cookies set, accepted, rewritten and
 * stripped, in every mode; and clients that go from one to the other in mid-session stay where they are.
 *
 * Each case is asked twice: two servers by turns show whether the client belongs to one of them.
 */
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Backend, type BackendOptions, createBackend, createFrontend, type Frontend } from '@evener/core'
import { type Affinity, insertCookie, passiveCookie, prefixCookie, rewriteCookie } from '@evener/session'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subjects } from './subjects.ts'
import { freePort, type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const name = 'SRV'
const values = { app1: 's1', app2: 's2' }
const key = 'a key that both know'
/** What HAProxy does where nothing is said; Evener's defaults are those of browsers today. */
const bare = { httpOnly: false, secure: false, sameSite: false, nocache: false } as const

interface Setting {
  /** The rest of HAProxy's `cookie SRV …`. */
  readonly cookie: string
  readonly affinity: () => Affinity
  /** The cookies of its two servers; an empty text for none. */
  readonly servers?: readonly [string, string]
  /** More of HAProxy's section, and what it is here. */
  readonly lines?: readonly string[]
  readonly options?: Partial<BackendOptions>
}

const settings: Record<string, Setting> = {
  insert: {
    cookie: 'insert indirect nocache',
    affinity: () => insertCookie({ name, values, ...bare, nocache: true }),
  },
  'insert, direct': {
    cookie: 'insert',
    affinity: () => insertCookie({ name, values, ...bare, indirect: false }),
  },
  'insert, one server without a cookie': {
    cookie: 'insert indirect',
    servers: ['s1', ''],
    affinity: () => insertCookie({ name, values: { app1: 's1' }, ...bare }),
  },
  'insert, one cookie for both': {
    cookie: 'insert indirect',
    servers: ['s1', 's1'],
    affinity: () => insertCookie({ name, values: { app1: 's1', app2: 's1' }, ...bare }),
  },
  'insert, dynamic': {
    cookie: 'insert indirect dynamic',
    servers: ['', ''],
    affinity: () => insertCookie({ name, dynamic: { key }, ...bare }),
  },
  'insert, dynamic but for one': {
    cookie: 'insert indirect dynamic',
    servers: ['', 's2'],
    affinity: () => insertCookie({ name, values: { app2: 's2' }, dynamic: { key }, ...bare }),
  },
  rewrite: { cookie: 'rewrite', affinity: () => rewriteCookie({ name, values }) },
  'rewrite, with limits': {
    cookie: 'rewrite maxidle 1h maxlife 8h',
    affinity: () => rewriteCookie({ name, values, maxIdleMs: 3_600_000, maxLifeMs: 8 * 3_600_000 }),
  },
  'rewrite, one server without a cookie': {
    cookie: 'rewrite',
    servers: ['s1', ''],
    affinity: () => rewriteCookie({ name, values: { app1: 's1' } }),
  },
  'rewrite, dynamic': {
    cookie: 'rewrite dynamic',
    servers: ['', ''],
    affinity: () => rewriteCookie({ name, dynamic: { key } }),
  },
  prefix: { cookie: 'prefix', affinity: () => prefixCookie({ name, values }) },
  'prefix, indirect': {
    cookie: 'prefix indirect',
    affinity: () => prefixCookie({ name, values, indirect: true }),
  },
  'prefix, indirect, preserve': {
    cookie: 'prefix indirect preserve',
    affinity: () => prefixCookie({ name, values, indirect: true, preserve: true }),
  },
  'prefix, dynamic': {
    cookie: 'prefix dynamic',
    servers: ['', ''],
    affinity: () => prefixCookie({ name, dynamic: { key } }),
  },
  passive: { cookie: '', affinity: () => passiveCookie({ name, values }) },
  'passive, indirect': {
    cookie: 'indirect',
    affinity: () => passiveCookie({ name, values, indirect: true }),
  },
  'passive, indirect, preserve': {
    cookie: 'indirect preserve',
    affinity: () => passiveCookie({ name, values, indirect: true, preserve: true }),
  },
  'passive, with a limit': {
    cookie: 'maxlife 8h',
    affinity: () => passiveCookie({ name, values, maxLifeMs: 8 * 3_600_000 }),
  },
  'ignore-persist, insert': {
    cookie: 'insert indirect',
    lines: ['ignore-persist if { req.hdr(x-own) -m found }'],
    affinity: () => insertCookie({ name, values, ...bare }),
    options: { ignorePersist: request => request.header('x-own') !== undefined },
  },
  'ignore-persist, prefix': {
    cookie: 'prefix',
    lines: ['ignore-persist if { req.hdr(x-own) -m found }'],
    affinity: () => prefixCookie({ name, values }),
    options: { ignorePersist: request => request.header('x-own') !== undefined },
  },
}

/** What a client may bring. `s1` and `s2` become what the servers are called where that is a hash. */
const cookies: readonly (string | undefined)[] = [
  undefined,
  'theme=dark; x="1 2"',
  'SRV=s1',
  'a=1; SRV=s2; b=2',
  'SRV=s2;b=2',
  'a=1;SRV=s1',
  'SRV=s9',
  'SRV=',
  'SRV="s1"',
  'srv=s1; SRV=S1',
  'XSRV=s1~x; SRVX=s1; x=SRV=s1',
  'SRV=s9; SRV=s2',
  'SRV=s1; a=1; SRV=s2',
  'SRV=s1~session',
  'a=1; SRV=s2~session; b=s1~x',
  'SRV=~session',
  'SRV=s9~session',
  'SRV=s1~',
  'SRV=s2~one~two',
  'SRV="s1~session"',
  'SRV=s9~one; SRV=s2~two; c=3',
  'SRV=s1|ZVPxA',
  'SRV=s2|ZVPxA|ZVPxA',
]

/** What the server may set. */
const ownCookies: readonly (readonly string[])[] = [
  [],
  ['a=1', 'SRV=session; Path=/; HttpOnly', 'b=2; Path=/'],
  ['SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT', 'SRV = another ; Path=/'],
  ['XSRV=1; Path=/', 'SRV', 'x=SRV=1', 'srv=1'],
]

interface Answer {
  readonly status: number
  readonly server: string
  readonly seen: string | null
  readonly setCookies: readonly string[]
  readonly cacheControl: string | undefined
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

function ask(port: number, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, headers, agent, timeout: 10_000 }, response => {
      response.resume()
      response.on('end', () =>
        resolve({
          status: response.statusCode as number,
          server: String(response.headers['x-server']),
          seen: JSON.parse(String(response.headers['x-seen'] ?? null)),
          setCookies: response.headers['set-cookie'] ?? [],
          cacheControl: response.headers['cache-control'],
        }),
      )
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer')))
    sent.end()
  })
}

/** HAProxy strips blanks around the equals sign of lines that it leaves as they are; here those are left alone. */
const unblanked = (answer: Answer): Answer => ({
  ...answer,
  setCookies: answer.setCookies.map(line => line.replace(/^([^=;]*?) *= */, '$1=')),
})

describe.skipIf(!haproxyInstalled())(haproxyTitle('cookies beside HAProxy'), () => {
  const servers: Server[] = []
  const addresses: string[] = []
  const backends = new Map<string, Backend>()
  let haproxy: Haproxy
  let frontend: Frontend
  let port: number
  let deadPort: number
  /** What the servers are called where that is a hash. */
  const hashes: string[] = []

  beforeAll(async () => {
    for (const id of ['app1', 'app2']) {
      const server = createServer((request, response) => {
        response.setHeader('x-server', id)
        response.setHeader('x-seen', JSON.stringify(request.headers.cookie ?? null))
        response.setHeader('cache-control', 'max-age=60')
        const own = JSON.parse(String(request.headers['x-own'] ?? '[]')) as string[]
        if (own.length > 0)
          response.setHeader(
            'set-cookie',
            own.map(line => line.replace('MINE', id.replace('app', 's'))),
          )
        response.end()
      })
      await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
      servers.push(server)
      addresses.push(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    }
    deadPort = await freePort()
    const section = (id: string, { cookie, servers: named = ['s1', 's2'], lines = [] }: Setting) => [
      `backend ${id}`,
      '  http-request del-header x-case',
      `  cookie ${name} ${cookie}`,
      `  dynamic-cookie-key "${key}"`,
      ...lines.map(line => `  ${line}`),
      ...addresses.map((address, at) => {
        const value = named[at] === '' ? '' : ` cookie ${named[at]}`
        return `  server app${at + 1} ${address}${value}`
      }),
    ]
    haproxy = await startHaproxy({
      config: own =>
        [
          'defaults',
          '  mode http',
          '  timeout connect 5s',
          '  timeout client 10s',
          '  timeout server 10s',
          'frontend main',
          `  bind 127.0.0.1:${own}`,
          '  use_backend %[req.hdr(x-case)]',
          ...Object.values(settings).flatMap((setting, at) => section(`case${at}`, setting)),
          ...Object.entries(persistence).flatMap(([id, { lines }]) =>
            section(id, { cookie: 'insert indirect', affinity: persisting, lines }),
          ),
          ...Object.entries(persistence).flatMap(([id, { lines }]) => [
            `backend dead-${id}`,
            '  retries 1',
            '  option redispatch',
            `  cookie ${name} insert indirect`,
            ...lines.map(line => `  ${line}`),
            `  server app1 127.0.0.1:${deadPort} cookie s1`,
            `  server app2 ${addresses[1]} cookie s2`,
          ]),
          '',
        ].join('\n'),
    })
    const add = (
      id: string,
      affinity: Affinity,
      options: Partial<BackendOptions> = {},
      first = addresses[0],
    ) =>
      backends.set(
        id,
        createBackend({
          name: id,
          affinity,
          servers: [
            { id: 'app1', address: first as string },
            { id: 'app2', address: addresses[1] as string },
          ],
          ...options,
        }),
      )
    for (const [at, { affinity, options }] of Object.values(settings).entries())
      add(`case${at}`, affinity(), options)
    for (const [id, { options }] of Object.entries(persistence)) {
      add(id, persisting(), options)
      add(`dead-${id}`, persisting(), { ...options, retries: 1 }, `127.0.0.1:${deadPort}`)
    }
    frontend = createFrontend({
      route: request => backends.get(request.header('x-case') as string) as Backend,
    })
    port = ((await frontend.listen({ port: 0, host: '127.0.0.1' })) as { port: number }).port

    const dynamic = `case${Object.keys(settings).indexOf('insert, dynamic')}`
    for (let turn = 0; turn < 2; turn++) {
      const { server, setCookies } = await ask(haproxy.ports[0] as number, { 'x-case': dynamic })
      hashes[Number(server.slice(-1)) - 1] = /^SRV=([0-9a-f]{16});/.exec(
        setCookies[0] as string,
      )?.[1] as string
    }
  })

  afterAll(async () => {
    agent.destroy()
    await frontend?.close({ drainMs: 0 })
    for (const backend of backends.values()) backend.close()
    await haproxy?.stop()
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  })

  /** Twice each; where a client belongs nowhere, both servers are seen. */
  async function both(headers: Record<string, string>) {
    const twice = async (to: number) => {
      const answers = [await ask(to, headers), await ask(to, headers)]
      return answers.map(unblanked).sort((one, other) => one.server.localeCompare(other.server))
    }
    const [theirs, ours] = await Promise.all([twice(haproxy.ports[0] as number), twice(port)])
    return { theirs, ours }
  }

  const cases = Object.keys(settings).flatMap(setting => ownCookies.map(own => ({ setting, own })))

  test.each(cases)(
    `$setting, where the server sets $own: ${cookies.length} clients fare alike`,
    async each => {
      const id = `case${Object.keys(settings).indexOf(each.setting)}`
      const isDynamic = each.setting.includes('dynamic')
      for (const cookie of cookies) {
        const headers: Record<string, string> = { 'x-case': id }
        if (each.own.length > 0) headers['x-own'] = JSON.stringify(each.own)
        if (cookie !== undefined)
          headers.cookie = isDynamic
            ? cookie.replaceAll(/=s([12])\b/g, (_, at) => `=${hashes[Number(at) - 1]}`)
            : cookie
        const { theirs, ours } = await both(headers)
        expect(ours, `a client that brings ${cookie}`).toEqual(theirs)
      }
    },
  )

  test('an address has the same hash here and there', () => {
    expect(new Set(hashes).size).toBe(2)
    const affinity = insertCookie({ name, dynamic: { key }, ...bare })
    affinity.rebuild?.(
      addresses.map((address, at) => ({
        id: `app${at + 1}`,
        host: '127.0.0.1',
        port: Number(address.split(':')[1]),
      })),
    )
    for (const at of [0, 1]) {
      const asked = {
        header: (header: string) => (header === 'cookie' ? `${name}=${hashes[at]}` : undefined),
      }
      expect(affinity.find(asked)).toBe(`app${at + 1}`)
    }
  })

  describe('a client that goes to and fro in mid-session', () => {
    const ways: Record<string, readonly string[]> = {
      insert: [],
      'insert, direct': [],
      'insert, dynamic': [],
      rewrite: ['SRV=session; Path=/'],
      'rewrite, dynamic': ['SRV=session; Path=/'],
      prefix: ['SRV=session; Path=/'],
      'prefix, dynamic': ['SRV=session; Path=/'],
      passive: ['SRV=MINE; Path=/'],
    }
    const journeys = subjects.flatMap(subject => Object.keys(ways).map(setting => ({ subject, setting })))

    test.each(journeys)('$setting, $subject.name: stays on its server', async ({ subject, setting }) => {
      const { affinity, options } = settings[setting] as Setting
      const backend = createBackend({
        name: 'app',
        affinity: affinity(),
        servers: addresses.map((address, at) => ({ id: `app${at + 1}`, address })),
        ...options,
      })
      const served = await subject.serve(backend)
      const doors = [haproxy.ports[0] as number, served.port]
      for (const begin of [0, 1, 0, 1]) {
        const login = {
          'x-case': `case${Object.keys(settings).indexOf(setting)}`,
          'x-own': JSON.stringify(ways[setting]),
        }
        const first = await ask(doors[begin] as number, login)
        let cookie = first.setCookies[0]?.split(';')[0] as string
        const seen = setting.startsWith('prefix') ? 'SRV=session' : undefined
        for (const hop of [1, 0, 1, 1, 0, 0]) {
          const headers = { 'x-case': login['x-case'], cookie }
          const answer = await ask(doors[(begin + hop) % 2] as number, headers)
          expect(answer.server).toBe(first.server)
          if (seen !== undefined) expect(answer.seen).toBe(seen)
          cookie = answer.setCookies[0]?.split(';')[0] ?? cookie
        }
      }
      await served.close()
      backend.close()
    })
  })

  describe('a client whose server', () => {
    const marks = [undefined, 'SRV=s1', 'SRV=s2', 'SRV=s1; SRV=s2', 'SRV=s9; SRV=s1']

    test.each(Object.keys(persistence))('is in maintenance fares alike: %s', async id => {
      await haproxy.command(`disable server ${id}/app1`)
      backends.get(id)?.server('app1')?.maintenance()
      for (const cookie of marks) {
        for (const force of [false, true]) {
          const { theirs, ours } = await both({
            'x-case': id,
            ...(cookie !== undefined && { cookie }),
            ...(force && { 'x-force': '1' }),
          })
          expect(ours, `a client that brings ${cookie}, ${force ? 'forced' : 'not forced'}`).toEqual(theirs)
        }
      }
    })

    test.each(Object.keys(persistence))('drains stays there and here: %s', async id => {
      await haproxy.command(`set server ${id}/app1 state drain`)
      backends.get(id)?.server('app1')?.drain()
      for (const cookie of marks) {
        const { theirs, ours } = await both({ 'x-case': id, ...(cookie !== undefined && { cookie }) })
        expect(ours, `a client that brings ${cookie}`).toEqual(theirs)
      }
      await haproxy.command(`set server ${id}/app1 state ready`)
      backends.get(id)?.server('app1')?.ready()
    })

    test.each(Object.keys(persistence))('does not answer is moved alike: %s', async id => {
      const headers = { 'x-case': `dead-${id}`, cookie: 'SRV=s1' }
      for (const force of [false, true]) {
        const asked = { ...headers, ...(force && { 'x-force': '1' }) }
        const [theirs, ours] = await Promise.all([ask(haproxy.ports[0] as number, asked), ask(port, asked)])
        expect(ours.server).toBe(theirs.server)
        // Nobody answered: 503 in HAProxy, 502 here, as for any server that cannot be reached.
        if (theirs.status !== 200) expect([theirs.status, ours.status]).toEqual([503, 502])
        else expect(ours).toEqual(theirs)
      }
    })
  })
})

const persisting = () => insertCookie({ name, values, ...bare })

/** HAProxy's persistence keywords, and what they are here. */
const persistence: Record<string, { lines: readonly string[]; options: Partial<BackendOptions> }> = {
  usual: { lines: [], options: {} },
  'option-persist': { lines: ['option persist'], options: { persist: true } },
  'force-persist': {
    lines: ['force-persist if { req.hdr(x-force) -m found }'],
    options: { forcePersist: request => request.header('x-force') !== undefined },
  },
  'ignore-persist': {
    lines: ['ignore-persist if { req.hdr(x-force) -m found }'],
    options: { ignorePersist: request => request.header('x-force') !== undefined },
  },
}
