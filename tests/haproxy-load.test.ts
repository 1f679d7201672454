/**
 * The algorithms that look at load beside a running HAProxy: the same servers while requests are under way, with limits
 * of connections and bounded loads.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  type Balancer,
  first,
  hash,
  leastConnections,
  type RequestInfo,
  roundRobin,
  staticRoundRobin,
  uri,
} from '@evener/algorithms'
import { expect, onTestFinished, test } from 'vitest'
import { type Chance, seeded } from './support/chance.ts'
import { haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { change } from './support/haproxy-comparison.ts'
import { type FarmServer, farmServers } from './support/haproxy-farm.ts'

const oracleTest = test.skipIf(!haproxyInstalled())

/** A request under way: at whose it is, and the way to end it. */
interface UnderWay {
  readonly name: string
  end(): Promise<void>
}

const response = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

/** A HAProxy before one server, which is all of them, and answers when it is told to. */
async function start(
  lines: readonly string[],
  pool: readonly FarmServer[],
  limit: (one: FarmServer) => number,
) {
  let arrived: (name: string, socket: Socket) => void = () => undefined
  const server = createServer({ noDelay: true }, socket => {
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('data', (text: string) => {
      arrived(/\r\nx-server-name: (\w+)/i.exec(text)?.[1] ?? `nobody in: ${text}`, socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const maxconn = (one: FarmServer) => (limit(one) > 0 ? `maxconn ${limit(one)}` : '')
  const haproxy = await startHaproxy({
    config: front => `
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  bind 127.0.0.1:${front}
  default_backend app
backend app
${lines.map(line => `  ${line}`).join('\n')}
  http-send-name-header x-server-name
${pool.map(one => `  server ${one.id} 127.0.0.1:${port} weight ${one.weight} ${maxconn(one)}`).join('\n')}
`,
  })
  const idle: Socket[] = []
  const all: Socket[] = []
  onTestFinished(async () => {
    for (const socket of all) socket.destroy()
    await haproxy.stop()
    server.close()
  })

  async function begin(path: string): Promise<UnderWay> {
    let client = idle.pop()
    if (client === undefined) {
      client = connect({ port: haproxy.ports[0] as number, host: '127.0.0.1', noDelay: true })
      client.setEncoding('latin1')
      client.on('error', () => undefined)
      all.push(client)
    }
    const there = new Promise<[string, Socket]>(resolve => {
      arrived = (name, socket) => resolve([name, socket])
    })
    client.write(`GET ${path} HTTP/1.1\r\nhost: farm\r\n\r\n`)
    const [name, socket] = await there
    return {
      name,
      async end() {
        const answered = once(client, 'data')
        socket.write(response)
        const [text] = await answered
        if (!text.startsWith('HTTP/1.1 200')) throw new Error(`haproxy said: ${text}`)
        idle.push(client)
      },
    }
  }
  return { begin, command: haproxy.command }
}

interface Case {
  readonly title: string
  readonly lines: readonly string[]
  balancer(): Balancer<RequestInfo>
  /** A server's limit of connections; 0 for none. */
  limit(chance: Chance): number
  /** Whether HAProxy lets weights be changed while it runs. */
  readonly dynamic: boolean
  /** Of how many paths requests are; the last one in ten is without a key, where that is asked for. */
  readonly paths: number
}

const unlimited = () => 0
const limited = (chance: Chance) => (chance(5) === 0 ? 0 : 1 + chance(4))

const cases: Case[] = [
  {
    title: 'leastconn',
    lines: ['balance leastconn'],
    balancer: leastConnections,
    limit: unlimited,
    paths: 1,
    dynamic: true,
  },
  {
    title: 'leastconn with maxconn',
    lines: ['balance leastconn'],
    balancer: leastConnections,
    limit: limited,
    paths: 1,
    dynamic: true,
  },
  {
    title: 'roundrobin with maxconn',
    lines: ['balance roundrobin'],
    balancer: roundRobin,
    limit: limited,
    paths: 1,
    dynamic: true,
  },
  {
    title: 'static-rr with maxconn',
    lines: ['balance static-rr'],
    balancer: staticRoundRobin,
    limit: limited,
    paths: 1,
    dynamic: false,
  },
  {
    title: 'first with maxconn',
    lines: ['balance first'],
    balancer: first,
    limit: limited,
    paths: 1,
    dynamic: true,
  },
  {
    title: 'hash without a key, consistent, with maxconn',
    lines: ['balance hash req.hdr(x-none)', 'hash-type consistent'],
    balancer: () => hash({ type: 'consistent', key: () => undefined }),
    limit: limited,
    paths: 1,
    dynamic: true,
  },
  {
    title: 'hash-balance-factor 125',
    lines: ['balance uri', 'hash-type consistent', 'hash-balance-factor 125'],
    balancer: () => uri({ type: 'consistent', balanceFactor: 125 }),
    limit: unlimited,
    paths: 20,
    dynamic: true,
  },
  {
    title: 'hash-balance-factor 101',
    lines: ['balance uri', 'hash-type consistent sdbm', 'hash-balance-factor 101'],
    balancer: () => uri({ type: 'consistent', function: 'sdbm', balanceFactor: 101 }),
    limit: unlimited,
    paths: 500,
    dynamic: true,
  },
]

const sizes = [1, 3, 8, 20, 50]
const each = 2_000

for (const { title, lines, balancer: make, limit, paths, dynamic } of cases) {
  oracleTest(
    haproxyTitle(`${title}: the same servers for 10,000 requests, many of them at once`),
    async () => {
      const chance = seeded(title)
      for (const size of sizes) {
        const pool = farmServers(Array.from({ length: size }, () => 1 + chance(12)))
        const limits = new Map(pool.map(one => [one, limit(chance)]))
        const { begin, command } = await start(lines, pool, one => limits.get(one) as number)
        const balancer = make()
        const away = new Set<FarmServer>()
        let here: FarmServer[] = []
        const rebuild = () => {
          here = pool.filter(one => !away.has(one) && one.weight > 0)
          balancer.rebuild(pool.filter(one => !away.has(one)))
        }
        rebuild()
        const underWay: { server: FarmServer; request: UnderWay }[] = []
        const loaded = (server: FarmServer, change: 1 | -1) => {
          const most = limits.get(server) as number
          server.load += change
          server.saturated = most > 0 && server.load >= most
        }
        const endOne = async () => {
          const [{ server, request }] = underWay.splice(chance(underWay.length), 1) as [
            (typeof underWay)[number],
          ]
          await request.end()
          loaded(server, -1)
          balancer.ended?.(server, { ok: true, latencyMs: 1 })
        }
        for (let sent = 0; sent < each; sent++) {
          if (sent % 100 === 99) {
            expect(await command(change(pool, away, dynamic, 12, chance) || 'show version')).not.toMatch(
              /error|unknown|require|denied/i,
            )
            rebuild()
          }
          // The number under way wanders between none and three for each server; somebody must have room.
          const wanted = chance(3 * size + 1)
          while (underWay.length > wanted || (underWay.length > 0 && here.every(one => one.saturated)))
            await endOne()
          const path = `/item/${chance(paths)}`
          const chosen = balancer.pick({ uri: path, header: () => undefined }) as FarmServer
          const request = await begin(path)
          expect(chosen.id, `request ${sent} to a pool of ${size}`).toBe(request.name)
          loaded(chosen, 1)
          balancer.began?.(chosen)
          underWay.push({ server: chosen, request })
        }
        while (underWay.length > 0) await endOne()
      }
    },
  )
}
