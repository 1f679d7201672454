/**
 * What tells requests and sessions apart, beside HAProxy: `uniqueId` (`unique-id-format`, `unique-id-header`) and the cookie
 * that the log captures. What the server is told, what the client is told, what is logged.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createBackend, createFrontend } from '@evener/core'
import { deny, match, path, setHeader, uniqueId } from '@evener/rules'
import { answer, expectEventually, type FakeServer, fakeServer, rawClient } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const formats: readonly string[] = [
  '%{+X}o %fi:-%Ts:%pid',
  'a   %HM  %[path] %[req.hdr(x-one)]  b',
  '%{+Q}HM|%[req.hdr(x-none)]|%{+E}[req.hdr(x-one)]',
  `${'y'.repeat(120)}%[path]`,
  `${'y'.repeat(126)}%[path]`,
  'y'.repeat(200),
]

/** A target, and the cookies that come with it. */
const cases: readonly [target: string, cookies: string][] = [
  ['/a/b', 'x=1; SID=abc; SID2=d'],
  ['/none', 'SIDE=1; SID=2'],
  ['/denied', 'SID=0123456789abcdef'],
  ['/a/c', 'sid=1; XSID=4; SID; SID=  5 ;y'],
  ['/a/d', 'SID="a b"c{}|'],
]

/** What differs between two processes, and from second to second. */
const masked = (text: string | undefined) => text?.replace(/^[0-9A-F]{8}:-[0-9A-F]{8}:[0-9A-F]{4,}/, 'HEX')

interface Told {
  readonly server: readonly (string | undefined)[]
  readonly client: readonly (string | undefined)[]
  readonly log: readonly string[]
}

/** Requests to the doors of each format, in order. */
async function ask(ports: readonly number[], { requests }: FakeServer, lines: string[]): Promise<Told> {
  const [server, client, log]: [string[], string[], string[]] = [[], [], []]
  for (const port of ports) {
    for (const [target, cookies] of cases) {
      lines.length = 0
      const before = requests.length
      const one = await rawClient({ port })
      await one.send(
        `GET ${target} HTTP/1.1\r\nHost: a\r\nX-One: a"b]c\r\nCookie: ${cookies}\r\nConnection: close\r\n\r\n`,
      )
      const response = String(await one.readUntilClose())
      await expectEventually(() => expect(lines).toHaveLength(1))
      const came = requests[before]?.headers.find(([name]) => name.toLowerCase() === 'x-id')
      server.push(masked(came?.[1]) ?? 'not told')
      client.push(masked(/x-named: ?(.*)\r\n/i.exec(response)?.[1]) ?? 'not told')
      log.push(masked(lines[0]) as string)
    }
  }
  return { server, client, log }
}

test.skipIf(!haproxyInstalled())(
  haproxyTitle('requests are named, and their cookies captured, as HAProxy does it'),
  async () => {
    const behave = answer({
      headers: [
        ['Set-Cookie', 'a=b; SID=no'],
        ['Set-Cookie', 'SID=of-the-server; Path=/'],
      ],
    })
    const server = await fakeServer({ behave })
    onTestFinished(() => server.close())
    const lines: string[] = []
    const sink = createSocket('udp4').bind(0, '127.0.0.1')
    await once(sink, 'listening')
    onTestFinished(() => void sink.close())
    sink.on('message', message => lines.push(message.toString('latin1').replace(/\n$/, '')))
    const haproxy = await startHaproxy({
      ports: formats.length,
      config: (...ports) => `
defaults
  mode http
  option dontlognull
  log 127.0.0.1:${sink.address().port} len 8192 format raw local0
  log-format "%ID %CC %CS"
  timeout client 5s
  timeout server 5s
  timeout connect 5s
${ports
  .map(
    (port, i) => `
frontend f${i}
  bind 127.0.0.1:${port}
  capture cookie SID len 12
  unique-id-format "${(formats[i] as string).replace(/["\\]/g, '\\$&')}"
  unique-id-header X-Id
  http-request deny if { path /denied }
  http-after-response set-header X-Named %[unique-id]
  use_backend none if { path /none }
  default_backend app`,
  )
  .join('\n')}
backend none
backend app
  server s1 ${server.address}
`,
    })
    onTestFinished(() => haproxy.stop())
    const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
    const none = createBackend({ name: 'none', servers: [], allowEmpty: true })
    const captureCookie = { name: 'SID', length: 12 }
    const ports: number[] = []
    for (const format of formats) {
      const frontend = createFrontend({
        route: ({ uri }) => (uri === '/none' ? none : backend),
        uniqueId: { format, header: 'X-Id' },
        log: { to: { write: (_, line) => void lines.push(line) }, format: '%ID %CC %CS', captureCookie },
        rules: {
          request: [deny().if(match.str(path(), '/denied'))],
          afterResponse: [setHeader('X-Named', uniqueId())],
        },
      })
      onTestFinished(() => frontend.close({ drainMs: 0 }))
      ports.push((await frontend.listen({ port: 0, host: '127.0.0.1' })).port as number)
    }
    onTestFinished(() => [backend, none].forEach(each => void each.close()))
    const theirs = await ask(haproxy.ports, server, lines)
    const ours = await ask(ports, server, lines)
    // Were nothing told at all, the two would agree as well.
    expect([theirs.server[0], theirs.client[0], theirs.log[0]]).toEqual([
      'HEX',
      'HEX',
      'HEX SID=abc SID=of-the-s',
    ])
    expect(ours).toEqual(theirs)
  },
)
