/** What comes before a server is chosen: PROXY headers and ClientHellos, good and bad. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { type ProxyHeader, ProxyHeaderReader, proxyHeaderV1, proxyHeaderV2 } from '@evener/proxy-protocol'
import { stick, stickTable } from '@evener/session'
import { expectEventually, testCertificate, VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { TcpConnection } from './tcp-connection.ts'
import { afterwards, backendOf, Client, namedEcho, proxyOf, tcpServer } from './test-support.ts'

/** The first bytes of a real client. */
function clientHello(options: { servername?: string; ALPNProtocols?: string[] } = {}): Promise<Buffer> {
  return new Promise(resolve => {
    const server = createServer(socket => {
      socket.once('data', hello => {
        socket.destroy()
        server.close()
        resolve(hello)
      })
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }).on(
        'error',
        () => undefined,
      )
    })
  })
}

/** A TLS server that says its name and the SNI. */
async function tlsServer(name: string): Promise<{ address: string }> {
  const server = createTlsServer({ ...testCertificate, ALPNProtocols: ['imap'] }, socket => {
    socket.on('error', () => undefined)
    socket.end(`${name} ${socket.servername} ${socket.alpnProtocol}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(() => server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function tlsSays(port: number, servername: string, protocols: string[] = []): Promise<string> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername,
    ca: testCertificate.cert,
    ...(protocols.length > 0 && { ALPNProtocols: protocols }),
  })
  afterwards(() => socket.destroy())
  let heard = ''
  for await (const chunk of socket) heard += chunk
  return heard
}

describe('the ClientHello', () => {
  const world = async (options: { inspectBytes?: number } = {}) => {
    const seen: TcpConnection[] = []
    const clock = new VirtualClock()
    const [a, b, plain] = [
      backendOf([await tlsServer('a')]),
      backendOf([await tlsServer('b')]),
      backendOf([await namedEcho('plain')]),
    ]
    const made = await proxyOf({
      inspect: 'client-hello',
      clock,
      ...options,
      route: connection => {
        seen.push(connection)
        if (connection.protocol !== 'tls') return plain
        if (connection.serverName === 'a.evener.test') return a
        return connection.alpn.includes('imap') ? b : undefined
      },
    })
    const refused: string[] = []
    made.proxy.on('refused', (reason, code) => refused.push(`${reason} ${code}`))
    return { ...made, seen, clock, refused }
  }

  test('routes by name and by protocol, and TLS passes through unopened', async () => {
    const { port, seen } = await world()
    expect(await tlsSays(port, 'a.evener.test')).toBe('a a.evener.test false')
    expect(await tlsSays(port, 'c.evener.test', ['imap'])).toBe('b c.evener.test imap')
    await expect(tlsSays(port, 'c.evener.test')).rejects.toThrow()
    expect(seen.map(({ protocol, serverName }) => [protocol, serverName])).toEqual([
      ['tls', 'a.evener.test'],
      ['tls', 'c.evener.test'],
      ['tls', 'c.evener.test'],
    ])
  })

  test('may come a byte at a time', async () => {
    const { dial, seen } = await world()
    const hello = await clientHello({ servername: 'a.evener.test' })
    const client = dial()
    for (const byte of hello) {
      client.say(Buffer.of(byte))
      await new Promise(resolve => setImmediate(resolve))
    }
    await expectEventually(() => client.heard.length > 0)
    expect(seen).toHaveLength(1)
    expect(client.heard.charCodeAt(0)).toBe(0x16)
  })

  test('that is none is told apart, and all of it passes on', async () => {
    const { dial, seen } = await world()
    const client = dial().say('GET / HTTP/1.0\r\n\r\n')
    await client.hears('plain:GET / HTTP/1.0\r\n\r\n')
    expect(seen[0]).toMatchObject({ protocol: 'plain', serverName: undefined, alpn: [] })
  })

  test('that does not come is not waited for for ever: the server may speak first', async () => {
    const { dial, seen, clock, proxy } = await world()
    const client = dial()
    await expectEventually(() => proxy.active === 1)
    clock.advance(5_000)
    await client.hears('plain:')
    expect(seen[0]?.protocol).toBe('silent')
    client.say('x')
    await client.hears('plain:x')
  })

  test('that stops half way, or ends there, is refused', async () => {
    const { dial, clock, proxy, refused, seen } = await world()
    const hello = await clientHello()
    const stops = dial().say(hello.subarray(0, 50))
    await expectEventually(() => proxy.active === 1)
    await expectEventually(async () => {
      await clock.advanceAsync(1_000)
      return refused.length === 1
    })
    await stops.over()
    const ends = dial()
    ends.socket.end(hello.subarray(0, 50))
    await ends.over()
    expect(refused).toEqual(['client-hello truncated', 'client-hello truncated'])
    expect(seen).toEqual([])
    await expectEventually(() => proxy.active === 0 && clock.pending === 0)
  })

  test('that is malformed or too large is refused', async () => {
    const { dial, refused, proxy } = await world({ inspectBytes: 512 })
    const hello = await clientHello({ servername: 'a.evener.test' })
    const broken = Buffer.from(hello)
    broken.writeUInt8(0xff, 43)
    await dial().say(broken.subarray(0, 512)).over()
    const large = Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc])
    await dial().say(large).say(Buffer.alloc(2_000)).over()
    // A handshake record, but not of a ClientHello.
    await dial()
      .say(Buffer.from([0x16, 3, 3, 0, 4, 2, 0, 0, 0]))
      .over()
    await expectEventually(() => refused.length === 3)
    expect(proxy.counters.refusedBy['client-hello']).toBe(3)
    await expectEventually(() => proxy.active === 0)
  })

  test('of a client that goes away is forgotten', async () => {
    const { dial, proxy, clock } = await world()
    const client = dial().say(Buffer.from([0x16]))
    await expectEventually(() => proxy.active === 1)
    client.socket.resetAndDestroy()
    await expectEventually(() => proxy.active === 0 && clock.pending === 0)
  })

  test('brings a name back to its server', async () => {
    const backend = backendOf([await tlsServer('a'), await tlsServer('b'), await tlsServer('c')], {
      affinity: stick<TcpConnection>({
        table: stickTable({ type: 'string' }),
        on: ({ serverName }) => serverName,
      }),
    })
    const { port } = await proxyOf({ route: backend, inspect: 'client-hello' })
    const [server] = (await tlsSays(port, 'x.evener.test')).split(' ')
    for (let i = 0; i < 3; i++) expect((await tlsSays(port, 'x.evener.test')).split(' ')[0]).toBe(server)
    expect(backend.counters.sticky).toBe(3)
  })
})

describe('TLS', () => {
  test('that ends before the proxy comes with its facts, and is spoken to servers that want it', async () => {
    const backend = backendOf([], {
      servers: [
        {
          id: 's1',
          address: `https://${(await tlsServer('a')).address}`,
          tls: { ca: testCertificate.cert, servername: 'x.evener.test' },
        },
      ],
    })
    const { proxy, dial } = await proxyOf({ route: backend, sendProxy: undefined })
    expect((await dial().over()).heard).toBe('a x.evener.test false')
    const seen: TcpConnection[] = []
    const terminating = await proxyOf({
      route: connection => {
        seen.push(connection)
        return backend
      },
    })
    const facts = {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      serverName: 'y.evener.test',
      alpn: 'imap',
      resumed: false,
      clientCertificate: undefined,
    }
    const front = createTlsServer({ ...testCertificate, allowHalfOpen: true }, socket =>
      terminating.proxy.serve(socket, facts),
    ).listen(0, '127.0.0.1')
    await once(front, 'listening')
    afterwards(() => front.close())
    expect(await tlsSays((front.address() as AddressInfo).port, 'y.evener.test')).toBe(
      'a x.evener.test false',
    )
    expect(seen[0]).toMatchObject({ serverName: 'y.evener.test', alpn: ['imap'], secure: true })
    expect(proxy.counters.connections).toBe(1)
  })

  test('a server whose certificate is not good gets no client', async () => {
    const backend = backendOf([{ address: `https://${(await tlsServer('a')).address}` }], { retries: 0 })
    for (const sendProxy of [undefined, 2 as const]) {
      const { dial } = await proxyOf({ route: backend, sendProxy })
      expect((await dial().over()).heard).toBe('')
    }
    await expectEventually(() => backend.counters.failed === 2)
    expect(backend.counters.connectErrors).toBe(2)
  })
})

/** A server that reads a PROXY header and keeps it, then echoes. */
async function headed() {
  const headers: ProxyHeader[] = []
  const server = await tcpServer(socket => {
    const reader = new ProxyHeaderReader()
    const read = (chunk: Buffer): void => {
      const header = reader.read(chunk)
      if (header === undefined) return
      if ('kind' in header) throw new Error(header.message)
      headers.push(header)
      socket.off('data', read)
      socket.write(chunk.subarray(reader.consumed))
      socket.on('data', more => socket.write(more))
      socket.on('end', () => socket.end())
    }
    socket.on('data', read)
  })
  return { ...server, headers }
}

const told = {
  command: 'proxy',
  family: 'tcp4',
  sourceAddress: '203.0.113.7',
  sourcePort: 4711,
  destinationAddress: '198.51.100.1',
  destinationPort: 443,
} as const

describe('a PROXY header that comes', () => {
  const world = async (options: object = {}) => {
    const seen: TcpConnection[] = []
    const clock = new VirtualClock()
    const backend = backendOf([await namedEcho('a')])
    const made = await proxyOf({
      clock,
      acceptProxy: { trust: ['127.0.0.0/8'], ...options },
      route: connection => {
        seen.push(connection)
        return backend
      },
    })
    const refused: string[] = []
    made.proxy.on('refused', (_reason, code) => refused.push(code))
    return { ...made, seen, refused, clock, backend }
  }

  test.each([
    ['1', proxyHeaderV1(told)],
    ['2', proxyHeaderV2({ ...told, tlvs: { authority: 'x.test' } }, { crc32c: true })],
  ])('in version %s tells who the client is, and is taken off', async (_version, header) => {
    const { dial, seen } = await world()
    await dial()
      .say(Buffer.concat([header, Buffer.from('hello')]))
      .hears('a:hello')
    expect(seen[0]?.facts).toMatchObject({
      peerAddress: '203.0.113.7',
      peerPort: 4711,
      localAddress: '198.51.100.1',
      localPort: 443,
    })
    expect(seen[0]?.sourceAddress).toBe('203.0.113.7')
    const slow = dial()
    for (const byte of header) {
      slow.say(Buffer.of(byte))
      await new Promise(resolve => setImmediate(resolve))
    }
    await slow.say('hi').hears('a:hi')
  })

  test('of the proxy itself says nothing of a client', async () => {
    const { dial, seen } = await world()
    await dial()
      .say(proxyHeaderV2({ ...told, command: 'local' }))
      .hears('a:')
    expect(seen[0]?.sourceAddress).toBe('127.0.0.1')
  })

  test('malformed, cut short or too late closes the connection', async () => {
    const { dial, refused, clock, proxy, seen } = await world()
    await dial().say('GET / HTTP/1.1\r\n\r\n').over()
    const cut = dial()
    cut.socket.end('PROXY TCP4 1.2.3.4')
    await cut.over()
    const late = dial().say('PROXY')
    await expectEventually(() => proxy.active === 1)
    await expectEventually(async () => {
      await clock.advanceAsync(1_000)
      return refused.length === 3
    })
    await late.over()
    expect(refused).toEqual(['EVENER_PROXY_SIGNATURE', 'EVENER_PROXY_TRUNCATED', 'EVENER_PROXY_TIMEOUT'])
    expect(seen).toEqual([])
    await expectEventually(() => proxy.active === 0 && clock.pending === 0)
  })

  test('is believed of nobody else: refused, or served as a client of its own', async () => {
    const strict = await world({ trust: ['192.0.2.0/24'] })
    await strict.dial().say(proxyHeaderV1(told)).over()
    expect(strict.refused).toEqual(['EVENER_PROXY_UNTRUSTED'])
    const open = await world({ trust: ['192.0.2.0/24'], others: 'direct' })
    const line = proxyHeaderV1(told)
    await open.dial().say(line).hears(`a:${line}`)
    expect(open.seen[0]?.sourceAddress).toBe('127.0.0.1')
  })

  test('of a client that goes away meanwhile is forgotten', async () => {
    const { dial, proxy, clock } = await world()
    const client = dial().say('PRO')
    await expectEventually(() => proxy.active === 1)
    client.socket.resetAndDestroy()
    await expectEventually(() => proxy.active === 0 && clock.pending === 0)
  })

  test('may be followed by TLS, which is looked at', async () => {
    const backend = backendOf([await tlsServer('a')])
    const names: (string | undefined)[] = []
    const { port } = await proxyOf({
      acceptProxy: { trust: ['127.0.0.1'] },
      inspect: 'client-hello',
      route: ({ serverName }) => {
        names.push(serverName)
        return backend
      },
    })
    const raw = connect(port, '127.0.0.1')
    raw.write(proxyHeaderV2(told))
    const socket = connectTls({ socket: raw, servername: 'a.evener.test', ca: testCertificate.cert })
    afterwards(() => raw.destroy())
    let heard = ''
    for await (const chunk of socket as TLSSocket) heard += chunk
    expect(heard).toBe('a a.evener.test false')
    expect(names).toEqual(['a.evener.test'])
  })
})

describe('a PROXY header that is sent', () => {
  test.each([1, 2] as const)('in version %i tells the server who the client is', async version => {
    const server = await headed()
    const { dial, port } = await proxyOf({ route: backendOf([server]), sendProxy: version })
    const client = dial()
    await client.say('hello').hears('hello')
    expect(server.headers).toMatchObject([
      {
        version,
        family: 'tcp4',
        sourceAddress: '127.0.0.1',
        sourcePort: client.socket.localPort,
        destinationAddress: '127.0.0.1',
        destinationPort: port,
      },
    ])
  })

  test('passes on what came from in front, and adds what is asked for', async () => {
    const server = await headed()
    const { dial } = await proxyOf({
      route: backendOf([server]),
      acceptProxy: { trust: ['127.0.0.1'] },
      sendProxy: { version: 2, crc32c: true, uniqueId: true, authority: true, alpn: true, tls: true },
    })
    const tls = {
      tls: true,
      certificateOnConnection: false,
      certificateInSession: false,
      verified: false,
      version: 'TLSv1.3',
    }
    const tlvs = { uniqueId: Buffer.from('id-1'), authority: 'x.test', alpn: 'h2', tls }
    await dial()
      .say(proxyHeaderV2({ ...told, tlvs }))
      .say('x')
      .hears('x')
    await dial().say(proxyHeaderV2(told)).say('x').hears('x')
    expect(server.headers[0]).toMatchObject({ ...told, tlvs: { ...tlvs, tls: { version: 'TLSv1.3' } } })
    expect(server.headers[1]?.tlvs.uniqueId).toHaveLength(36)
    expect(server.headers[1]?.tlvs.authority).toBeUndefined()
  })

  test('tells of the TLS that ended here, and may have an id of the host', async () => {
    const server = await headed()
    const { proxy } = await proxyOf({
      route: backendOf([server]),
      sendProxy: {
        version: 2,
        authority: true,
        alpn: true,
        tls: true,
        uniqueId: ({ peerAddress }) => `id-${peerAddress}`,
      },
    })
    const front = createServer({ allowHalfOpen: true }, (socket: Socket) =>
      proxy.serve(socket, {
        version: 'TLSv1.3',
        cipher: 'TLS_AES_128_GCM_SHA256',
        serverName: 'y.test',
        alpn: 'imap',
        resumed: false,
        clientCertificate: {
          verified: true,
          error: undefined,
          subject: 'CN=me',
          commonName: 'me',
          issuer: 'CN=ca',
          serialNumber: '01',
          fingerprint256: '',
          der: Buffer.alloc(0),
          notBefore: 0,
          notAfter: 0,
        },
      }),
    ).listen(0, '127.0.0.1')
    await once(front, 'listening')
    afterwards(() => front.close())
    const client = new Client((front.address() as AddressInfo).port)
    await client.say('x').hears('x')
    expect(server.headers[0]?.tlvs).toMatchObject({
      authority: 'y.test',
      alpn: 'imap',
      tls: { tls: true, verified: true, commonName: 'me', version: 'TLSv1.3' },
    })
    expect(server.headers[0]?.tlvs.uniqueId?.toString()).toBe('id-127.0.0.1')
  })

  test('by a host whose id throws costs that connection', async () => {
    const backend = backendOf([await namedEcho('a')])
    const faults: unknown[] = []
    backend.on('fault', fault => faults.push(fault))
    const { dial } = await proxyOf({
      route: backend,
      sendProxy: {
        version: 2,
        uniqueId: () => {
          throw new Error('a bug')
        },
      },
    })
    await dial().over()
    expect(faults).toHaveLength(1)
    expect(backend.counters.requestsNow).toBe(0)
    expect(backend.server('s1')?.counters.requestsNow).toBe(0)
  })

  test('has no room for more in version 1', async () => {
    await expect(proxyOf({ route: () => undefined, sendProxy: { version: 1, alpn: true } })).rejects.toThrow(
      'tcpProxy.sendProxy.alpn',
    )
  })
})
