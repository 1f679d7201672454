import { createServer, type Server as HttpServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Balancer, type LoadReport, leastConnections, prequal, roundRobin } from '@evener/algorithms'
import { expectEventually, seededRandom, VirtualClock } from '@evener/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import { completed, leaseOf, requestWith } from '../balance/test-support.ts'
import { type HttpLoadProbeOptions, httpLoadProbe } from './http-load-probe.ts'

const running: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

async function serverThat(listener: RequestListener): Promise<string> {
  const server: HttpServer = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  running.push({
    close() {
      server.closeAllConnections()
      return new Promise(resolve => server.close(resolve))
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const says = (requestsInFlight: number, latencyMs: number) =>
  serverThat((request, response) => {
    if (request.url === '/load') response.end(JSON.stringify({ requestsInFlight, latencyMs }))
    else response.writeHead(404).end()
  })

/** A balancer that has each server asked once, and keeps what they say. */
function asking(reports: Map<string, LoadReport>): Balancer<unknown> {
  const turns = roundRobin()
  const toAsk: Server[] = []
  return {
    name: 'asking',
    rebuild(members) {
      turns.rebuild(members)
      toAsk.push(...(members as Server[]))
    },
    pick: (context, tried) => turns.pick(context, tried),
    nextProbe: () => toAsk.shift(),
    probed: (member, report) => reports.set(member.id, report),
  }
}

function world(addresses: string[], options: HttpLoadProbeOptions = {}) {
  const reports = new Map<string, LoadReport>()
  const loadProbe = httpLoadProbe(options)
  const backend = createBackend({
    name: 'asked',
    servers: addresses.map((address, place) => ({ id: `s${place}`, address })),
    balancer: asking(reports),
    loadProbe,
  })
  running.push(backend)
  const request = () => {
    const dispatch = backend.dispatch(requestWith())
    leaseOf(dispatch).release(completed)
    dispatch.end(completed)
  }
  return { backend, loadProbe, reports, request }
}

describe('asking servers for their load', () => {
  it('brings a balancer what each server says', async () => {
    const { loadProbe, reports, request } = world([await says(3, 12.5), await says(0, 0)])
    request()
    await expectEventually(() => loadProbe.answered === 2)
    expect(reports.get('s0')).toEqual({ requestsInFlight: 3, latencyMs: 12.5 })
    expect(reports.get('s1')).toEqual({ requestsInFlight: 0, latencyMs: 0 })
    expect([loadProbe.sent, loadProbe.failed]).toEqual([2, 0])
  })

  it('takes anything else for a failure, and tells nobody', async () => {
    const answers: RequestListener[] = [
      (_, response) => response.writeHead(503).end('{"requestsInFlight":1,"latencyMs":1}'),
      (_, response) => response.end('no JSON'),
      (_, response) => response.end('{"requestsInFlight":-1,"latencyMs":1}'),
      (_, response) => response.end('{"requestsInFlight":1,"latencyMs":"1"}'),
      (_, response) => response.end('null'),
      (_, response) => response.end(`{"requestsInFlight":1,"latencyMs":1}${' '.repeat(5000)}`),
      request => request.socket.destroy(),
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{"requests')
        setImmediate(() => request.socket.destroy())
      },
    ]
    const addresses = await Promise.all(answers.map(serverThat))
    const { loadProbe, reports, request } = world([...addresses, '127.0.0.1:1'])
    request()
    await expectEventually(() => loadProbe.failed === 9)
    expect(reports.size).toBe(0)
    expect(loadProbe.answered).toBe(0)
  })

  it('gives up on a server that does not answer in time, and asks it nothing meanwhile', async () => {
    const clock = new VirtualClock()
    const address = await serverThat(() => undefined)
    const { backend, loadProbe } = world([address], { clock, timeoutMs: 50 })
    const server = backend.server('s0') as Server
    loadProbe.probe(server, () => expect.unreachable())
    loadProbe.probe(server, () => expect.unreachable())
    expect(loadProbe.sent).toBe(1)
    clock.advance(50)
    await expectEventually(() => loadProbe.failed === 1)
    loadProbe.probe(server, () => expect.unreachable())
    expect(loadProbe.sent).toBe(2)
  })

  it('leaves out servers that it cannot speak to, and asks nobody once it is closed', async () => {
    const { backend, loadProbe } = world([await says(1, 1)])
    const header = backend.addServer({ id: 'header', address: '127.0.0.1:1', sendProxy: 2 })
    const h2 = backend.addServer({ id: 'h2', address: '127.0.0.1:1', protocol: 'h2' })
    loadProbe.probe(header, () => undefined)
    loadProbe.probe(h2, () => undefined)
    expect(loadProbe.sent).toBe(0)
    const server = backend.server('s0') as Server
    loadProbe.probe(server, () => expect.unreachable())
    backend.close()
    await expectEventually(() => loadProbe.failed === 1)
    loadProbe.probe(server, () => undefined)
    expect(loadProbe.sent).toBe(1)
  })

  it('lets prequal find the server that is fastest by its own account', async () => {
    const addresses = [await says(2, 90), await says(2, 80), await says(2, 5), await says(40, 1)]
    const loadProbe = httpLoadProbe()
    const backend = createBackend({
      name: 'prequal',
      servers: addresses.map((address, place) => ({ id: `s${place}`, address })),
      balancer: prequal({ random: seededRandom(1), maxAgeMs: 600_000, hotQuantile: 0.5 }),
      loadProbe,
    })
    running.push(backend)
    const pick = () => {
      const dispatch = backend.dispatch(requestWith())
      const lease = leaseOf(dispatch)
      lease.release(completed)
      dispatch.end(completed)
      return lease.server.id
    }
    const picked: string[] = []
    for (let request = 0; request < 24; request++) {
      picked.push(pick())
      await expectEventually(() => loadProbe.answered + loadProbe.failed === loadProbe.sent)
    }
    expect(loadProbe.failed).toBe(0)
    // After the first few, which chance decided.
    const later = picked.slice(4)
    expect(later.filter(id => id === 's2').length).toBeGreaterThan(10)
    expect(later).not.toContain('s3')
  })

  it('is refused where it makes no sense', () => {
    const backend = (options: object) =>
      createBackend({ name: 'b', servers: [{ id: 'a', address: '127.0.0.1:1' }], ...options })
    expect(() => backend({ balancer: leastConnections(), loadProbe: httpLoadProbe() })).toThrow(
      /loadProbe: .* none with a balancer that asks for none \(leastconn\)/,
    )
    expect(() => backend({ balancer: prequal(), loadProbe: {} })).toThrow('httpLoadProbe()')
    const loadProbe = httpLoadProbe()
    running.push(backend({ balancer: prequal(), loadProbe }))
    expect(() => backend({ balancer: prequal(), loadProbe })).toThrow('a probe of its own')
    expect(() => httpLoadProbe({ path: 'load' })).toThrow('httpLoadProbe.path')
    expect(() => httpLoadProbe({ maxBytes: 0 })).toThrow('httpLoadProbe.maxBytes')
    expect(() => httpLoadProbe({ timeoutMs: 0 })).toThrow('httpLoadProbe.timeoutMs')
    expect(() => httpLoadProbe({ paths: [] } as never)).toThrow(
      expect.objectContaining({ code: 'EVENER_UNKNOWN_OPTION' }),
    )
  })
})

describe('a balancer that wants to see members that are down', () => {
  it('is given those that are down, but neither backups beside primaries nor servers in maintenance', () => {
    const seen: string[] = []
    const turns = roundRobin()
    const backend = createBackend({
      name: 'down',
      servers: [
        { id: 'a', address: '127.0.0.1:1' },
        { id: 'b', address: '127.0.0.1:1' },
        { id: 'c', address: '127.0.0.1:1', state: 'maintenance' },
        { id: 'd', address: '127.0.0.1:1', backup: true },
      ],
      balancer: {
        name: 'seeing',
        seesDown: true,
        rebuild(members) {
          seen.push(members.map(({ id, up }) => `${id}${up ? '' : ' down'}`).join(', '))
          turns.rebuild(members)
        },
        pick: (_context, tried) => turns.pick(undefined, tried),
      },
    })
    running.push(backend)
    backend.server('a')?.setHealth('down')
    expect(seen.at(-1)).toBe('a down, b')
    backend.server('b')?.setHealth('down')
    expect(seen.at(-1)).toBe('d')
    backend.server('d')?.setHealth('down')
    expect(seen.at(-1)).toBe('a down, b down')
    // It chooses one of them all the same, in a panic.
    expect(leaseOf(backend.dispatch(requestWith())).server.id).toBe('a')
  })
})
