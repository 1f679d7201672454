/**
 * What is written down of requests beside HAProxy: the same clients and servers before both, and what the lines of both
 * logs say of backend, server, phases reached, status, termination state, retries and queues. How long things took, ports,
 * dates, and bytes of heads are masked.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import {
  type Backend,
  type BackendOptions,
  createBackend,
  createFrontend,
  createTcpProxy,
} from '@evener/core'
import { deny, match, path, redirect, respond, tarpit } from '@evener/rules'
import { insertCookie } from '@evener/session'
import { expectEventually } from '@evener/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const get = (target: string, head = '', method = 'GET') =>
  `${method} ${target} HTTP/1.1\r\nHost: h\r\n${head}\r\n`

/** What a client does. */
interface Case {
  readonly title: string
  /** `http` by default. */
  readonly door?: 'tcp' | 'tcp-gone' | 'tcp-reset' | 'tcp-silent'
  /** Sent one after the other, each after something came for the one before. */
  readonly send: readonly string[]
  /** Go away once the server has it, instead of waiting for the end. */
  readonly leave?: 'when-sent' | 'at-data' | 'at-once'
  /** What is ours, where it is another on purpose. */
  readonly ours?: (theirs: string) => string
}

/** What was never sent has no status here. HAProxy writes down which it would have been. */
const unsent = (theirs: string) => theirs.replace(' 400 ', ' -1 ')

/** HAProxy forgets when the head had come; and does not look whether the client is still there. */
const tarpitted = (theirs: string) => theirs.replace('-1/T/-1', 'T/T/-1')
const leftTarpit = (theirs: string) => tarpitted(theirs).replace(' 500 ', ' -1 ').replace('PT--', 'CT--')

/** A head that is cut short is not HTTP, by whatever it is cut. */
const cutShort = (theirs: string) => theirs.replace('SH--', 'PH--')

/** Where HAProxy has 503 for a server that cannot be reached, Evener has 502: 503 is for no server at all. */
const unreachable = (theirs: string) => theirs.replace(' 503 ', ' 502 ')

const close = 'Connection: close\r\n'
const cases: readonly Case[] = [
  { title: '200', send: [get('/', close)] },
  { title: '404 of a server', send: [get('/404', close)] },
  { title: '500 of a server', send: [get('/500', close)] },
  { title: '204', send: [get('/204', close)] },
  { title: '304', send: [get('/304', close)] },
  { title: 'HEAD', send: [get('/', close, 'HEAD')] },
  { title: 'POST', send: [`${get('/', `${close}Content-Length: 3\r\n`, 'POST')}abc`] },
  { title: 'HTTP/1.0', send: ['GET / HTTP/1.0\r\nHost: h\r\n\r\n'] },
  { title: 'chunks', send: [get('/chunked', close)] },
  { title: 'up to the end of the connection', send: [get('/until-close', close)] },
  { title: 'a second request', send: [get('/'), get('/', close)] },
  { title: 'three requests', send: [get('/'), get('/404'), get('/', close)] },
  { title: 'denied', send: [get('/deny', close)] },
  { title: 'denied with 429', send: [get('/deny429', close)] },
  { title: 'a tarpit', send: [get('/tarpit', close)], ours: tarpitted },
  { title: 'gone from a tarpit', send: [get('/tarpit')], leave: 'when-sent', ours: leftTarpit },
  { title: 'a redirect', send: [get('/redirect', close)] },
  { title: 'an answer of a rule', send: [get('/return', close)] },
  { title: 'no server', send: [get('/nobody', close)] },
  { title: 'a server that refuses', send: [get('/refused', close)], ours: unreachable },
  { title: 'a retry', send: [get('/retry', close)], ours: unreachable },
  { title: 'another server', send: [get('/redispatch', close)] },
  { title: 'a server that closes', send: [get('/close', close)] },
  { title: 'a server that resets', send: [get('/reset', close)] },
  { title: 'a server that is no HTTP', send: [get('/junk', close)] },
  { title: 'half of a head', send: [get('/half-head', close)], ours: cutShort },
  { title: 'half of a body', send: [get('/half-body', close)] },
  { title: 'no answer in time', send: [get('/silent', close)] },
  { title: 'no end in time', send: [get('/half-silent', close)] },
  { title: 'gone while it waits', send: [get('/silent')], leave: 'when-sent', ours: unsent },
  { title: 'gone in the middle', send: [get('/half-silent')], leave: 'at-data' },
  { title: 'too long in the queue', send: [get('/queued', close)] },
  { title: 'gone from the queue', send: [get('/queued')], leave: 'when-sent' },
  { title: 'no HTTP', send: ['GET\r\n\r\n'] },
  { title: 'a header that is none', send: ['GET / HTTP/1.1\r\nHost: h\r\nBad Header: x\r\n\r\n'] },
  { title: 'half of a request in time', send: ['GET / HT'] },
  { title: 'half of a request', send: ['GET / HT'], leave: 'at-once', ours: unsent },
  { title: 'nothing', send: [], leave: 'at-once', ours: unsent },
  { title: 'no cookie', send: [get('/cookie', close)] },
  { title: 'a cookie', send: [get('/cookie', `${close}Cookie: SRV=s1\r\n`)] },
  { title: 'a cookie that names nobody', send: [get('/cookie', `${close}Cookie: SRV=x\r\n`)] },
  { title: 'a cookie of a server that is down', send: [get('/cookie', `${close}Cookie: SRV=down\r\n`)] },
  {
    title: 'a tunnel',
    send: [
      get(
        '/upgrade',
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n',
      ),
    ],
  },
  { title: 'layer 4', door: 'tcp', send: ['bye'] },
  { title: 'layer 4: refused', door: 'tcp-gone', send: ['hello'] },
  { title: 'layer 4: gone', door: 'tcp-silent', send: ['hello'], leave: 'when-sent' },
]

const doorNames = ['http', 'tcp', 'tcp-gone', 'tcp-silent'] as const

function serve(socket: Socket): void {
  let served = ''
  socket.on('error', () => {})
  socket.on('data', data => {
    const text = data.toString('latin1')
    const target = /^[A-Z]+ (\S+) HTTP/.exec(text)?.[1]
    served = target ?? served
    const ok = (status: string, more: string) => socket.write(`HTTP/1.1 ${status}\r\n${more}`)
    switch (target ?? text) {
      case 'bye':
        return socket.end('bye')
      case 'hello':
        return undefined
      case '/404':
        return ok('404 Not Found', 'Content-Length: 0\r\n\r\n')
      case '/500':
        return ok('500 Internal Server Error', 'Content-Length: 0\r\n\r\n')
      case '/204':
        return ok('204 No Content', '\r\n')
      case '/304':
        return ok('304 Not Modified', '\r\n')
      case '/chunked':
        return ok('200 OK', 'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n')
      case '/until-close':
        return socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab')
      case '/close':
        return socket.end()
      case '/reset':
        return socket.resetAndDestroy()
      case '/junk':
        return socket.end('this is no HTTP\r\n\r\n')
      case '/half-head':
        return socket.end('HTTP/1.1 200 OK\r\nContent-Le')
      case '/half-body':
        return socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')
      case '/silent':
      case '/queued':
        return undefined
      case '/half-silent':
        return ok('200 OK', 'Content-Length: 10\r\n\r\nab')
      case '/upgrade':
        ok(
          '101 Switching Protocols',
          'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
        )
        return socket.end()
      default:
        return ok(
          '200 OK',
          text.startsWith('HEAD') ? 'Content-Length: 2\r\n\r\n' : 'Content-Length: 2\r\n\r\nok',
        )
    }
  })
}

const configuration = (log: number, origin: number, gone: number, ports: readonly number[]): string => `
defaults
  mode http
  log 127.0.0.1:${log} len 8192 format raw local0
  option httplog
  option abortonclose
  timeout client 2s
  timeout http-request 300ms
  timeout server 300ms
  timeout connect 300ms
  timeout queue 200ms
  timeout tarpit 200ms
  retries 0
  default-server max-reuse 0
frontend www
  bind 127.0.0.1:${ports[0]}
  http-request deny if { path /deny }
  http-request deny deny_status 429 if { path /deny429 }
  http-request tarpit if { path /tarpit }
  http-request redirect location /there if { path /redirect }
  http-request return status 200 if { path /return }
  use_backend nobody if { path /nobody }
  use_backend refused if { path /refused }
  use_backend retry if { path /retry }
  use_backend redispatch if { path /redispatch }
  use_backend cookie if { path /cookie }
  use_backend queued if { path /queued }
  default_backend app
backend app
  server s1 127.0.0.1:${origin}
backend nobody
backend refused
  server s1 127.0.0.1:${gone}
backend retry
  retries 1
  timeout connect 50ms
  server s1 127.0.0.1:${gone}
backend redispatch
  retries 1
  option redispatch 1
  timeout connect 50ms
  balance first
  server s1 127.0.0.1:${gone}
  server s2 127.0.0.1:${origin}
backend queued
  timeout server 60s
  server s1 127.0.0.1:${origin} maxconn 1
backend cookie
  cookie SRV insert indirect nocache
  server s1 127.0.0.1:${origin} cookie s1
  server down 127.0.0.1:${gone} cookie down disabled
listen tcp
  mode tcp
  option tcplog
  bind 127.0.0.1:${ports[1]}
  server s1 127.0.0.1:${origin}
listen tcp-gone
  mode tcp
  option tcplog
  bind 127.0.0.1:${ports[2]}
  server s1 127.0.0.1:${gone}
listen tcp-silent
  mode tcp
  option tcplog
  timeout server 5s
  bind 127.0.0.1:${ports[3]}
  server s1 127.0.0.1:${origin}
`

/** Times that were reached are `T`; who was connected, and how many bytes there were, is not compared. */
function masked(line: string): string {
  return line
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\] /, '')
    .replace(
      / ([-\d]+(?:\/\+?[-\d]+){2,4}) (?=[-\d])/,
      (_, timers: string) => ` ${timers.replace(/\b(?<!-)\d+/g, 'T')} `,
    )
    .replace(/(T \S+|T) \d+ (-|\S+) (-|\S+) /, '$1 BYTES $2 $3 ')
    .replace(/(T) \d+ (..) /, '$1 BYTES $2 ')
    .replace(/ \d+\/\d+\/(\d+\/\d+\/\+?\d+) /, ' A/F/$1 ')
}

describe.skipIf(!haproxyInstalled())(haproxyTitle('records of the log beside HAProxy'), () => {
  const theirs: string[] = []
  const ours: string[] = []
  const closers: (() => unknown)[] = []
  let haproxy: Haproxy
  const ourPorts: number[] = []

  beforeAll(async () => {
    const log = createSocket('udp4').bind(0, '127.0.0.1')
    await once(log, 'listening')
    log.on('message', message => theirs.push(message.toString('latin1').replace(/\n$/, '')))
    const origin: Server = createServer({ allowHalfOpen: false }, serve).listen(0, '127.0.0.1')
    await once(origin, 'listening')
    const originPort = (origin.address() as AddressInfo).port
    const gone = await freePort()
    haproxy = await startHaproxy({
      ports: 4,
      config: (...ports) => configuration(log.address().port, originPort, gone, ports),
    })
    closers.push(
      () => log.close(),
      () => origin.close(),
      () => haproxy.stop(),
    )
    const backends = new Map<string, Backend>()
    const at = (port: number) => `127.0.0.1:${port}`
    const make = (name: string, servers: BackendOptions['servers'], more: Partial<BackendOptions> = {}) => {
      const timeouts = { connectMs: 300, queueMs: 200, responseMs: 300, serverMs: 300, ...more.timeouts }
      const backend = createBackend({ name, retries: 0, allowEmpty: true, servers, ...more, timeouts })
      backends.set(name, backend)
      closers.push(() => backend.close())
      return backend
    }
    const one = [{ id: 's1', address: at(originPort) }]
    const dead = [{ id: 's1', address: at(gone) }]
    const app = make('app', one)
    make('nobody', [])
    make('refused', dead)
    make('retry', dead, { retries: 1, retryDelayMs: 50 })
    make('redispatch', [...dead, { id: 's2', address: at(originPort) }], {
      retries: 1,
      redispatch: 1,
      retryDelayMs: 50,
    })
    const busy = make('queued', [{ id: 's1', address: at(originPort), maxConnections: 1 }], {
      timeouts: { responseMs: 60_000, serverMs: 60_000 },
    })
    const cookied = make('cookie', [...one, { id: 'down', address: at(gone) }], {
      affinity: insertCookie({ name: 'SRV' }),
    })
    cookied.server('down')?.maintenance()
    const to = { write: (_: string, line: string) => void ours.push(line) }
    const frontend = createFrontend({
      name: 'www',
      log: { to },
      timeouts: { clientMs: 2_000, httpRequestMs: 300 },
      rules: {
        request: [
          deny().if(match.str(path(), '/deny')),
          deny({ status: 429 }).if(match.str(path(), '/deny429')),
          tarpit({ delayMs: 200 }).if(match.str(path(), '/tarpit')),
          redirect({ location: '/there' }).if(match.str(path(), '/redirect')),
          respond({ status: 200 }).if(match.str(path(), '/return')),
        ],
      },
      route: ({ uri }) => backends.get(uri.slice(1)) ?? app,
    })
    closers.push(() => frontend.close({ drainMs: 0 }))
    ourPorts.push((await frontend.listen({ port: 0, host: '127.0.0.1' })).port as number)
    for (const name of doorNames.slice(1)) {
      const backend = make(name, name === 'tcp-gone' ? dead : one)
      const proxy = createTcpProxy({ name, route: backend, log: { to } })
      closers.push(() => proxy.close({ drainMs: 0 }))
      ourPorts.push((await proxy.listen({ port: 0, host: '127.0.0.1' })).port as number)
    }
    // One request holds the only place there for as long as the tests take.
    for (const port of [haproxy.ports[0] as number, ourPorts[0] as number]) {
      const holder = connect(port, '127.0.0.1')
      holder.on('error', () => {}).write(get('/queued'))
      closers.push(() => holder.destroy())
    }
    await expectEventually(async () => {
      expect(await haproxy.command('show stat')).toMatch(/^queued,s1,0,0,1,/m)
      expect(busy.counters.requestsNow).toBe(1)
    })
  })

  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function linesFor(one: Case, port: number, lines: string[]): Promise<readonly string[]> {
    lines.length = 0
    const socket = connect(port, '127.0.0.1')
    const over = new Promise(resolve => socket.once('close', resolve))
    let heard = 0
    socket.on('error', () => {})
    socket.on('data', () => heard++)
    socket.on('end', () => socket.end())
    await once(socket, 'connect')
    for (const bytes of one.send) {
      const before = heard
      socket.write(bytes, 'latin1')
      if (one.leave === undefined && bytes !== one.send.at(-1))
        await expectEventually(() => expect(heard).toBeGreaterThan(before))
    }
    if (one.leave === 'at-data') await expectEventually(() => expect(heard).toBeGreaterThan(0))
    // Long enough that the server has it, and not so long that it is too late.
    else if (one.leave === 'when-sent') await new Promise(resolve => setTimeout(resolve, 60))
    else if (one.leave === 'at-once') await new Promise(resolve => setTimeout(resolve, 20))
    if (one.leave !== undefined) socket.destroy()
    await over
    await expectEventually(() => expect(lines.length).toBeGreaterThanOrEqual(Math.max(1, one.send.length)))
    return lines.map(masked)
  }

  test.each(cases)('$title', async one => {
    const door = doorNames.indexOf((one.door ?? 'http') as never)
    const expected = await linesFor(one, haproxy.ports[door] as number, theirs)
    const found = await linesFor(one, ourPorts[door] as number, ours)
    expect(found).toEqual(expected.map(line => one.ours?.(line) ?? line))
  })
})
