/**
 * Beside HAProxy at layer 4: what its fetches of contents come to, of the same first bytes of a client. It says so in its
 * log, a line for each connection.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ContentScope, expression } from '@evener/rules'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { scopeOf } from './support/value-oracle.ts'

const expressions = [
  ...[
    'req.len',
    'req.payload(0,4),hex',
    'req.payload(2,3),hex',
    'req.payload(0,0),hex',
    'req.payload_lv(0,1),hex',
  ],
  ...[
    'req.payload_lv(1,2,0),hex',
    'req.payload_lv(0,2,+1),hex',
    'req.ssl_sni',
    'req.ssl_alpn',
    'req.ssl_hello_type',
  ],
  ...[
    'req.ssl_ver',
    'req.ssl_ec_ext',
    'req.ssl_st_ext',
    'req.rdp_cookie',
    'req.rdp_cookie(mstshash)',
    'req.rdp_cookie(x)',
  ],
  ...['req.rdp_cookie_cnt', 'req.proto_http', 'wait_end'],
]

/** The first bytes of a real TLS client. */
async function greeting(options: {
  servername?: string
  ALPNProtocols?: string[]
  maxVersion?: 'TLSv1.2'
}): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }).on(
    'error',
    () => undefined,
  )
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}

const rdp = (cookie: string) => {
  const size = 11 + cookie.length
  return Buffer.from(`\x03\0\0${String.fromCharCode(size, size - 5)}\xe0\0\0\0\0\0${cookie}`, 'latin1')
}

async function contents(): Promise<Buffer[]> {
  const hellos = await Promise.all([
    greeting({ servername: 'www.example.com', ALPNProtocols: ['h2', 'http/1.1'] }),
    greeting({ maxVersion: 'TLSv1.2' }),
    greeting({ servername: 'a.b', maxVersion: 'TLSv1.2', ALPNProtocols: ['x'] }),
  ])
  const first = hellos[0] as Buffer
  return [
    ...hellos,
    first.subarray(0, 100),
    Buffer.concat([first.subarray(0, 43), Buffer.alloc(first.length - 43, 0xff)]),
    rdp('Cookie: mstshash=joe\r\n'),
    rdp('Cookie: x=1\r\nmore'),
    rdp('nothing\r\n'),
    ...['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x02ab', '\x03a', '\0\x03abc', 'SSH-2.0-x\r\n', 'x'].map(text =>
      Buffer.from(text),
    ),
  ]
}

describe.skipIf(!haproxyInstalled())(haproxyTitle('contents, beside HAProxy'), () => {
  let cases: Buffer[]
  let theirs: string[][]

  beforeAll(async () => {
    cases = await contents()
    const haproxy = await startHaproxy({ config })
    try {
      theirs = []
      for (const bytes of cases) theirs.push(await answers(haproxy, bytes))
    } finally {
      await haproxy.stop()
    }
  })

  test('the same values of the same bytes', () => {
    const differences = cases.flatMap((bytes, row) =>
      expressions.flatMap((text, column) => {
        const [ours, other] = [ourValue(text, bytes), theirs[row]?.[column]].map(value =>
          value?.slice(0, 100),
        )
        return ours === other ? [] : [{ text, bytes: bytes.toString('latin1', 0, 50), ours, theirs: other }]
      }),
    )
    expect(differences).toEqual([])
  })
})

const config = (port: number): string => `
defaults
  mode tcp
  timeout client 2s
  timeout server 2s
  timeout connect 2s
frontend f
  bind 127.0.0.1:${port}
  log stdout len 65535 format raw local0
  log-format "LINE %cp ${expressions.map((_, at) => `%[var(sess.e${at}),length]:%[var(sess.e${at}),ltrim(),hex]|`).join('')}"
  tcp-request inspect-delay 100ms
${expressions.map((text, at) => `  tcp-request content set-var(sess.e${at}) ${text},ltrim() if WAIT_END`).join('\n')}
  tcp-request content reject if WAIT_END
`

async function answers(haproxy: Haproxy, bytes: Buffer): Promise<string[]> {
  const socket = connect(haproxy.ports[0] as number, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  const wanted = new RegExp(`LINE ${socket.localPort} (.*)\\n`)
  socket.end(bytes)
  socket.resume()
  await once(socket, 'close')
  const deadline = performance.now() + 10_000
  for (;;) {
    const line = wanted.exec(haproxy.output())?.[1]
    if (line !== undefined)
      return [...line.matchAll(/([\d-]*):([0-9A-F-]*)\|/g)].map(([, length, hex]) =>
        length === '-' || length === '' ? '(nothing)' : Buffer.from(hex as string, 'hex').toString('latin1'),
      )
    if (performance.now() > deadline) throw new Error(`no line: ${haproxy.output()}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

function ourValue(text: string, bytes: Buffer): string {
  const scope: ContentScope = {
    ...scopeOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    content: { bytes, complete: true, undecided: false },
  }
  const value = expression(`${text},ltrim()`, 'content').read(scope)
  return value === undefined ? '(nothing)' : String(value)
}
