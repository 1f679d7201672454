/**
 * Clients that mean harm to TLS, the PROXY protocol and HTTP/2, each beside one that does not: they are closed or refused,
 * in bounded memory, and the other is served as ever. The frontend stands in a process of its own.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Isolated, isolate } from '@evener/core/contract'
import { crc32c, proxyHeaderV1, proxyHeaderV2 } from '@evener/proxy-protocol'
import { expectEventually } from '@evener/testing'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fieldBlock, frame, greeting } from './support/http2-frames.ts'
import { Neighbour } from './support/neighbour.ts'
import { TellingServer } from './support/telling-server.ts'

const megabyte = 1_048_576
const fixture = new URL('./support/tls-door.isolated.ts', import.meta.url)

let server: TellingServer
let door: Isolated

beforeAll(async () => {
  server = await new TellingServer().start()
  door = await isolate(fixture, [server.address])
  // Warmed up, so that what is compiled and kept is not taken for what an attack costs.
  const warm = new Neighbour(door.port, true)
  await expectEventually(() => warm.answered >= 300, { timeoutMs: 20_000 })
  await warm.stop()
  return async () => {
    await door.close()
    await server.stop()
  }
})

/** What an attack comes to in memory, with a neighbour that is served meanwhile, and a new one after it. */
async function besieged(attack: (port: number) => Promise<void>): Promise<number> {
  const before = await door.memory()
  const neighbour = new Neighbour(door.port, true)
  await expectEventually(() => neighbour.answered > 5, { timeoutMs: 20_000 })
  let mostBytes = 0
  let watching = true
  const watched = (async () => {
    do {
      mostBytes = Math.max(mostBytes, (await door.memory()).liveBytes)
      // It collects garbage for this: asked without a pause, it would do nothing else.
      await new Promise(resolve => setTimeout(resolve, 100))
    } while (watching)
  })()
  await attack(door.port)
  watching = false
  await watched
  const { answered } = neighbour
  await expectEventually(() => neighbour.answered > answered + 5, { timeoutMs: 20_000 })
  const { failures, latenciesMs } = await neighbour.stop()
  expect(failures).toEqual([])
  expect(Math.max(...latenciesMs)).toBeLessThan(5_000)
  expect(await newcomer(door.port)).toMatch(/^HTTP\/1\.1 200 /)
  return mostBytes - before.liveBytes
}

/** One request on a connection of its own. */
async function newcomer(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => undefined)
  socket.write('GET /newcomer HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const piece of socket) text += piece
  return text
}

/** A connection and its end, which is no error of the test's. */
async function dial(
  port: number,
  localAddress = '127.0.0.1',
): Promise<{ socket: Socket; over: Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined).resume()
  const over = new Promise<void>(resolve => socket.once('close', () => resolve()))
  await once(socket, 'connect')
  return { socket, over }
}

/** Write these bytes again and again until the connection is closed. @returns how much was taken */
async function pour(socket: Socket, bytes: Uint8Array, mostBytes: number): Promise<number> {
  let written = 0
  while (!socket.destroyed && written < mostBytes) {
    written += bytes.length
    if (socket.write(bytes)) continue
    await new Promise<void>(resolve => {
      const go = () => {
        socket.off('drain', go).off('close', go)
        resolve()
      }
      socket.on('drain', go).on('close', go)
    })
  }
  return written
}

/** What a client of Node's sends first. */
async function clientHello(): Promise<Buffer> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  const client = connectTls({ port, host: '127.0.0.1', servername: 'a.test', ALPNProtocols: ['h2'] })
  client.on('error', () => undefined)
  const [socket] = (await once(listener, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  client.destroy()
  listener.close()
  return bytes
}

const record = (payload: Uint8Array, length = payload.length) =>
  Buffer.concat([Buffer.of(22, 3, 1, length >> 8, length & 255), payload])

describe('a ClientHello', () => {
  test('cut off at any byte, with the connection, is forgotten', async () => {
    const hello = await clientHello()
    const grown = await besieged(async port => {
      for (let at = 0; at < hello.length; at += 64) {
        const cut = Array.from({ length: Math.min(64, hello.length - at) }, (_, i) =>
          hello.subarray(0, at + i),
        )
        await Promise.all(
          cut.map(async bytes => {
            const { socket, over } = await dial(port)
            socket.end(bytes)
            await over
          }),
        )
      }
    })
    expect(grown).toBeLessThan(20 * megabyte)
  })

  test('cut off, with the connection kept open, is closed in time', async () => {
    const hello = await clientHello()
    await besieged(async port => {
      const clients = await Promise.all(
        [0, 1, 5, 6, 43, hello.length - 1].map(async length => {
          const client = await dial(port)
          client.socket.write(hello.subarray(0, length))
          return client
        }),
      )
      await Promise.all(clients.map(({ over }) => over))
    })
  })

  test.each([
    ['longer than any record may be', Buffer.concat([Buffer.of(22, 3, 1, 0xff, 0xff), Buffer.alloc(70_000)])],
    ['that says it has 16 MB', record(Buffer.concat([Buffer.of(1, 0xff, 0xff, 0xff), Buffer.alloc(16_000)]))],
    ['with extensions that reach beyond it', record(badExtensions())],
    ['of zeros', record(Buffer.concat([Buffer.of(1, 0, 3, 0xe8), Buffer.alloc(1_000)]))],
    ['that is none', Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')],
    ['of noise', Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919 + 13) & 255))],
    ['of SSL 2', Buffer.concat([Buffer.of(0x80, 0x2e, 1, 0, 2), Buffer.alloc(43)])],
  ])('%s ends the connection', async (_, bytes) => {
    const grown = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => dial(port)))
      for (const { socket } of clients) socket.write(bytes)
      await Promise.all(clients.map(({ over }) => over))
    })
    expect(grown).toBeLessThan(20 * megabyte)
  })

  test('that goes on without end is cut off long before the memory is', async () => {
    const start = record(Buffer.concat([Buffer.of(1, 0xff, 0xff, 0xff), Buffer.alloc(1_000)]))
    const more = Buffer.concat(Array.from({ length: 60 }, () => record(Buffer.alloc(1_000))))
    const grown = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => dial(port)))
      await Promise.all(
        clients.map(async ({ socket, over }) => {
          socket.write(start)
          await pour(socket, more, 50 * megabyte)
          await over
        }),
      )
    })
    expect(grown).toBeLessThan(20 * megabyte)
  })

  test('a byte in each record is a handshake like any other, or none', async () => {
    const hello = await clientHello()
    await besieged(async port => {
      const { socket, over } = await dial(port)
      socket.write(Buffer.concat([...hello.subarray(5)].map(byte => record(Buffer.of(byte)))))
      // It waits for what a client says next, which never comes.
      await over
    })
  })
})

function badExtensions(): Buffer {
  const body = Buffer.concat([
    ...[Buffer.of(3, 3), Buffer.alloc(32), Buffer.of(0), Buffer.of(0, 2, 0x13, 1), Buffer.of(1, 0)],
    Buffer.of(0xff, 0xff, 0, 0, 0xff, 0xff),
  ])
  return Buffer.concat([Buffer.of(1, 0, 0, body.length), body])
}

test('handshakes beyond those at once are closed, and the next ones are let in when they are over', async () => {
  const grown = await besieged(async port => {
    const clients = await Promise.all(Array.from({ length: 600 }, () => dial(port)))
    // All are closed: 500 of them at once, the others when their time is over.
    await Promise.all(clients.map(({ over }) => over))
  })
  expect(grown).toBeLessThan(20 * megabyte)
})

describe('a PROXY header', () => {
  const told = {
    command: 'proxy',
    family: 'tcp4',
    sourceAddress: '192.0.2.7',
    sourcePort: 7,
    destinationAddress: '198.51.100.1',
    destinationPort: 443,
  } as const

  const tlv = (type: number, value: Uint8Array, length = value.length) =>
    Buffer.concat([Buffer.of(type, length >> 8, length & 255), value])

  /** A header of version 2 with these bytes as its extensions. */
  function withTlvs(...tlvs: readonly Uint8Array[]): Buffer {
    const bytes = Buffer.concat([proxyHeaderV2(told), ...tlvs])
    bytes.writeUInt16BE(bytes.length - 16, 14)
    return bytes
  }

  const text = Buffer.from('a.test')
  const types: readonly (readonly [string, number, Buffer])[] = [
    ['ALPN', 1, Buffer.from('h2')],
    ['AUTHORITY', 2, text],
    ['CRC32C', 3, Buffer.alloc(4)],
    ['UNIQUE_ID', 5, text],
    ['SSL', 0x20, Buffer.concat([Buffer.of(1, 0, 0, 0, 0), tlv(0x21, Buffer.from('TLSv1.3'))])],
    ['NETNS', 0x30, text],
  ]
  const cases: [string, Buffer][] = types.flatMap(([name, type, value]) => [
    [`${name} that reaches beyond the header`, withTlvs(tlv(type, value, value.length + 1))],
    [`${name} that reaches far beyond it`, withTlvs(tlv(type, value, 0xffff))],
    [`${name} without its length`, withTlvs(Buffer.of(type, 0))],
    [`${name} twice`, twice(type, value)],
  ])

  function twice(type: number, value: Buffer): Buffer {
    const bytes = withTlvs(tlv(type, value), tlv(type, value))
    // The first checksum is right, so that it is the second that is one too many.
    if (type === 3) bytes.writeUInt32BE(crc32c(bytes), bytes.length - 11)
    return bytes
  }

  const tooLong: [string, Buffer][] = [
    ['ALPN of 256 bytes', withTlvs(tlv(1, Buffer.alloc(256, 97)))],
    ['AUTHORITY of 256 bytes', withTlvs(tlv(2, Buffer.alloc(256, 97)))],
    ['AUTHORITY with a line end', withTlvs(tlv(2, Buffer.from('a\r\nX-Admin: 1')))],
    ['CRC32C of 3 bytes', withTlvs(tlv(3, Buffer.alloc(3)))],
    ['CRC32C of 5 bytes', withTlvs(tlv(3, Buffer.alloc(5)))],
    ['CRC32C that is wrong', withTlvs(tlv(3, Buffer.of(1, 2, 3, 4)))],
    ['UNIQUE_ID of 129 bytes', withTlvs(tlv(5, Buffer.alloc(129)))],
    ['SSL of 4 bytes', withTlvs(tlv(0x20, Buffer.alloc(4)))],
    [
      'SSL with a part that reaches beyond it',
      withTlvs(tlv(0x20, Buffer.concat([Buffer.of(1, 0, 0, 0, 0), Buffer.of(0x21, 0, 9, 1)]))),
    ],
    ['NETNS of 256 bytes', withTlvs(tlv(0x30, Buffer.alloc(256, 97)))],
    ['64 KB', Buffer.concat([withTlvs().fill(0xff, 14, 16), Buffer.alloc(65_535)])],
    ['of another version', withTlvs().fill(0x31, 12, 13)],
    ['of another command', withTlvs().fill(0x2f, 12, 13)],
    ['with no room for its addresses', withTlvs().fill(4, 15, 16)],
    ['as text without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)],
    ['as text with a leading zero', Buffer.from('PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n')],
    ['as text with a bare LF', Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n')],
    ['left out', Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')],
  ]

  test('that is right lets TLS begin behind it', async () => {
    const sum = withTlvs(tlv(3, Buffer.alloc(4)))
    sum.writeUInt32BE(crc32c(sum), sum.length - 4)
    for (const header of [withTlvs(), proxyHeaderV1(told), sum, withTlvs(tlv(2, text), tlv(0xee, text))]) {
      const { socket } = await dial(door.port, '127.0.0.2')
      socket.write(header)
      const secure = connectTls({ socket, rejectUnauthorized: false })
      await once(secure, 'secureConnect')
      secure.destroy()
    }
  })

  test.each([...cases, ...tooLong])('%s closes the connection', async (_, bytes) => {
    const { socket, over } = await dial(door.port, '127.0.0.2')
    const hello = await clientHello()
    let answered = false
    socket.once('data', () => {
      answered = true
    })
    socket.write(Buffer.concat([bytes, hello]))
    await over
    expect(answered).toBe(false)
  })

  test('never whole, and headers of all kinds at once, cost no memory, and nobody else', async () => {
    const grown = await besieged(async port => {
      const headers = [...cases, ...tooLong].map(([, bytes]) => bytes)
      for (let round = 0; round < 5; round++) {
        const clients = await Promise.all(headers.map(() => dial(port, '127.0.0.2')))
        clients.forEach(({ socket }, i) => {
          // Every other one stops in the middle.
          const bytes = headers[i] as Buffer
          socket.write(round % 2 === 0 ? bytes : bytes.subarray(0, 11))
        })
        await Promise.all(clients.map(({ over }) => over))
      }
    })
    expect(grown).toBeLessThan(20 * megabyte)
  })

  test('by somebody who may not send one is no header', async () => {
    const { socket, over } = await dial(door.port)
    socket.write(proxyHeaderV1(told))
    await over
  })
})

describe('on HTTP/2', () => {
  const request = fieldBlock([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'a.test'],
  ])
  const many = (count: number, make: (index: number) => Buffer) =>
    Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))
  const stream = (index: number) => 2 * index + 1
  const field = fieldBlock([['x-a', 'a'.repeat(1_000)]])

  async function dial2(port: number): Promise<{ socket: Socket; over: Promise<void> }> {
    const tcp = await dial(port)
    const socket = connectTls({ socket: tcp.socket, ALPNProtocols: ['h2'], rejectUnauthorized: false })
    socket.on('error', () => undefined).resume()
    await once(socket, 'secureConnect')
    expect(socket.alpnProtocol).toBe('h2')
    socket.write(greeting)
    return { socket, over: tcp.over }
  }

  const floods: readonly (readonly [string, (index: number) => Buffer])[] = [
    [
      'requests that are taken back at once',
      index =>
        Buffer.concat([
          frame('headers', 5, stream(index), request),
          frame('reset', 0, stream(index), Buffer.of(0, 0, 0, 8)),
        ]),
    ],
    [
      'a head that goes on without end',
      index => (index === 0 ? frame('headers', 1, 1, request) : frame('continuation', 0, 1, field)),
    ],
    [
      'a head that goes on without end in empty frames',
      index => (index === 0 ? frame('headers', 1, 1, request) : frame('continuation', 0, 1)),
    ],
    ['SETTINGS', () => frame('settings', 0, 0, Buffer.of(0, 4, 0, 0, 0xff, 0xff))],
    ['PING', () => frame('ping', 0, 0, Buffer.alloc(8))],
    [
      'DATA with nothing in them',
      index => (index === 0 ? frame('headers', 4, 1, request) : frame('data', 0, 1)),
    ],
    ['frames of streams that never were', index => frame('data', 0, stream(index + 10))],
    ['frames too large', () => frame('data', 0, 1, Buffer.alloc(20_000))],
  ]

  test.each(floods)('%s without end close the connection', async (_, make) => {
    const bytes = many(make(1).length > 10_000 ? 500 : 20_000, make)
    const grown = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => dial2(port)))
      await Promise.all(
        clients.map(async ({ socket, over }) => {
          await pour(socket, bytes, bytes.length)
          await over
        }),
      )
    })
    expect(grown).toBeLessThan(40 * megabyte)
  })

  test('answers that nobody reads are not made without end', async () => {
    const large = fieldBlock([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/large'],
      [':authority', 'a.test'],
    ])
    const grown = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => dial2(port)))
      for (const { socket } of clients) {
        socket.pause()
        socket.write(many(100, index => frame('headers', 5, stream(index), large)))
      }
      let before = -1
      let unchanged = 0
      await expectEventually(
        () => {
          unchanged = server.large === before ? unchanged + 1 : 0
          before = server.large
          expect(unchanged).toBeGreaterThan(30)
        },
        { timeoutMs: 20_000, intervalMs: 10 },
      )
      for (const { socket } of clients) socket.destroy()
    })
    // 500 answers of 64 KB would be 32 MB: what is under way of each is bounded by its window, and by the connection's.
    expect(grown).toBeLessThan(60 * megabyte)
  })
})
