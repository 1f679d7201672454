/**
 * Lines of the log beside HAProxy's own: the same formats over the same requests, hostile ones among them. What is known of a
 * request (who, what, how it ended) is given; how it is written is compared, with times, ports and counters masked.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type LogRecord, type LogScope, logFormat } from '@evener/rules'
import { expectEventually } from '@evener/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const formats: readonly string[] = [
  'httplog',
  'clf',
  '%HM|%HP|%HPO|%HQ|%HU|%HV',
  '%{+Q}HM|%{+Q}HP|%{+Q}HPO|%{+Q}HQ|%{+Q}HU|%{+Q}HV',
  '%r',
  '%{+Q}r %{+E}r %{+Q,+E}r',
  'a %hr b %hs',
  '%hrl|%hsl',
  '%{+Q}hr %{+Q}hs %{+Q}hrl %{+Q}hsl',
  '%{+E}hr %{+E}hs %{+Q,+E}hrl',
  '%f %ft %b %s %{+Q}f %{+Q}ft %{+Q}b %{+Q}s',
  '%{+X}ci %ci %{+Q}ci %{+X}fi %fi %si %{+X}si %{+Q}si',
  '%ST %ts %tsc %rc',
  '%CC %CS %{+Q}CC %{+Q}CS %{+E}CC %{+Q,+E}CS',
  'a  %CC   b    %hr     c %% %%%ST%%',
  '%{+Q}o %f %{-Q}s %s %{-Q}o %s %{+X}ci %{+Q,-X}ci',
  '%{+Q,+E}o [evener@1 request=%r captured=%hr cookie=%CC server=%s]',
  '[%[src]] %{+Q}[src] %[dst] %{+Q,+E}[src]',
]

interface Case {
  readonly title: string
  readonly request: string
  readonly record: Partial<LogRecord>
}

const server = { server: 'srv1', serverAddress: '127.0.0.1', backend: 'app' }
const answered = {
  ...server,
  status: 200,
  termination: '----',
  responseCaptures: ['b"{c}|#'],
  responseCookie: 'SID=z',
}
const hostile = 'a"{b|c}#\\]d\xe9'

function get(
  target: string,
  record: Partial<LogRecord> = {},
  head = '',
  method = 'GET',
  version = 'HTTP/1.1',
): Case {
  const requestLine = `${method} ${target} ${version}`
  return {
    title: requestLine.slice(0, 60) + (head === '' ? '' : ` ${JSON.stringify(head.slice(0, 40))}`),
    request: `${requestLine}\r\nHost: h\r\nConnection: close\r\n${head}\r\n`,
    record: { requestLine, ...answered, ...record },
  }
}

const local = {
  backend: 'www',
  server: undefined,
  serverAddress: undefined,
  responseCookie: undefined,
  responseCaptures: [undefined],
}

const cases: readonly Case[] = [
  get('/'),
  get('/a/b?c=d&e=f'),
  get('/?'),
  get('/a?b?c'),
  get('/%0a%22%00/..;x'),
  get('/a"bc{d|e}\\]'),
  get('http://h/a/b?c'),
  get('http://h'),
  get('*', {}, '', 'OPTIONS'),
  get('/', {}, '', 'GET', 'HTTP/1.0'),
  get('/head', {}, '', 'HEAD'),
  get('/', {}, 'Content-Length: 3\r\n\r\nabc', 'POST'),
  get('/', {}, '', 'PROPFIND'),
  get('/missing', { status: 404 }),
  get('/', { requestCaptures: ['plain', undefined] }, 'X-One: plain\r\n'),
  get('/', { requestCaptures: [hostile, undefined] }, `X-One: ${hostile}\r\n`),
  get('/', { requestCaptures: ['second', 't\tab'] }, 'X-One: first\r\nX-One: second\r\nX-Three: t\tab\r\n'),
  get('/', { requestCaptures: ['x'.repeat(40), undefined] }, `X-One: ${'x'.repeat(50)}\r\n`),
  get('/', { requestCookie: 'SID=abc' }, 'Cookie: a=b; SID=abc; c=d\r\n'),
  get('/', { requestCookie: 'SID=a\\]b' }, 'Cookie: SID=a\\]b\r\n'),
  get('/denied', { ...local, status: 403, termination: 'PR--' }),
  get('/moved', { ...local, status: 302, termination: 'LR--' }),
  get('/nobody', { ...local, backend: 'empty', status: 503, termination: 'SC--' }),
  get('/refused', {
    ...local,
    backend: 'refusing',
    server: 'gone',
    serverAddress: '127.0.0.1',
    status: 503,
    termination: 'SC--',
    retries: 1,
  }),
  {
    title: 'no HTTP',
    request: 'GET\r\n\r\n',
    record: {
      ...local,
      requestLine: undefined,
      status: 400,
      termination: 'PR--',
      requestCaptures: undefined,
      responseCaptures: undefined,
    },
  },
]

const configuration = (log: number, origin: number, gone: number, ports: readonly number[]): string => `
defaults
  mode http
  option dontlognull
  log 127.0.0.1:${log} len 8192 format raw local0
  timeout client 5s
  timeout server 5s
  timeout connect 5s
  retries 1
${ports
  .map(
    (port, index) => `
frontend www${index}
  bind 127.0.0.1:${port}
  capture request header X-One len 40
  capture request header X-Three len 40
  capture response header X-Two len 40
  capture cookie SID= len 40
  ${lineOf(formats[index] as string)}
  http-request deny if { path /denied }
  http-request redirect location /there if { path /moved }
  use_backend empty if { path /nobody }
  use_backend refusing if { path /refused }
  default_backend app
`,
  )
  .join('')}
backend app
  server srv1 127.0.0.1:${origin}
backend empty
backend refusing
  server gone 127.0.0.1:${gone}
`

function lineOf(format: string): string {
  if (format === 'httplog') return 'option httplog'
  if (format === 'clf') return 'option httplog clf'
  const escaped = format.replace(/["\\]/g, '\\$&')
  return `log-format "${escaped}"`
}

/** Times, ports, counters and bytes are not the format's. */
function masked(line: string, format: string): string {
  if (format === 'httplog') {
    return line
      .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, 'CLIENT [DATE]')
      .replace(/ (-?\d+\/){4}-?\d+ /, ' TIMERS ')
      .replace(/ (\d{3}) \d+ /, ' $1 BYTES ')
      .replace(/ \d+\/\d+\/\d+\/\d+\/(\d+) \d+\/\d+ /, ' CONNECTIONS/$1 QUEUES ')
  }
  if (format !== 'clf') return line
  return line
    .replace(/\[[^\]]+\]/, '[DATE]')
    .replace(/ (\d{3}) \d+ "" "" \d+ \d+ /, ' $1 BYTES "" "" PORT MS ')
    .replace(/( -?\d+){5} ([\w-]{4}) \d+ \d+ \d+ \d+ (\d+) \d+ \d+ /, ' TIMERS $2 CONNECTIONS $3 QUEUES ')
}

function scopeOf(record: Partial<LogRecord>, frontend: string): LogScope {
  const numbers = {
    idleMs: 0,
    handshakeMs: 0,
    requestMs: 0,
    queueMs: 0,
    connectMs: 0,
    responseMs: 0,
    activeMs: 0,
  }
  const counted = {
    processConnections: 1,
    frontendConnections: 1,
    backendConnections: 1,
    serverConnections: 1,
  }
  const known = {
    peerAddress: '127.0.0.1',
    peerPort: 1,
    localAddress: '127.0.0.1',
    localPort: 1,
    acceptedAt: 0,
  }
  const more = {
    serverQueue: 0,
    backendQueue: 0,
    bytesRead: 1,
    retries: 0,
    redispatched: false,
    mode: 'http',
  }
  const captured = { requestCaptures: [undefined, undefined] }
  // HAProxy names the frontend where it came to no backend.
  const backend = record.backend === 'www' || record.backend === undefined ? frontend : record.backend
  return {
    connection: { ...known, tls: undefined },
    around: { now: () => 0 },
    record: { ...numbers, ...counted, ...more, ...captured, ...record, backend, frontend },
  } as unknown as LogScope
}

describe.skipIf(!haproxyInstalled())(haproxyTitle('lines of the log beside HAProxy'), () => {
  const lines: string[] = []
  const closers: (() => unknown)[] = []
  let haproxy: Haproxy

  beforeAll(async () => {
    const log = createSocket('udp4').bind(0, '127.0.0.1')
    await once(log, 'listening')
    log.on('message', message => lines.push(message.toString('latin1').replace(/\n$/, '')))
    const origin = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', data => {
        const status = data.includes('/missing') ? '404 Not Found' : '200 OK'
        socket.end(
          `HTTP/1.1 ${status}\r\nX-Two: b"{c}|#\r\nSet-Cookie: SID=z; Path=/\r\nContent-Length: 0\r\n\r\n`,
        )
      })
    }).listen(0, '127.0.0.1')
    await once(origin, 'listening')
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const port = (gone.address() as AddressInfo).port
    gone.close()
    closers.push(
      () => log.close(),
      () => origin.close(),
    )
    haproxy = await startHaproxy({
      ports: formats.length,
      config: (...ports) =>
        configuration(log.address().port, (origin.address() as AddressInfo).port, port, ports),
    })
    closers.push(() => haproxy.stop())
  })

  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function lineFor(request: string, port: number): Promise<string> {
    lines.length = 0
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.write(request, 'latin1')
    await once(socket, 'close')
    await expectEventually(() => lines.length > 0)
    return lines[0] as string
  }

  test.each(cases)('$title', async ({ request, record }) => {
    const theirs: string[] = []
    const ours: string[] = []
    for (const [index, format] of formats.entries()) {
      const line = logFormat(format).line(scopeOf(record, `www${index}`))
      // HAProxy writes no line that would be empty.
      if (line === '') continue
      ours.push(masked(line, format))
      theirs.push(masked(await lineFor(request, haproxy.ports[index] as number), format))
    }
    expect(ours).toEqual(theirs)
  })
})
