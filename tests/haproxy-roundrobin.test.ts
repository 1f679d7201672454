/**
 * Round robin beside a running HAProxy: the same requests, one after another, reach the same servers.
 */
import { once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Balancer, type Member, roundRobin, staticRoundRobin } from '@evener/algorithms'
import { afterEach, describe, expect, test } from 'vitest'
import { type Haproxy, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'

const oracleTest = test.skipIf(!haproxyInstalled())

let cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  cleanups = []
})

interface TestMember extends Member {
  weight: number
}

function members(weights: readonly number[]): TestMember[] {
  return weights.map((weight, place) => ({ id: `s${place + 1}`, weight, load: 0, saturated: false }))
}

/** A small generator of chance, the same for the same seed. */
function seeded(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 0x9e3779b1)
  return limit => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** A server that says who it is: its own name, or the one by which HAProxy calls it. */
async function server(name?: string): Promise<number> {
  const listening: Server = createServer((incoming, answer) => {
    answer.end(name ?? incoming.headers['x-server-name'])
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  cleanups.push(async () => {
    listening.closeAllConnections()
    listening.close()
    await once(listening, 'close')
  })
  return (listening.address() as AddressInfo).port
}

async function haproxy(
  algorithm: string,
  weights: readonly number[],
  ports: readonly number[],
): Promise<Haproxy> {
  const running = await startHaproxy({
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
  balance ${algorithm}
  http-send-name-header x-server-name
${weights.map((weight, place) => `  server s${place + 1} 127.0.0.1:${ports[place]} weight ${weight}`).join('\n')}
`,
  })
  cleanups.push(() => running.stop())
  return running
}

/** Who answers, request after request. A new connection for each, or the same for all. */
async function answers(port: number, count: number, connections: 'one' | 'many' = 'one'): Promise<string[]> {
  const agent = new Agent({ keepAlive: connections === 'one', maxSockets: 1 })
  const names: string[] = []
  for (let sent = 0; sent < count; sent++) {
    const outgoing = request({ host: '127.0.0.1', port, agent, path: `/${sent}` }).end()
    const [answer] = await once(outgoing, 'response')
    let name = ''
    for await (const chunk of answer.setEncoding('utf8')) name += chunk
    names.push(answer.statusCode === 200 ? name : `status ${answer.statusCode}`)
  }
  agent.destroy()
  return names
}

function picks(balancer: Balancer<unknown>, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => balancer.pick(undefined)?.id)
}

describe('round robin beside HAProxy', () => {
  for (const connections of ['one', 'many'] as const) {
    oracleTest(
      haproxyTitle(`3:2:1 interleaves alike over 60 requests on ${connections} connection(s)`),
      async () => {
        const weights = [3, 2, 1]
        const ports = [await server('s1'), await server('s2'), await server('s3')]
        const oracle = await haproxy('roundrobin', weights, ports)
        const balancer = roundRobin()
        balancer.rebuild(members(weights))
        expect(picks(balancer, 60)).toEqual(await answers(oracle.ports[0] as number, 60, connections))
      },
    )
  }

  for (const [size, heaviest] of [
    [1, 256],
    [2, 256],
    [5, 10],
    [13, 3],
    [24, 256],
    [37, 1],
    [50, 256],
    [50, 4],
  ] as const) {
    oracleTest(
      haproxyTitle(`a pool of ${size} with weights from 1 to ${heaviest} interleaves alike`),
      async () => {
        const chance = seeded(size * heaviest)
        const weights = Array.from({ length: size }, () => 1 + chance(heaviest))
        const port = await server()
        const oracle = await haproxy(
          'roundrobin',
          weights,
          weights.map(() => port),
        )
        const balancer = roundRobin()
        balancer.rebuild(members(weights))
        expect(picks(balancer, 600)).toEqual(await answers(oracle.ports[0] as number, 600))
      },
    )
  }

  for (const seed of [11, 12, 13, 14]) {
    oracleTest(
      haproxyTitle(`servers that leave, return and change weight keep the order alike (seed ${seed})`),
      async () => {
        const chance = seeded(seed)
        const heaviest = [256, 20, 5, 2][seed % 4] as number
        const pool = members(Array.from({ length: 2 + chance(12) }, () => 1 + chance(heaviest)))
        const port = await server()
        const oracle = await haproxy(
          'roundrobin',
          pool.map(one => one.weight),
          pool.map(() => port),
        )
        const balancer = roundRobin()
        const away = new Set<TestMember>()
        balancer.rebuild(pool)
        for (let change = 0; change < 40; change++) {
          const count = chance(25)
          expect(picks(balancer, count)).toEqual(await answers(oracle.ports[0] as number, count))
          const one = pool[chance(pool.length)] as TestMember
          if (away.delete(one)) await oracle.command(`enable server app/${one.id}`)
          else if (chance(3) > 0) {
            one.weight = chance(heaviest + 1)
            await oracle.command(`set server app/${one.id} weight ${one.weight}`)
          } else if (pool.length - away.size > 1) {
            away.add(one)
            await oracle.command(`disable server app/${one.id}`)
          }
          // HAProxy answers 503 while nobody is left.
          if (!pool.some(other => !away.has(other) && other.weight > 0)) {
            one.weight = 1
            away.delete(one)
            await oracle.command(`set server app/${one.id} weight 1`)
            await oracle.command(`enable server app/${one.id}`)
          }
          balancer.rebuild(pool.filter(other => !away.has(other)))
        }
      },
    )
  }

  for (const seed of [21, 22, 23]) {
    oracleTest(
      haproxyTitle(
        `static round robin interleaves alike, also when a server leaves and returns (seed ${seed})`,
      ),
      async () => {
        const chance = seeded(seed)
        const heaviest = [256, 12, 2][seed % 3] as number
        const pool = members(Array.from({ length: 2 + chance(30) }, () => 1 + chance(heaviest)))
        const port = await server()
        const oracle = await haproxy(
          'static-rr',
          pool.map(one => one.weight),
          pool.map(() => port),
        )
        const balancer = staticRoundRobin()
        balancer.rebuild(pool)
        const front = oracle.ports[0] as number
        for (let change = 0; change < 5; change++) {
          expect(picks(balancer, 60)).toEqual(await answers(front, 60))
          const one = pool[chance(pool.length)] as TestMember
          await oracle.command(`disable server app/${one.id}`)
          balancer.rebuild(pool.filter(other => other !== one))
          expect(picks(balancer, 40)).toEqual(await answers(front, 40))
          await oracle.command(`enable server app/${one.id}`)
          balancer.rebuild(pool)
        }
      },
    )
  }
})
