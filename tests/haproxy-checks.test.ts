/**
 * What checks find, beside a running HAProxy: the same servers with the same answers, and the code of each.
 *
 * Where the two differ on purpose, the case says what HAProxy finds, and why Evener does not.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import {
  agentCheck,
  type Checker,
  type HttpStep,
  httpChain,
  httpCheck,
  ldapCheck,
  mysqlCheck,
  pgsqlCheck,
  redisCheck,
  smtpCheck,
  type Target,
  type TcpStep,
  tcpChain,
  tcpCheck,
} from '@evener/health'
import { testCertificate } from '@evener/testing'
import { expect, test } from 'vitest'
import { freePort, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards } from './support/hosting.ts'

/** What a server does with each connection. */
type Behaviour = (socket: Socket) => void

interface Case {
  readonly name: string
  readonly server: Behaviour | 'nobody' | 'tls'
  /** Lines of the backend, and of its server. `OTHER` is the port of a second server, which greets with `other`. */
  readonly backend: string
  readonly line?: string
  readonly checker: (other: number) => Checker
  /** The column of `show stat`. */
  readonly column?: string
  /** What HAProxy finds where that is not what Evener finds. */
  readonly haproxy?: { readonly code: string; readonly because: string }
}

/** Long enough for a busy machine; HAProxy checks again and again, so that a late answer there is made good. */
const timeoutMs = 1500

/** Greets, and answers what it hears with one reply after the other; then hangs up where `ends`. */
const talking =
  (greeting: string | Uint8Array, replies: readonly (string | Uint8Array)[] = [], ends = true): Behaviour =>
  socket => {
    const left = [...replies]
    if (greeting.length > 0) socket.write(greeting)
    if (left.length === 0 && ends) socket.end()
    socket.on('data', () => {
      const reply = left.shift()
      if (reply === undefined) return
      if (left.length === 0 && ends) socket.end(reply)
      else socket.write(reply)
    })
  }

const silent: Behaviour = socket => socket.resume()
const resets: Behaviour = socket => socket.once('data', () => socket.resetAndDestroy())
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const tcp = (
  name: string,
  server: Behaviour,
  rules: string,
  steps: TcpStep[] | ((other: number) => TcpStep[]),
) => ({
  name: `tcp-check, ${name}`,
  server,
  backend: `option tcp-check\n${rules}`,
  checker: (other: number) => tcpChain(typeof steps === 'function' ? steps(other) : steps, { timeoutMs }),
})

const answer = (status: string, body = '', head = ''): Behaviour =>
  talking('', [`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`])

const http = (name: string, server: Behaviour, rules: string, steps: HttpStep[], disableOn404 = false) => ({
  name: `http-check, ${name}`,
  server,
  backend: `option httpchk GET /\n${rules}`,
  checker: () => httpChain([{ send: { method: 'GET' } }, ...steps], { timeoutMs, disableOn404 }),
})

const mysqlGreeting = hex(`2a000000 0a 382e302e333600 ${'01'.repeat(34)}`)
const mysqlRefusal = Buffer.concat([hex('1a000000 ff 6a04'), Buffer.from('you are not allowed in!')])

const cases: readonly Case[] = [
  { name: 'a connection', server: silent, backend: '', checker: () => tcpCheck({ timeoutMs }) },
  { name: 'nobody', server: 'nobody', backend: '', checker: () => tcpCheck({ timeoutMs }) },
  {
    name: 'TLS',
    server: 'tls',
    backend: '',
    line: 'check-ssl verify none',
    checker: () => tcpCheck({ timeoutMs, connect: { tls: { rejectUnauthorized: false } } }),
  },
  {
    name: 'TLS of what has none',
    server: talking('220 mail.test ESMTP\r\n'),
    backend: '',
    line: 'check-ssl verify none',
    checker: () => tcpCheck({ timeoutMs, connect: { tls: {} } }),
  },
  {
    name: 'TLS of what says nothing',
    server: silent,
    backend: '',
    line: 'check-ssl verify none',
    checker: () => tcpCheck({ timeoutMs, connect: { tls: {} } }),
  },
  {
    name: 'TLS that is not trusted',
    server: 'tls',
    backend: '',
    line: 'check-ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt',
    checker: () => tcpCheck({ timeoutMs, connect: { tls: {} } }),
  },
  tcp('a text', talking('well, OK then'), 'tcp-check expect string OK', [{ expect: { string: 'OK' } }]),
  tcp('another text', talking('no'), 'tcp-check expect string OK', [{ expect: { string: 'OK' } }]),
  tcp('no text', talking(''), 'tcp-check expect string OK', [{ expect: { string: 'OK' } }]),
  tcp('silence', silent, 'tcp-check expect string OK', [{ expect: { string: 'OK' } }]),
  tcp('a text that others follow', talking('no', [], false), 'tcp-check expect string OK', [
    { expect: { string: 'OK' } },
  ]),
  tcp('not that text', talking('fine'), 'tcp-check expect ! string OK', [{ expectNot: { string: 'OK' } }]),
  tcp('that text', talking('OK'), 'tcp-check expect ! string OK', [{ expectNot: { string: 'OK' } }]),
  tcp('not that text, for good', talking('fine', [], false), 'tcp-check expect ! string OK', [
    { expectNot: { string: 'OK' } },
  ]),
  tcp('not that text at once', talking('fine', [], false), 'tcp-check expect min-recv 0 ! string OK', [
    { expectNot: { string: 'OK' }, minRecv: 0 },
  ]),
  tcp('min-recv that is not reached', talking('fine', [], false), 'tcp-check expect min-recv 9 rstring fi', [
    { expect: { rstring: /fi/ }, minRecv: 9 },
  ]),
  tcp(
    'min-recv that is final',
    talking('fine and more', [], false),
    'tcp-check expect min-recv 9 rstring OK',
    [{ expect: { rstring: /OK/ }, minRecv: 9 }],
  ),
  tcp('an expression', talking('+OK ready'), 'tcp-check expect rstring ^.OK', [
    { expect: { rstring: /^.OK/ } },
  ]),
  tcp('bytes', talking(hex('00ff10')), 'tcp-check expect binary ff10', [{ expect: { binary: 'ff10' } }]),
  tcp('an expression of bytes', talking(hex('00ff10')), 'tcp-check expect rbinary ^00FF', [
    { expect: { rbinary: /^00FF/ } },
  ]),
  tcp('question and answer', talking('', ['pong']), 'tcp-check send ping\ntcp-check expect string pong', [
    { send: 'ping' },
    { expect: { string: 'pong' } },
  ]),
  tcp(
    'two questions',
    talking('', ['one', 'two']),
    'tcp-check send-binary 61\ntcp-check expect string one\ntcp-check send b\ntcp-check expect rstring ^two',
    [{ sendBinary: '61' }, { expect: { string: 'one' } }, { send: 'b' }, { expect: { rstring: /^two/ } }],
  ),
  tcp(
    'two expectations of one answer',
    talking('one two'),
    'tcp-check expect string one\ntcp-check expect rstring ^one.two',
    [{ expect: { string: 'one' } }, { expect: { rstring: /^one.two/ } }],
  ),
  tcp('a question only', silent, 'tcp-check send ping', [{ send: 'ping' }]),
  tcp('a connect only', silent, 'tcp-check connect', [{ connect: {} }]),
  tcp(
    'two places',
    talking('one'),
    'tcp-check connect\ntcp-check expect string one\ntcp-check connect port OTHER\ntcp-check expect string other',
    other => [
      { connect: {} },
      { expect: { string: 'one' } },
      { connect: { port: other } },
      { expect: { string: 'other' } },
    ],
  ),
  tcp('a code for what is wrong', talking('no'), 'tcp-check expect error-status L7STS string OK', [
    { expect: { string: 'OK' }, errorStatus: 'L7STS' },
  ]),
  tcp('a lower code for what is wrong', talking('no'), 'tcp-check expect error-status L4CON string OK', [
    { expect: { string: 'OK' }, errorStatus: 'L4CON' },
  ]),
  tcp('a code for what is right', talking('OK'), 'tcp-check expect ok-status L6OK string OK', [
    { expect: { string: 'OK' }, okStatus: 'L6OK' },
  ]),
  tcp('a good-bye', talking('OK'), 'tcp-check expect ok-status L7OKC string OK', [
    { expect: { string: 'OK' }, okStatus: 'L7OKC' },
  ]),
  tcp('a code for what is late', silent, 'tcp-check expect tout-status L6TOUT string OK', [
    { expect: { string: 'OK' }, toutStatus: 'L6TOUT' },
  ]),
  {
    ...tcp('a reset', resets, 'tcp-check send ping\ntcp-check expect string OK', [
      { send: 'ping' },
      { expect: { string: 'OK' } },
    ]),
    haproxy: {
      code: 'SOCKERR',
      because: 'SOCKERR is what is wrong on this side; a reset is the server’s doing',
    },
  },
  http('200', answer('200 OK', 'fine'), '', []),
  http('302', answer('302 Found'), '', []),
  http('404', answer('404 Not Found'), '', []),
  http('500', answer('500 Oh'), '', []),
  http('404 as a good-bye', answer('404 Not Found'), 'http-check disable-on-404', [], true),
  http('503 where 404 is a good-bye', answer('503 No'), 'http-check disable-on-404', [], true),
  http('a status', answer('401 Who'), 'http-check expect status 200,401', [
    { expect: { status: '200,401' } },
  ]),
  http('another status', answer('204 No'), 'http-check expect status 200,300-399', [
    { expect: { status: '200,300-399' } },
  ]),
  http('a status by expression', answer('503 No'), 'http-check expect ! rstatus ^5', [
    { expectNot: { rstatus: /^5/ } },
  ]),
  http(
    'a header',
    answer('200 OK', '', 'Set-Cookie: sessid=1\r\n'),
    'http-check expect hdr name set-cookie value -m beg sessid=',
    [{ expect: { hdr: { name: 'set-cookie', value: 'sessid=', valueMethod: 'beg' } } }],
  ),
  http('no header', answer('200 OK'), 'http-check expect hdr name set-cookie', [
    { expect: { hdr: { name: 'set-cookie' } } },
  ]),
  http('part of a header', answer('200 OK', '', 'X: a, b\r\n'), 'http-check expect hdr name x value b', [
    { expect: { hdr: { name: 'x', value: 'b' } } },
  ]),
  http('a whole header', answer('200 OK', '', 'X: a, b\r\n'), 'http-check expect fhdr name x value b', [
    { expect: { fhdr: { name: 'x', value: 'b' } } },
  ]),
  http('a body', answer('200 OK', 'it is ready'), 'http-check expect string ready', [
    { expect: { string: 'ready' } },
  ]),
  http('another body', answer('200 OK', 'it is sick'), 'http-check expect string ready', [
    { expect: { string: 'ready' } },
  ]),
  http('no body', answer('200 OK'), 'http-check expect string ready', [{ expect: { string: 'ready' } }]),
  http('not that body', answer('200 OK', 'ready'), 'http-check expect ! string Error', [
    { expectNot: { string: 'Error' } },
  ]),
  http('that body', answer('200 OK', 'an Error'), 'http-check expect ! string Error', [
    { expectNot: { string: 'Error' } },
  ]),
  http('no body, where that is not wanted', answer('200 OK'), 'http-check expect ! string Error', [
    { expectNot: { string: 'Error' } },
  ]),
  http('a body by expression', answer('200 OK', 'tag:0f'), 'http-check expect rstring tag:[0-9a-f]*', [
    { expect: { rstring: /tag:[0-9a-f]*/ } },
  ]),
  http('no HTTP', talking('', ['220 mail.test\r\n']), '', []),
  http('no answer', talking('', ['']), '', []),
  http('silence', silent, '', []),
  {
    name: 'httpchk, another body',
    server: answer('200 OK', 'it is sick'),
    backend: 'option httpchk GET /\nhttp-check expect string ready',
    checker: () => httpCheck({ timeoutMs, method: 'GET', expect: { body: 'ready' } }),
  },
  ...(
    [
      ['PONG', ['+PONG\r\n']],
      ['an error', ['-NOAUTH Authentication required.\r\n']],
    ] as const
  ).map(([name, replies]) => ({
    name: `redis-check, ${name}`,
    server: talking('', replies),
    backend: 'option redis-check',
    checker: () => redisCheck({ timeoutMs }),
  })),
  ...(
    [
      ['a mail server', '220 mail.test ESMTP\r\n', ['250 hello\r\n', '221 bye\r\n']],
      ['one that is closed', '554 no service\r\n', []],
      ['one that does not know us', '220 mail.test\r\n', ['550 no\r\n']],
      ['something else', '+OK POP3 ready\r\n', []],
    ] as const
  ).map(([name, greeting, replies]) => ({
    name: `smtpchk, ${name}`,
    server: talking(greeting, replies),
    backend: 'option smtpchk HELO lb.test',
    checker: () => smtpCheck({ timeoutMs, domain: 'lb.test' }),
  })),
  ...(
    [
      ['a greeting', mysqlGreeting],
      ['a refusal', mysqlRefusal],
      ['half a greeting', mysqlGreeting.subarray(0, 20)],
    ] as const
  ).map(([name, greeting]) => ({
    name: `mysql-check, ${name}`,
    server: talking(greeting),
    backend: 'option mysql-check',
    checker: () => mysqlCheck({ timeoutMs }),
  })),
  ...(
    [
      ['a login', hex('07000002 00 00 00 02 00 00 00')],
      ['a login that is denied', Buffer.concat([hex('0d000002 ff 1504'), Buffer.from('access den')])],
    ] as const
  ).map(([name, reply]) => ({
    name: `mysql-check user, ${name}`,
    server: talking(mysqlGreeting, [reply]),
    backend: 'option mysql-check user lb',
    checker: () => mysqlCheck({ timeoutMs, user: 'lb' }),
  })),
  ...(
    [
      ['no password wanted', hex('52 00000008 00000000')],
      ['MD5', hex('52 0000000c 00000005 01020304')],
      ['an error', Buffer.concat([hex('45 00000020'), Buffer.from('SFATAL\0C57P03\0Mstarting up\0\0')])],
      ['an unknown authentication', hex('52 00000008 00000063')],
    ] as const
  ).map(([name, reply]) => ({
    name: `pgsql-check, ${name}`,
    server: talking('', [reply]),
    backend: 'option pgsql-check user lb',
    checker: () => pgsqlCheck({ timeoutMs, user: 'lb' }),
  })),
  ...(
    [
      ['success', '300c 020101 61070a010004000400'],
      ['a refusal', '300c 020101 61070a013104000400'],
      ['something else', '48545450 2f312e31 20343030 0d0a0d0a'],
    ] as const
  ).map(([name, reply]) => ({
    name: `ldap-check, ${name}`,
    server: talking('', [hex(reply)]),
    backend: 'option ldap-check',
    checker: () => ldapCheck({ timeoutMs }),
  })),
  ...(
    [
      ['up', 'up\n'],
      ['down', 'down # sick\n'],
      ['stopped', 'stopped\r\n'],
      ['fail and more', 'fail 50%,maxconn:3\n'],
    ] as const
  ).map(([name, line]) => ({
    name: `agent-check, ${name}`,
    server: talking(line),
    backend: '',
    line: 'agent-check agent-port PORT agent-inter 200',
    column: 'agent_status',
    checker: () => agentCheck({ timeoutMs }),
  })),
]

/** Listen; the test's end closes all. */
async function listening(behaviour: Behaviour | 'nobody' | 'tls'): Promise<number> {
  if (behaviour === 'nobody') return freePort()
  const server = behaviour === 'tls' ? createTlsServer(testCertificate) : createServer(behaviour)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** The column of each backend's server, once they are as wanted; as they are after a while otherwise. */
async function found(
  command: (text: string) => Promise<string>,
  columns: readonly string[],
  wanted: readonly string[],
) {
  const codes = columns.map(() => '')
  const deadline = performance.now() + 20_000
  do {
    await new Promise(resolve => setTimeout(resolve, 50))
    const [head = '', ...rows] = (await command('show stat -1 4 -1')).split('\n')
    const names = head.replace('# ', '').split(',')
    for (const row of rows) {
      const cells = row.split(',')
      const cell = (name: string) => cells[names.indexOf(name)] ?? ''
      const index = Number(cell('pxname').slice(1))
      // While a check is under way, the last one's code has a star in front.
      codes[index] = cell(columns[index] as string).replace('* ', '')
    }
  } while (codes.some((code, index) => code !== wanted[index]) && performance.now() < deadline)
  return codes
}

/** A few at once, so that none is late because of the others. */
async function inTurns<T, R>(list: readonly T[], each: (one: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < list.length; from += 10) {
    results.push(...(await Promise.all(list.slice(from, from + 10).map((one, at) => each(one, from + at)))))
  }
  return results
}

test.skipIf(!haproxyInstalled())(
  haproxyTitle(`${cases.length} kinds of checks and answers have the codes that HAProxy gives them`),
  async () => {
    const other = await listening(talking('other'))
    const ports = await Promise.all(cases.map(({ server }) => listening(server)))
    const sections = cases.map(({ backend, line = '', column }, index) => {
      const port = ports[index] as number
      const rules = backend.replaceAll('OTHER', String(other)).split('\n').join('\n  ')
      const how =
        column === undefined ? `check inter 200 fastinter 200 ${line}` : line.replace('PORT', String(port))
      return `backend b${index}\n  ${rules}\n  server s 127.0.0.1:${port} ${how}`
    })
    const haproxy = await startHaproxy({
      config: front => `
defaults
  mode tcp
  timeout connect ${timeoutMs}ms
  timeout check ${timeoutMs}ms
  timeout client 5s
  timeout server 5s
${sections.join('\n')}
frontend front
  bind 127.0.0.1:${front}
  default_backend b0
`,
    })
    afterwards(() => haproxy.stop())
    const ours = await inTurns(cases, async ({ checker }, index) => {
      const target: Target = { id: 's', host: '127.0.0.1', port: ports[index] as number }
      return (await checker(other).check(target, new AbortController().signal)).code
    })
    const wanted = cases.map(({ haproxy: known }, index) => known?.code ?? (ours[index] as string))
    const columns = cases.map(({ column = 'check_status' }) => column)
    const theirs = await found(haproxy.command, columns, wanted)
    const table = (codes: readonly string[]) => cases.map(({ name }, index) => `${name}: ${codes[index]}`)
    expect(table(wanted)).toEqual(table(theirs))
    const differing = cases.flatMap(({ haproxy: known, name }, index) =>
      known === undefined ? [] : [`${name}: ${ours[index]}`],
    )
    expect(differing).toEqual(['tcp-check, a reset: L7RSP'])
  },
  60_000,
)
