/**
 * Beside HAProxy itself: the same cookies in, the same cookies out. Skipped where HAProxy is not installed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeDate } from './cookie-date.ts'
import { type InsertCookieOptions, insertCookie } from './insert-cookie.ts'

const installed = spawnSync('haproxy', ['-v']).status === 0

/** HAProxy's setting, and the options that mean the same. */
const SETTINGS: Record<string, { haproxy: string; options: Partial<InsertCookieOptions> }> = {
  bare: { haproxy: '', options: { indirect: false, nocache: false } },
  indirect: { haproxy: 'indirect nocache', options: {} },
  attributes: {
    haproxy: 'indirect httponly secure domain .example.com attr SameSite=Strict attr Partitioned',
    options: {
      nocache: false,
      httpOnly: true,
      secure: true,
      domain: '.example.com',
      sameSite: 'Strict',
      attributes: ['Partitioned'],
    },
  },
  idle: { haproxy: 'indirect maxidle 1h', options: { nocache: false, maxIdleMs: 3_600_000 } },
  life: { haproxy: 'indirect maxlife 8h', options: { nocache: false, maxLifeMs: 8 * 3_600_000 } },
  both: {
    haproxy: 'indirect maxidle 1h maxlife 8h',
    options: { nocache: false, maxIdleMs: 3_600_000, maxLifeMs: 8 * 3_600_000 },
  },
  preserve: { haproxy: 'indirect preserve', options: { nocache: false, preserve: true } },
  post: { haproxy: 'indirect postonly', options: { nocache: false, postOnly: true } },
}

const ago = (seconds: number) => encodeDate(Math.floor(Date.now() / 1000) - seconds)

/** What a client may bring; the times are of the moment the case runs. */
const COOKIES: Record<string, () => string | undefined> = {
  'no cookie': () => undefined,
  'a foreign cookie': () => 'x=1; y="2 3"',
  'server 1': () => 'SRV=s1',
  'server 2 among others': () => 'a=1; SRV=s2; b=2',
  'server 2 first': () => 'SRV=s2; b=2;c=3',
  'server 2 last': () => 'a=1;SRV=s2',
  'an unknown server': () => 'SRV=s3',
  'an empty value': () => 'a=1; SRV=',
  'a quoted value': () => 'SRV="s1"',
  'another case': () => 'srv=s1; SRV=S1',
  'a name that contains ours': () => 'XSRV=s1; SRVX=s1; x=SRV=s1',
  'the server twice': () => 'SRV=s1; a=1; SRV=s2',
  'an unknown one, then a known one': () => 'SRV=s9; SRV=s1',
  'a fresh date': () => `SRV=s1|${ago(-4)}`,
  'an idle date': () => `SRV=s1|${ago(600)}`,
  'a date idle for too long': () => `SRV=s1|${ago(7_200)}`,
  'a date of tomorrow': () => `SRV=s1|${ago(-80_000)}`,
  'a date of after tomorrow': () => `SRV=s1|${ago(-100_000)}`,
  'both dates': () => `a=1; SRV=s2|${ago(600)}|${ago(3_000)}`,
  'both dates, fresh': () => `a=1; SRV=s2|${ago(-4)}|${ago(3_000)}`,
  'a life that is over': () => `SRV=s1|${ago(600)}|${ago(40_000)}`,
  'a life that begins after tomorrow': () => `SRV=s1|${ago(600)}|${ago(-100_000)}`,
  'the id in place of the value': () => 'SRV=app1',
}

interface Answer {
  readonly server: string
  readonly seen: string | undefined
  readonly setCookies: readonly string[]
  readonly cacheControl: string | undefined
}

describe.skipIf(!installed)('beside HAProxy (skipped where it is not installed)', () => {
  const servers: Server[] = []
  let haproxy: ChildProcess
  let folder: string
  let port: number

  beforeAll(async () => {
    for (const id of ['app1', 'app2'])
      servers.push(
        createServer((request, response) => {
          response.setHeader('x-server', id)
          response.setHeader('x-seen', JSON.stringify(request.headers.cookie ?? null))
          response.setHeader('cache-control', 'max-age=60')
          const own = request.headers['x-own']
          if (own !== undefined) response.setHeader('set-cookie', ['own=1; Path=/', String(own)])
          response.end()
        }),
      )
    const ports: number[] = []
    for (const server of servers) {
      await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
      ports.push((server.address() as AddressInfo).port)
    }
    const lines = [
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 10s',
      '  timeout server 10s',
      'frontend main',
      '  bind fd@3',
      '  use_backend %[req.hdr(x-case)]',
      ...Object.entries(SETTINGS).flatMap(([name, { haproxy }]) => [
        `backend ${name}`,
        '  http-request del-header x-case',
        `  cookie SRV insert ${haproxy}`,
        `  server app1 127.0.0.1:${ports[0]} cookie s1`,
        `  server app2 127.0.0.1:${ports[1]} cookie s2`,
      ]),
      '',
    ]
    folder = mkdtempSync(join(tmpdir(), 'evener-session-'))
    writeFileSync(join(folder, 'haproxy.cfg'), lines.join('\n'))
    // HAProxy inherits the listening socket: connections wait in its backlog, so nothing has to be polled.
    const listener = createTcpServer()
    await new Promise<void>(done => listener.listen(0, '127.0.0.1', done))
    port = (listener.address() as AddressInfo).port
    const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
    haproxy = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    })
    listener.close()
  })

  afterAll(async () => {
    haproxy.kill('SIGKILL')
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true })
  })

  function ask(setting: string, cookie: string | undefined, method: string, own?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = { 'x-case': setting }
      if (cookie !== undefined) headers.cookie = cookie
      if (own !== undefined) headers['x-own'] = own
      const sent = httpRequest({ host: '127.0.0.1', port, method, headers, agent: false }, response => {
        response.resume()
        response.on('end', () =>
          resolve({
            server: String(response.headers['x-server']),
            seen: JSON.parse(String(response.headers['x-seen'])) ?? undefined,
            setCookies: response.headers['set-cookie'] ?? [],
            cacheControl: response.headers['cache-control'],
          }),
        )
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  /** What Evener makes of the same request, where the server is the one that HAProxy chose. */
  function evener(setting: string, cookie: string | undefined, method: string, server: string, own?: string) {
    return (nowMs: number): Answer & { found: string | undefined } => {
      const affinity = insertCookie({
        name: 'SRV',
        httpOnly: false,
        secure: false,
        sameSite: false,
        values: { app1: 's1', app2: 's2' },
        now: () => nowMs,
        ...SETTINGS[setting]!.options,
      })
      const request = { method, header: (name: string) => (name === 'cookie' ? cookie : undefined) }
      const found = affinity.find(request) as string | undefined
      const hidden = affinity.conceal?.(request)
      const ofServer = own === undefined ? [] : ['own=1; Path=/', own]
      const edits = affinity.bind(request, server, found, {
        setCookies: ofServer,
        header: name => (name === 'cache-control' ? 'max-age=60' : undefined),
      })
      const appended = (header: string) =>
        (edits?.append ?? []).filter(([name]) => name === header).map(([, value]) => value)
      return {
        found,
        server: found ?? server,
        seen: hidden === undefined ? cookie : hidden.set?.[0]?.[1],
        setCookies: [...(edits?.remove === undefined ? ofServer : []), ...appended('set-cookie')],
        cacheControl: ['max-age=60', ...appended('cache-control')].join(', '),
      }
    }
  }

  /** Both at once; the clock may step from one date to the next between them. */
  async function compare(setting: string, cookie: string | undefined, method = 'GET', own?: string) {
    const before = Date.now()
    const theirs = await ask(setting, cookie, method, own)
    const after = Date.now()
    const ours = [before, after].map(evener(setting, cookie, method, theirs.server, own))
    for (const answer of ours) delete (answer as { found?: unknown }).found
    expect(ours).toContainEqual(theirs)
  }

  const cases = Object.keys(SETTINGS).flatMap(setting =>
    Object.keys(COOKIES).map(cookie => [setting, cookie] as const),
  )

  test.each(cases)(
    'with the setting %s, a client that brings %s is treated alike',
    async (setting, cookie) => {
      await compare(setting, COOKIES[cookie]!())
    },
  )

  test.each(Object.keys(SETTINGS))(
    'with the setting %s, a cookie of the server is treated alike',
    async setting => {
      for (const cookie of [undefined, 'SRV=s1', `SRV=s2|${ago(600)}`])
        await compare(setting, cookie, 'GET', 'SRV=mine')
    },
  )

  test('with postonly, a POST is treated alike', async () => {
    for (const cookie of [undefined, 'SRV=s1', 'SRV=s9']) await compare('post', cookie, 'POST')
  })

  test.each(Object.keys(SETTINGS))(
    'with the setting %s, a client stays where it is when it moves',
    async setting => {
      const method = setting === 'post' ? 'POST' : 'GET'
      const first = await ask(setting, undefined, method)
      const fromHaproxy = first.setCookies[0]!.split(';')[0]!
      expect(evener(setting, fromHaproxy, method, 'nobody')(Date.now()).found).toBe(first.server)
      for (const server of ['app1', 'app2', 'app1']) {
        const fromEvener = evener(
          setting,
          undefined,
          method,
          server,
        )(Date.now()).setCookies[0]!.split(';')[0]!
        expect((await ask(setting, fromEvener, method)).server).toBe(server)
      }
    },
  )
})
