/**
 * `balance rdp-cookie` beside a running HAProxy: the same server for every user, and in turn for who says no name. And
 * `persist rdp-cookie`: the server that a client's token names, as long as that can be used.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { first, rdpCookie } from '@evener/algorithms'
import { createBackend, createTcpProxy } from '@evener/core'
import { rdpToken } from '@evener/session'
import { expect, onTestFinished, test } from 'vitest'
import { type Chance, seeded } from './support/chance.ts'
import { haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { change } from './support/haproxy-comparison.ts'
import { type FarmServer, farmServers } from './support/haproxy-farm.ts'

const oracleTest = test.skipIf(!haproxyInstalled())

/** Where a server listens that says its name and ends. */
async function namedServer(name: string): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(name))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function start(lines: readonly string[], pool: readonly FarmServer[]) {
  const ports = await Promise.all(pool.map(one => namedServer(one.id)))
  const haproxy = await startHaproxy({
    config: front => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  bind 127.0.0.1:${front}
  tcp-request inspect-delay 10s
  tcp-request content accept if { req.len ge 40 }
  tcp-request content reject
  default_backend app
backend app
${lines.map(line => `  ${line}`).join('\n')}
${pool.map((one, place) => `  server ${one.id} 127.0.0.1:${ports[place]} weight ${one.weight}`).join('\n')}
`,
  })
  onTestFinished(() => haproxy.stop())
  return haproxy
}

async function answer(port: number, opening: Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(opening)
  let name = ''
  for await (const piece of socket.setEncoding('latin1')) name += piece
  return name
}

/** A connection request of 40 bytes or more, so that HAProxy knows when it is whole. */
function openingOf(cookie: string): Buffer {
  return Buffer.from(`\x03\0\0\x2a\x25\xe0\0\0\0\0\0${cookie}${' '.repeat(30)}`, 'latin1')
}

function cookie(chance: Chance, name: string): string {
  const bytes = Array.from({ length: 1 + chance(20) }, () => String.fromCharCode(0x20 + chance(224)))
  return `${chance(4) === 0 ? 'cookie:' : 'Cookie: '}${chance(4) === 0 ? name.toUpperCase() : name}=${bytes.join('')}\r\n`
}

const without = [
  '',
  'Cookie: other=1\r\n',
  'Cookie: mstshash=\r\n',
  'GET / HTTP/1.1\r\n',
  'Cookie: mstshash=a\rb\r\n',
]

for (const [name, line, type] of [
  ['mstshash', 'balance rdp-cookie', 'map-based'],
  ['msts', 'balance rdp-cookie(MSTS)', 'consistent'],
] as const) {
  const title = `${line}, hash-type ${type}`
  oracleTest(
    haproxyTitle(`${title}: the same servers for 10,000 connections`),
    async () => {
      const chance = seeded(title)
      for (const size of [1, 4, 11, 32, 50]) {
        const pool = farmServers(Array.from({ length: size }, () => 1 + chance(9)))
        const { ports, command } = await start([line, `hash-type ${type}`], pool)
        const port = ports[0] as number
        const balancer = rdpCookie(name, { type })
        const away = new Set<FarmServer>()
        balancer.rebuild(pool)
        const ours = (opening: Buffer) => balancer.pick({ body: () => opening })?.id
        for (let phase = 0; phase < 10; phase++) {
          // Those with a name in no order, many at once; those without one after another, as they are served in turn.
          const named = Array.from({ length: 200 }, () => openingOf(cookie(chance, name)))
          for (let from = 0; from < named.length; from += 40) {
            const some = named.slice(from, from + 40)
            const theirs = await Promise.all(some.map(opening => answer(port, opening)))
            expect(theirs).toEqual(some.map(ours))
          }
          for (const text of without) {
            const opening = openingOf(text)
            expect(await answer(port, opening), text).toBe(ours(opening))
          }
          const said = await command(change(pool, away, type === 'consistent', 9, chance) || 'show version')
          expect(said).not.toMatch(/error|unknown|require|denied/i)
          balancer.rebuild(pool.filter(one => !away.has(one)))
        }
      }
    },
    90_000,
  )
}

oracleTest(
  haproxyTitle(
    'persist rdp-cookie: the same servers, by tokens of all kinds, up, in drain and in maintenance',
  ),
  async () => {
    const ids = ['s1', 's2', 's3', 's4']
    const ports = await Promise.all(ids.map(namedServer))
    // Whoever has no token that counts comes to the first that takes new clients.
    const haproxy = await startHaproxy({
      config: front => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen app
  bind 127.0.0.1:${front}
  tcp-request inspect-delay 10s
  tcp-request content accept if { req.len ge 40 }
  tcp-request content reject
  persist rdp-cookie
  balance first
${ids.map((id, at) => `  server ${id} 127.0.0.1:${ports[at]}`).join('\n')}
`,
    })
    onTestFinished(() => haproxy.stop())
    const servers = ids.map((id, at) => ({ id, address: `127.0.0.1:${ports[at]}` }))
    const backend = createBackend({ name: 'app', servers, balancer: first(), affinity: rdpToken() })
    const proxy = createTcpProxy({ route: backend })
    const { port: ours } = (await proxy.listen({ port: 0, host: '127.0.0.1' })) as { port: number }
    onTestFinished(async () => {
      await proxy.close({ drainMs: 0 })
      backend.close()
    })
    const theirs = haproxy.ports[0] as number

    const loopback = 0x0100007f
    const swapped = (port: number): number => ((port & 255) << 8) | (port >> 8)
    const lines = ports.flatMap(port =>
      [
        ...[`msts=${loopback}.${swapped(port)}.0000`, `MSTS=00${loopback}.0${swapped(port)}.`].flatMap(
          cookie => [`Cookie: ${cookie}\r\n`, `cookie:${cookie}\r\n`, `COOKIE:     ${cookie}\r\n`],
        ),
        ...[`msts=${loopback}.${port}.0000`, `msts=${loopback}.${swapped(port)}`, `msts=${swapped(port)}`],
        ...[`msts=${loopback + 256}.${swapped(port)}.0000`, `msts=127.0.0.1.${port}.`, `mstshash=s${port}`],
        ...['msts=', `xmsts=${loopback}.${swapped(port)}.0000`, `msts =${loopback}.${swapped(port)}.0000`],
        ...[
          `msts=${loopback}x.${swapped(port)}.0000`,
          `msts=${loopback}.${swapped(port)}.0000\rx`,
          'msts=a.b.c',
        ],
      ].map(text => (text.includes('\r\n') ? text : `Cookie: ${text}\r\n`)),
    )
    const found: string[] = []
    for (const [id, state] of [
      ['s1', 'ready'],
      ['s2', 'drain'],
      ['s3', 'maint'],
      ['s1', 'drain'],
    ] as const) {
      await haproxy.command(`set server app/${id} state ${state}`)
      if (state === 'drain') backend.server(id)?.drain()
      if (state === 'maint') backend.server(id)?.maintenance()
      for (const line of lines) {
        const opening = openingOf(line)
        const both = await Promise.all([answer(theirs, opening), answer(ours, opening)])
        expect([line, both[1]]).toEqual([line, both[0]])
        found.push(both[0])
      }
    }
    expect(new Set(found)).toEqual(new Set(ids))
  },
  90_000,
)
