import { once } from 'node:events'
import { unlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash, leastConnections, source } from '@evener/algorithms'
import { stick, stickTable } from '@evener/session'
import { expectEventually, VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { TcpConnection } from './tcp-connection.ts'
import { createTcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'
import {
  afterwards,
  backendOf,
  type Client,
  deadAddress,
  namedEcho,
  proxyOf,
  tcpServer,
} from './test-support.ts'

/** The server that a client was greeted by. */
async function greeted(client: Client): Promise<string> {
  await client.hears(':')
  return client.heard
}

describe('bytes', () => {
  test('pass both ways, and are counted', async () => {
    const backend = backendOf([await namedEcho('a')])
    const { dial, proxy } = await proxyOf({ route: backend })
    const client = dial().say('hello')
    await client.hears('a:hello')
    client.socket.end()
    await client.over()
    await expectEventually(() => backend.counters.completed === 1)
    expect(backend.counters).toMatchObject({ requests: 1, bytesIn: 5, bytesOut: 7, requestsNow: 0 })
    expect(backend.server('s1')?.counters).toMatchObject({ bytesIn: 5, bytesOut: 7, completed: 1 })
    expect(proxy.counters).toMatchObject({ connections: 1, bytesIn: 5, bytesOut: 7 })
    await expectEventually(() => proxy.counters.connectionsNow === 0)
  })

  test('that a client sent before there was a server are not lost', async () => {
    const { dial } = await proxyOf({ route: backendOf([await namedEcho('a')]) })
    const client = dial()
    for (const piece of ['one ', 'two ', 'three']) client.say(piece)
    await client.hears('a:one two three')
  })

  test('of a client that ends at once still reach the server, with their end', async () => {
    const server = await tcpServer(socket => {
      let heard = ''
      socket.on('data', chunk => {
        heard += chunk
      })
      socket.on('end', () => socket.end(`heard ${heard}, and the end`))
    })
    const { dial } = await proxyOf({ route: backendOf([server]) })
    const client = dial()
    client.socket.end('all')
    expect((await client.over()).heard).toBe('heard all, and the end')
  })

  test('go on in one direction when the other has ended: the client ends first', async () => {
    let finish = (): void => {}
    const server = await tcpServer(socket => {
      socket.resume()
      socket.on('end', () => {
        socket.write('later ')
        finish = () => socket.end('still')
      })
    })
    const { dial } = await proxyOf({ route: backendOf([server]) })
    const client = dial()
    client.socket.end()
    await client.hears('later ')
    finish()
    expect((await client.over()).heard).toBe('later still')
  })

  test('go on in one direction when the other has ended: the server ends first', async () => {
    let heard = ''
    const server = await tcpServer(socket => {
      socket.end('bye')
      socket.on('data', chunk => {
        heard += chunk
      })
    })
    const backend = backendOf([server])
    const { dial } = await proxyOf({ route: backend })
    const client = dial()
    await client.over()
    expect(client.heard).toBe('bye')
    client.say('and more')
    await expectEventually(() => heard === 'and more')
    expect(backend.counters.requestsNow).toBe(1)
    client.socket.end()
    await expectEventually(() => backend.counters.completed === 1)
  })

  test.each(['to the client', 'to the server'])(
    '100 MB %s, who reads slowly, arrive whole and are never held',
    async direction => {
      const total = 100_000_000
      const piece = Buffer.alloc(64_000, 'x')
      const pour = (socket: Socket): void => {
        let left = total
        const more = (): void => {
          while (left > 0) {
            const next = piece.subarray(0, Math.min(left, piece.length))
            left -= next.length
            if (!socket.write(next)) {
              socket.once('drain', more)
              return
            }
          }
          socket.end()
        }
        more()
      }
      let received = 0
      let mostHeld = 0
      let held = (): number => 0
      const sip = (socket: Socket): void => {
        let sincePause = 0
        socket.on('data', chunk => {
          received += chunk.length
          sincePause += chunk.length
          if (sincePause < 1_000_000) return
          sincePause = 0
          mostHeld = Math.max(mostHeld, held())
          socket.pause()
          setImmediate(() => socket.resume())
        })
      }
      const towardsClient = direction === 'to the client'
      const server = await tcpServer(towardsClient ? pour : sip)
      const backend = backendOf([server])
      const { port } = await proxyOf({ route: backend })
      // What the proxy has taken and its reader has not: some of it, and the kernel's buffers.
      held = () => (towardsClient ? backend.counters.bytesOut : backend.counters.bytesIn) - received
      const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      afterwards(() => client.destroy())
      if (towardsClient) sip(client)
      else pour(client)
      await expectEventually(() => received === total, { timeoutMs: 25_000 })
      expect(mostHeld).toBeLessThan(20_000_000)
    },
  )

  test('of one connection never get into another, however slowly all are read', async () => {
    const size = 3_000_000
    const server = await tcpServer(socket => {
      socket.once('data', name => socket.end(Buffer.alloc(size, name)))
    })
    const { dial } = await proxyOf({ route: backendOf([server]) })
    const names = [...'abcdefghijkl']
    await Promise.all(
      names.map(async name => {
        const client = dial()
        client.socket.pause()
        client.say(name)
        // All servers have written as much as fits before anybody reads.
        await expectEventually(() => server.sockets.length === names.length)
        client.socket.on('data', () => {
          client.socket.pause()
          setImmediate(() => client.socket.resume())
        })
        client.socket.resume()
        await client.over()
        expect(client.heard.length).toBe(size)
        expect(client.heard.replaceAll(name, '')).toBe('')
      }),
    )
  })
})

describe('a server', () => {
  test('that refuses is tried again, then another is', async () => {
    const backend = backendOf([{ address: await deadAddress() }, await namedEcho('b')])
    const { dial } = await proxyOf({ route: backend })
    expect(await greeted(dial())).toBe('b:')
    expect(await greeted(dial())).toBe('b:')
    expect(backend.counters.redispatches).toBeGreaterThan(0)
    expect(backend.server('s1')?.counters.connectErrors).toBeGreaterThan(0)
  })

  test('that comes back within the retries is not noticed to have been away', async () => {
    const clock = new VirtualClock()
    const server = await namedEcho('a')
    const { port } = server
    await server.stop()
    const backend = backendOf([server], { clock, retryDelayMs: 1_000, retries: 2 })
    const { dial } = await proxyOf({ route: backend })
    const client = dial()
    await expectEventually(() => backend.counters.retries === 1)
    const again = await tcpServer(socket => socket.write('back'))
    backend.addServer({ id: 's2', address: again.address })
    await clock.advanceAsync(1_000)
    await expectEventually(() => backend.counters.retries + backend.counters.redispatches >= 2)
    await clock.advanceAsync(1_000)
    await client.hears('back')
    expect(port).toBeGreaterThan(0)
  })

  test('that cannot be reached at last breaks the client off', async () => {
    const backend = backendOf([{ address: await deadAddress() }], { retries: 1 })
    const { dial } = await proxyOf({ route: backend })
    const client = await dial().over()
    expect(client.error?.code).toBe('ECONNRESET')
    await expectEventually(() => backend.counters.failed === 1)
    expect(backend.counters).toMatchObject({ retries: 1, redispatches: 0, connectErrors: 2 })
  })

  test('that does not answer the connection is given up in time', async () => {
    // 192.0.2.0/24 is for documentation: depending on the machine nothing answers, or there is no way there.
    const clock = new VirtualClock()
    const backend = backendOf([{ address: '192.0.2.1:9' }], {
      clock,
      retries: 0,
      timeouts: { connectMs: 100 },
    })
    const { dial } = await proxyOf({ route: backend })
    const client = dial()
    await expectEventually(() => backend.counters.requests === 1)
    clock.advance(100)
    await client.over()
    await expectEventually(() => backend.counters.failed === 1)
  })

  test('that breaks off ends the client, with what was there before', async () => {
    const server = await tcpServer(socket => {
      socket.once('data', () => {
        socket.write('half')
        setImmediate(() => socket.resetAndDestroy())
      })
    })
    const backend = backendOf([server])
    const { dial } = await proxyOf({ route: backend })
    const client = await dial().say('x').over()
    expect('half').toContain(client.heard)
    await expectEventually(() => backend.counters.failed === 1)
    expect(backend.server('s1')?.counters.responseErrors).toBe(1)
  })

  test('that is reset while its client does not read is noticed', async () => {
    const clock = new VirtualClock()
    const server = await tcpServer(socket => {
      const fill = (): void => {
        while (socket.write(Buffer.alloc(65_536))) {}
      }
      socket.on('drain', fill)
      fill()
    })
    const backend = backendOf([server], { clock })
    const { dial } = await proxyOf({ route: backend })
    const client = dial()
    client.socket.pause()
    const { counters } = backend
    // All buffers between them are full once nothing moves any more.
    let last = -1
    await expectEventually(
      () => {
        const moved = counters.bytesOut !== last
        last = counters.bytesOut
        return !moved && last > 0
      },
      { intervalMs: 50, timeoutMs: 10_000 },
    )
    server.sockets[0]?.resetAndDestroy()
    expect(counters.requestsNow).toBe(1)
    await expectEventually(async () => {
      await clock.advanceAsync(1_000)
      return counters.failed === 1
    })
    expect(clock.now()).toBeLessThan(3_600_000)
  })

  test('that goes down keeps its connections, unless they are to be shut', async () => {
    const servers = [await namedEcho('a')]
    const kept = backendOf(servers)
    const shut = backendOf(servers)
    const first = await proxyOf({ route: kept })
    const second = await proxyOf({ route: shut, onServerDown: 'shut-sessions' })
    const [stays, goes] = [first.dial(), second.dial()]
    await Promise.all([greeted(stays), greeted(goes)])
    for (const backend of [kept, shut]) backend.server('s1')?.setHealth('down')
    await goes.over()
    stays.say('still here')
    await stays.hears('a:still here')
    expect(shut.counters).toMatchObject({ requestsNow: 0, failed: 1 })
    expect(shut.server('s1')?.counters.responseErrors).toBe(0)
  })

  test('in maintenance shuts its sessions too, and no others', async () => {
    const backend = backendOf([await namedEcho('a'), await namedEcho('b')])
    const { dial } = await proxyOf({ route: backend, onServerDown: 'shut-sessions' })
    const clients = [dial(), dial()]
    const names = await Promise.all(clients.map(greeted))
    const ofA = clients[names.indexOf('a:')] as Client
    const ofB = clients[names.indexOf('b:')] as Client
    backend.server('s1')?.maintenance()
    await ofA.over()
    ofB.say('x')
    await ofB.hears('b:x')
  })
})

describe('balancing', () => {
  test('counts connections as long as they are open', async () => {
    const backend = backendOf([await namedEcho('a'), await namedEcho('b')], { balancer: leastConnections() })
    const { dial } = await proxyOf({ route: backend })
    const clients: Client[] = []
    for (let i = 0; i < 4; i++) {
      clients.push(dial())
      await greeted(clients[i] as Client)
    }
    expect(backend.servers.map(({ counters }) => counters.requestsNow)).toEqual([2, 2])
    for (const client of clients) if (client.heard === 'b:') client.socket.end()
    await expectEventually(() => backend.server('s2')?.counters.requestsNow === 0)
    expect(await greeted(dial())).toBe('b:')
    expect(await greeted(dial())).toBe('b:')
  })

  test('by source sees the client, and stickiness brings it back', async () => {
    const servers = [await namedEcho('a'), await namedEcho('b'), await namedEcho('c')]
    for (const options of [{ balancer: source() }, { affinity: stick({ table: stickTable() }) }]) {
      const { dial } = await proxyOf({ route: backendOf(servers, options) })
      const first = await greeted(dial())
      for (let i = 0; i < 4; i++) expect(await greeted(dial())).toBe(first)
    }
  })

  test('can go by anything that is known of a connection', async () => {
    const seen: TcpConnection[] = []
    const byPort = hash<TcpConnection>({
      key: connection => {
        seen.push(connection)
        return String(connection.facts.peerPort)
      },
    })
    const { dial } = await proxyOf({
      route: backendOf([await namedEcho('a'), await namedEcho('b')], { balancer: byPort }),
    })
    const client = dial()
    await greeted(client)
    expect(seen[0]?.facts).toMatchObject({ peerAddress: '127.0.0.1', peerPort: client.socket.localPort })
  })

  test('waits for a place, in order, and gives up in time', async () => {
    const clock = new VirtualClock()
    const server = await namedEcho('a')
    const backend = backendOf([], {
      clock,
      timeouts: { queueMs: 5_000 },
      servers: [{ id: 's1', address: server.address, maxConnections: 1 }],
    })
    const { dial } = await proxyOf({ route: backend })
    const [first, second] = [dial(), dial()]
    await greeted(first)
    await expectEventually(() => backend.queueLength === 1)
    first.socket.end()
    await greeted(second)
    const third = dial()
    await expectEventually(() => backend.queueLength === 1)
    clock.advance(5_000)
    expect((await third.over()).error?.code).toBe('ECONNRESET')
    expect(backend.counters.rejectedBy['queue-timeout']).toBe(1)
  })

  test('lets a client go that waits no longer', async () => {
    const backend = backendOf([], {
      servers: [{ id: 's1', address: (await namedEcho('a')).address, maxConnections: 1 }],
    })
    const { dial } = await proxyOf({ route: backend })
    await greeted(dial())
    const second = dial()
    await expectEventually(() => backend.queueLength === 1)
    second.socket.resetAndDestroy()
    await expectEventually(() => backend.queueLength === 0)
    expect(backend.counters.aborted).toBe(1)
  })
})

describe('routes', () => {
  test('that name no backend, or throw, close the connection', async () => {
    const errors: unknown[] = []
    let names = 0
    const { dial, proxy } = await proxyOf({
      route: () => {
        if (++names === 1) return undefined
        throw new Error('a bug')
      },
    })
    proxy.on('route-error', error => errors.push(error))
    await dial().over()
    await dial().over()
    expect(errors).toMatchObject([{ message: 'a bug' }])
    expect(proxy.counters.refusedBy['no-route']).toBe(2)
    await expectEventually(() => proxy.counters.connectionsNow === 0)
  })

  test('may not answer with a promise', async () => {
    const errors: { message: string }[] = []
    const { dial, proxy } = await proxyOf({ route: (() => Promise.resolve()) as never })
    proxy.on('route-error', error => errors.push(error as Error))
    await dial().over()
    expect(errors[0]?.message).toMatch('no promise')
  })

  test('a balancer that throws costs the connection, and nothing else', async () => {
    const balancer = leastConnections()
    const backend = backendOf([await namedEcho('a')], { balancer })
    const faults: unknown[] = []
    backend.on('fault', error => faults.push(error))
    balancer.pick = () => {
      throw new Error('a bug')
    }
    const { dial } = await proxyOf({ route: backend })
    await dial().over()
    expect(faults).toHaveLength(1)
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 0, failed: 1 })
  })
})

describe('silence', () => {
  const world = async (options: Partial<TcpProxyOptions>, tunnelMs = 10_000) => {
    const clock = new VirtualClock()
    const server = await namedEcho('a')
    const backend = backendOf([server], { clock, timeouts: { tunnelMs } })
    const made = await proxyOf({ route: backend, ...options })
    const client = made.dial()
    await greeted(client)
    return { ...made, clock, backend, client, server }
  }

  test("ends a connection after the backend's tunnel timeout; bytes put it off", async () => {
    const { clock, client, backend } = await world({})
    clock.advance(9_999)
    client.say('x')
    await client.hears('a:x')
    clock.advance(9_999)
    expect(client.ended).toBe(false)
    clock.advance(1)
    await client.over()
    expect(backend.counters.completed).toBe(1)
  })

  test('the timeouts of the sides count where they are given, the shorter first', async () => {
    const { clock, client } = await world({ timeouts: { clientMs: 3_000, serverMs: 2_000 } })
    clock.advance(1_999)
    expect(client.ended).toBe(false)
    clock.advance(1)
    await client.over()
  })

  test('and are superseded by a tunnel timeout', async () => {
    const { clock, client } = await world({ timeouts: { clientMs: 3_000, tunnelMs: 5_000 } })
    clock.advance(4_999)
    client.say('x')
    await client.hears('x')
    clock.advance(5_000)
    await client.over()
  })

  test('after one side has ended has a limit of its own', async () => {
    const clock = new VirtualClock()
    const server = await tcpServer(socket => {
      socket.resume()
      socket.write('hello')
    })
    const backend = backendOf([server], { clock })
    const { dial } = await proxyOf({ route: backend, timeouts: { serverFinMs: 1_000 } })
    const client = dial()
    await client.hears('hello')
    client.socket.end()
    await once(server.sockets[0] as Socket, 'end')
    clock.advance(999)
    expect(client.ended).toBe(false)
    await expectEventually(async () => {
      await clock.advanceAsync(1)
      return client.ended
    })
    expect(clock.now()).toBeLessThan(3_600_000)
  })
})

describe('limits', () => {
  test('connections beyond the limit are closed and counted', async () => {
    const full: number[] = []
    const { dial, proxy } = await proxyOf({ route: backendOf([await namedEcho('a')]), maxConnections: 1 })
    proxy.on('connections-full', limit => full.push(limit))
    const first = dial()
    await greeted(first)
    await dial().over()
    expect(full).toEqual([1])
    expect(proxy.counters).toMatchObject({ connectionsRefused: 1, connectionsNow: 1, connectionsMax: 1 })
    first.say('x')
    await first.hears('a:x')
  })

  test.each([
    [{ route: 1 }, 'tcpProxy.route'],
    [{ maxConnections: 0 }, 'tcpProxy.maxConnections'],
    [{ onServerDown: 'shut' }, 'tcpProxy.onServerDown'],
    [{ inspect: 'sni' }, 'tcpProxy.inspect'],
    [{ inspectBytes: 1 }, 'tcpProxy.inspectBytes'],
    [{ timeouts: { clientMs: 0 } }, 'tcpProxy.timeouts.clientMs'],
    [{ timeouts: { client: 1 } }, 'tcpProxy.timeouts'],
    [{ keepAliveMs: 10 }, 'tcpProxy.keepAliveMs'],
    [{ noDelay: 1 }, 'tcpProxy.noDelay'],
    [{ acceptProxy: { trust: [] } }, 'tcpProxy.acceptProxy.trust'],
    [{ sendProxy: 3 }, 'tcpProxy.sendProxy.version'],
    [{ clock: {} }, 'tcpProxy.clock'],
    [{ backends: [] }, 'tcpProxy'],
  ])('%j is refused by name', (options, field) => {
    const route = () => undefined
    expect(() => createTcpProxy({ route, ...options } as never)).toThrow(`${field}`)
  })
})

describe('listening', () => {
  test('on several addresses, a unix socket among them', async () => {
    const { proxy } = await proxyOf({ route: backendOf([await namedEcho('a')]), keepAliveMs: 60_000 })
    const path = join(tmpdir(), `evener-l4-${process.pid}.sock`)
    afterwards(() => {
      try {
        unlinkSync(path)
      } catch {}
    })
    expect(await proxy.listen({ path })).toEqual({ port: undefined, text: path })
    const { text } = await proxy.listen({ port: 0, host: '127.0.0.1' })
    expect(text).toMatch(/^127\.0\.0\.1:\d+$/)
    const client = connect({ path })
    afterwards(() => client.destroy())
    client.write('x')
    let heard = ''
    client.on('data', chunk => {
      heard += chunk
    })
    await expectEventually(() => heard === 'a:x')
  })

  test('where nobody may, or somebody does, is told', async () => {
    const { proxy, port } = await proxyOf({ route: () => undefined })
    await expect(proxy.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(proxy.listen({ port: 1, path: '/x' })).rejects.toThrow('exactly one of port, path and fd')
  })

  test('to a unix socket behind', async () => {
    const path = join(tmpdir(), `evener-l4-server-${process.pid}.sock`)
    const server = await proxyOf({ route: backendOf([await namedEcho('a')]) })
    await server.proxy.listen({ path })
    const { dial } = await proxyOf({ route: backendOf([{ address: `unix:${path}` }]) })
    const client = dial().say('x')
    await client.hears('a:x')
  })
})

describe('closing', () => {
  test('waits for connections, and takes no new ones', async () => {
    const { proxy, dial, port } = await proxyOf({ route: backendOf([await namedEcho('a')]) })
    const client = dial()
    await greeted(client)
    let done = false
    const closed = proxy.close().then(() => {
      done = true
    })
    const late = connect(port, '127.0.0.1')
    await once(late, 'error')
    await expect(proxy.listen(0)).rejects.toMatchObject({ code: 'EVENER_CLOSED' })
    expect(done).toBe(false)
    client.say('x')
    await client.hears('a:x')
    client.socket.end()
    await closed
    expect(proxy.active).toBe(0)
  })

  test('breaks off at the deadline, or at once when told again', async () => {
    const clock = new VirtualClock()
    for (const end of [() => clock.advance(1_000), (close: () => void) => close()]) {
      const backend = backendOf([await namedEcho('a')])
      const { proxy, dial } = await proxyOf({ route: backend, clock })
      const client = dial()
      await greeted(client)
      const closed = proxy.close({ drainMs: 1_000 })
      end(() => void proxy.close({ drainMs: 0 }))
      await Promise.all([closed, client.over()])
      expect(backend.counters).toMatchObject({ requestsNow: 0, failed: 1 })
    }
    expect(clock.pending).toBe(0)
  })

  test('ends those that wait as well', async () => {
    const backend = backendOf([], {
      servers: [{ id: 's1', address: (await namedEcho('a')).address, maxConnections: 1 }],
    })
    const { proxy, dial } = await proxyOf({ route: backend })
    await greeted(dial())
    const waiting = dial()
    await expectEventually(() => backend.queueLength === 1)
    await proxy.close({ drainMs: 0 })
    await waiting.over()
    expect(backend.counters.requestsNow).toBe(0)
  })
})
