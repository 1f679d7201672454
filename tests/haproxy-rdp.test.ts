/**
 * `balance rdp-cookie` beside a running HAProxy: the same server for every user, and in turn for who says no name.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { rdpCookie } from '@evener/algorithms'
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
