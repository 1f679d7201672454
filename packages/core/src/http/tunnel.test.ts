import { Duplex, duplexPair } from 'node:stream'
import { VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../balance/outcome.ts'
import { Tunnel } from './tunnel.ts'

const idleMs = 1_000

/** A tunnel between a client and a server; each is seen from its far end. */
function joined() {
  const clock = new VirtualClock()
  const [client, clientSide] = duplexPair()
  const [server, serverSide] = duplexPair()
  const told = { in: 0, out: 0, outcomes: [] as Outcome[] }
  const owner = {
    tunnelled: (direction: 'in' | 'out', bytes: number) => {
      told[direction] += bytes
    },
    tunnelEnded: (outcome: Outcome) => told.outcomes.push(outcome),
  }
  const tunnel = new Tunnel(clientSide, serverSide, owner, idleMs, clock)
  for (const side of [client, server]) side.on('error', () => {})
  return { clock, client, clientSide, server, serverSide, told, tunnel }
}

const next = (stream: Duplex) =>
  new Promise<string>(resolve => stream.once('data', chunk => resolve(String(chunk))))
const closed = (stream: Duplex) =>
  stream.destroyed ? Promise.resolve() : new Promise<void>(resolve => stream.once('close', () => resolve()))

describe('a tunnel', () => {
  test('carries bytes both ways, and counts them', async () => {
    const { client, server, told } = joined()
    client.write('ping')
    expect(await next(server)).toBe('ping')
    server.write('pong!')
    expect(await next(client)).toBe('pong!')
    expect(told).toEqual({ in: 4, out: 5, outcomes: [] })
  })

  test('carries what was there before it was joined', async () => {
    const clock = new VirtualClock()
    const [client, clientSide] = duplexPair()
    const [server, serverSide] = duplexPair()
    clientSide.pause()
    client.write('early')
    const owner = { tunnelled: () => {}, tunnelEnded: () => {} }
    new Tunnel(clientSide, serverSide, owner, idleMs, clock)
    expect(await next(server)).toBe('early')
  })

  test('lets one direction end while the other goes on, and ends with both', async () => {
    const { client, clientSide, server, told, clock } = joined()
    client.end('last')
    expect(await next(server)).toBe('last')
    server.write('still here')
    expect(await next(client)).toBe('still here')
    expect(told.outcomes).toEqual([])
    server.end()
    await closed(clientSide)
    expect(told.outcomes).toEqual([{ kind: 'completed', phase: 'tunnel', status: 101 }])
    expect(clock.pending).toBe(0)
  })

  test('holds back the faster side', async () => {
    const { client, clientSide, server } = joined()
    const piece = Buffer.alloc(8_192)
    let written = 0
    // Nobody reads at the server's end: the client's end must at last be told to wait.
    while (client.write(piece) && written < 10_000_000) {
      written += piece.length
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(written).toBeLessThan(1_000_000)
    expect(clientSide.isPaused()).toBe(true)
    server.resume()
    await new Promise(resolve => client.once('drain', resolve))
    expect(clientSide.isPaused()).toBe(false)
  })

  test('that is silent on both sides is closed', async () => {
    const { clock, clientSide, serverSide, client, server, told } = joined()
    clock.advance(idleMs - 1)
    client.write('x')
    await next(server)
    clock.advance(idleMs - 1)
    expect(told.outcomes).toEqual([])
    clock.advance(1)
    expect(told.outcomes).toEqual([{ kind: 'completed', phase: 'tunnel', status: 101 }])
    await Promise.all([closed(clientSide), closed(serverSide)])
  })

  test.each([
    ['client', 'client-abort'],
    ['server', 'broken-response'],
  ] as const)('whose %s breaks ends as its doing, and the other side is closed', async (side, reason) => {
    const { clientSide, serverSide, told } = joined()
    const [breaks, other] = side === 'client' ? [clientSide, serverSide] : [serverSide, clientSide]
    const cause = new Error('reset')
    breaks.destroy(cause)
    await closed(other)
    expect(told.outcomes).toEqual([{ kind: 'failed', phase: 'tunnel', side, reason, stale: false, cause }])
  })

  test.each(['clientSide', 'serverSide'] as const)(
    'whose %s is closed ends, and the other side is closed',
    async side => {
      const made = joined()
      made[side].destroy()
      await Promise.all([closed(made.clientSide), closed(made.serverSide)])
      expect(made.told.outcomes).toEqual([{ kind: 'completed', phase: 'tunnel', status: 101 }])
    },
  )

  test('that is aborted closes both sides, and ends once', async () => {
    const { tunnel, clientSide, serverSide, told, clock } = joined()
    tunnel.shutdown()
    tunnel.shutdown()
    await Promise.all([closed(clientSide), closed(serverSide)])
    expect(told.outcomes).toMatchObject([{ kind: 'failed', side: 'proxy', reason: 'shutdown' }])
    expect(clock.pending).toBe(0)
  })

  test('does not wait for ever for who never reads what was written to it', async () => {
    // Its writes are never done, so `destroySoon` never comes to the end of them.
    const stuck = Object.assign(new Duplex({ read() {}, write() {} }), { destroySoon: () => {} })
    const [, serverSide] = duplexPair()
    const clock = new VirtualClock()
    const owner = { tunnelled: () => {}, tunnelEnded: () => {} }
    new Tunnel(stuck, serverSide, owner, idleMs, clock).shutdown()
    expect(stuck.destroyed).toBe(false)
    clock.advance(30_000)
    expect(stuck.destroyed).toBe(true)
    await closed(stuck)
    expect(clock.pending).toBe(0)
  })

  test('closes a socket behind what was written to it', () => {
    let soon = 0
    const socket = () =>
      Object.assign(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
        destroySoon: () => {
          soon++
        },
      })
    const owner = { tunnelled: () => {}, tunnelEnded: () => {} }
    new Tunnel(socket(), socket(), owner, idleMs, new VirtualClock()).shutdown()
    expect(soon).toBe(2)
  })
})
