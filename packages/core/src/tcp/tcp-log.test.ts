import { ProxyHeaderReader } from '@evener/proxy-protocol'
import { type ConnectionScope, method, Rule, reject } from '@evener/rules'
import { VirtualClock } from '@evener/testing'
import { expect, test } from 'vitest'
import { logHealth } from '../log/log-health.ts'
import type { TcpProxyOptions } from './tcp-proxy.ts'
import { backendOf, deadAddress, namedEcho, proxyOf, tcpServer } from './test-support.ts'

async function world(options: Partial<TcpProxyOptions> = {}) {
  const lines: string[] = []
  const clock = new VirtualClock()
  const backend = backendOf([await namedEcho('a')], { clock })
  const log = {
    to: { write: (_: string, line: string) => void lines.push(line) },
    format: '%f %b/%s %Tw/%Tc/%Tt %B %U %ts %sc/%rc',
  }
  const proxy = await proxyOf({ route: backend, clock, log, ...options })
  return { clock, lines, ...proxy }
}

test('a connection is a line once it is closed, with its times and bytes', async () => {
  const { clock, lines, dial } = await world()
  const client = dial().say('hello')
  await client.hears('a:hello')
  clock.advance(250)
  client.socket.end()
  await client.over()
  await expect.poll(() => lines).toEqual(['tcp test/s1 0/0/250 7 5 -- 0/0'])
})

test('a client that breaks off is CD, a server that refuses SC, a rule PR, no route PR', async () => {
  const gone = await world()
  const client = gone.dial().say('hello')
  await client.hears('a:hello')
  client.socket.resetAndDestroy()
  await expect.poll(() => gone.lines).toEqual(['tcp test/s1 0/0/0 7 5 CD 0/0'])
  const refused = await world({ route: backendOf([{ address: await deadAddress() }], { retries: 0 }) })
  await refused.dial().over()
  await expect.poll(() => refused.lines.length).toBe(1)
  expect(refused.lines[0]).toMatch(/^tcp test\/s1 \d+\/-1\/0 0 0 SC 0\/0$/)
  const denied = await world({ rules: { connection: [reject()] } })
  await denied.dial().over()
  await expect.poll(() => denied.lines).toEqual(['tcp tcp/<NOSRV> -1/-1/0 0 0 PR 0/0'])
  const lost = await world({ route: () => undefined })
  await lost.dial().over()
  await expect.poll(() => lost.lines).toEqual(['tcp tcp/<NOSRV> -1/-1/0 0 0 PR 0/0'])
})

test('a connection has a name of its own, which rules, the log and the server agree about', async () => {
  const lines: string[] = []
  const log = { to: { write: (_: string, line: string) => void lines.push(line) }, format: '%ID %rt %ts' }
  const told: string[] = []
  const server = await tcpServer(socket =>
    socket.on('data', chunk => {
      const header = new ProxyHeaderReader().read(chunk)
      if (header !== undefined && 'tlvs' in header) told.push(String(header.tlvs.uniqueId))
      socket.end('told')
    }),
  )
  const route = backendOf([server])
  const seen: unknown[] = []
  const look = new Rule('look', 'connection', (scope: ConnectionScope) => {
    seen.push(scope.uniqueId)
    return undefined
  })
  const uniqueId = { format: '%{+X}o id-%ci-%rt' }
  const sendProxy = { version: 2, uniqueId: true } as const
  const { dial } = await proxyOf({ route, log, uniqueId, sendProxy, rules: { session: [look] } })
  const ask = async (client: ReturnType<typeof dial>): Promise<void> => {
    await client.say('hello').hears('told')
    client.socket.end()
    await client.over()
  }
  await ask(dial())
  await ask(dial())
  await expect.poll(() => lines).toEqual(['id-7F000001-0000 0 --', 'id-7F000001-0001 1 --'])
  expect(seen).toEqual(['id-7F000001-0000', 'id-7F000001-0001'])
  // Without a log or a rule as well.
  const alone = await proxyOf({ route, uniqueId: { format: 'alone-%rt' }, sendProxy })
  await ask(alone.dial())
  await ask(alone.dial())
  expect(told).toEqual([...seen, 'alone-0', 'alone-1'])
})

test.each([
  [{ format: '%HM' }, /uniqueId\.format: .*known at the stage connection/],
  [{ format: method() as never }, /uniqueId\.format.*known with the connection/],
  [{ format: 'x', header: 'X-Id' }, /header/],
])('uniqueId: %j is refused', async (uniqueId, message) => {
  await expect(proxyOf({ route: () => undefined, uniqueId })).rejects.toThrow(message)
})

test('changes of servers are lines, until that is ended', () => {
  const lines: string[] = []
  const backend = backendOf([{ address: '127.0.0.1:9' }])
  const end = logHealth(backend, { write: (level, line) => void lines.push(`${level} ${line}`) })
  backend.server('s1')?.maintenance()
  end()
  backend.server('s1')?.ready()
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^notice Server test\/s1 is going DOWN for maintenance/)
})
