/** WebSockets through a frontend in each way in which a client may come, to servers in each in which they are asked. */
import { once } from 'node:events'
import {
  type ClientHttp2Stream,
  connect as connectHttp2,
  createServer,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { expectEventually, fakeServer, testCertificate, upgrade, VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { ServerOptions } from '../balance/server-options.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { message, webSocketLines } from '../contract/world.ts'
import { createFrontend } from './frontend.ts'

type Way = 'HTTP/1.1' | 'HTTP/1.1 over TLS' | 'HTTP/2' | 'HTTP/2 over TLS'
const ways: readonly Way[] = ['HTTP/1.1', 'HTTP/1.1 over TLS', 'HTTP/2', 'HTTP/2 over TLS']
const { key, cert } = testCertificate

/** A server that grants every WebSocket, and says everything back. */
const kinds = {
  async 'HTTP/1.1'(): Promise<Partial<ServerOptions>> {
    const server = await fakeServer({ behave: upgrade({ headers: { 'Sec-WebSocket-Protocol': 'chat' } }) })
    onTestFinished(() => server.close())
    return { address: server.address }
  },
  async 'HTTP/2'(): Promise<Partial<ServerOptions>> {
    const server = createServer({ settings: { enableConnectProtocol: true } })
    const streams = new Set<ServerHttp2Stream>()
    server.on('stream', (stream, headers) => {
      streams.add(stream)
      stream.on('error', () => {})
      stream.respond({
        ':status': headers[':protocol'] === 'websocket' ? 200 : 501,
        'sec-websocket-protocol': 'chat',
      })
      stream.pipe(stream)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      for (const stream of streams) stream.session?.destroy()
      server.close()
    })
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, protocol: 'h2' }
  },
}

async function served(way: Way, kind: keyof typeof kinds = 'HTTP/1.1', clock: Clock = monotonic) {
  const backend = createBackend({
    name: 'app',
    clock,
    servers: [{ id: 's1', ...(await kinds[kind]()) } as ServerOptions],
  })
  const secure = way.endsWith('TLS')
  const frontend = createFrontend({
    route: backend,
    clock,
    http2: { priorKnowledge: !secure },
    ...(secure && { tls: { certificates: { key, cert } } }),
  })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
  })
  const open = way.startsWith('HTTP/2') ? openStream : openConnection
  return { backend, frontend, open: (lines?: readonly string[]) => open(port as number, secure, lines) }
}

interface Opened {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly socket: Duplex
  readonly heard: () => string
}

const offering = [...webSocketLines, 'Sec-WebSocket-Protocol: other, chat']

async function openConnection(
  port: number,
  secure: boolean,
  lines: readonly string[] = offering,
): Promise<Opened> {
  const socket = secure
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket
    .on('error', () => {})
    .on('data', bytes => {
      text += bytes.toString('latin1')
    })
  socket.write(message('GET /chat', lines))
  await expectEventually(() => expect(text).toContain('\r\n\r\n'))
  const [start = '', ...fields] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  const from = text.indexOf('\r\n\r\n') + 4
  const headers = Object.fromEntries(
    fields.map(line => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]),
  )
  return { status: Number(start.split(' ')[1]), headers, socket, heard: () => text.slice(from) }
}

async function openStream(
  port: number,
  secure: boolean,
  lines: readonly string[] = offering,
): Promise<Opened> {
  const session = connectHttp2(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  })
  onTestFinished(() => session.destroy())
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.enableConnectProtocol).toBe(true)
  const fields = lines
    .filter(line => line.startsWith('Sec-') && !line.includes('-Key'))
    .map(line => line.split(': ') as [string, string])
  const stream: ClientHttp2Stream = session.request(
    { ...Object.fromEntries(fields), ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' },
    { endStream: false },
  )
  let text = ''
  stream
    .on('error', () => {})
    .on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
    })
  const [headers] = await once(stream, 'response')
  return { status: headers[':status'], headers, socket: stream, heard: () => text }
}

const granted = (way: Way) => (way.startsWith('HTTP/2') ? 200 : 101)

describe.each(ways)('a client in %s', way => {
  test.each(['HTTP/1.1', 'HTTP/2'] as const)('to a server in %s: bytes pass both ways', async kind => {
    const { backend, open } = await served(way, kind)
    const { status, headers, socket, heard } = await open()
    expect(status).toBe(granted(way))
    expect(headers['sec-websocket-protocol']).toBe('chat')
    socket.write('ping')
    await expectEventually(() => expect(heard()).toBe('ping'))
    expect(backend.counters.requestsNow).toBe(1)
    socket.end('and gone')
    await expectEventually(() => expect(heard()).toBe('pingand gone'))
    await expectEventually(() => expect(backend.counters).toMatchObject({ requestsNow: 0, completed: 1 }))
  })

  test('with another version: 426, and no server is asked', async () => {
    const { backend, open } = await served(way)
    const lines = offering.map(line => line.replace('Version: 13', 'Version: 8'))
    const { status, headers } = await open(lines)
    expect([status, headers['sec-websocket-version']]).toEqual([426, '13'])
    expect(backend.counters).toMatchObject({ aborted: 1, failed: 0 })
    expect(backend.server('s1')?.counters.requests).toBe(0)
  })

  test.each([
    ['when it has been silent for a second', 60_000, 1_000],
    ['at the deadline', 500, 500],
  ])('is told 1001 when the frontend closes, %s', async (_when, drainMs, passedMs) => {
    const clock = new VirtualClock()
    const { frontend, open } = await served(way, 'HTTP/1.1', clock)
    const { socket, heard } = await open()
    const ended = once(socket, 'end')
    // One empty frame, which comes back.
    socket.write(Buffer.from([0x81, 0x00]))
    await expectEventually(() => expect(heard()).toBe('\x81\x00'))
    const closed = frontend.close({ drainMs })
    await clock.advanceAsync(passedMs - 1)
    expect(heard()).toBe('\x81\x00')
    await clock.advanceAsync(1)
    await ended
    expect(heard()).toBe('\x81\x00\x88\x02\x03\xe9')
    socket.end()
    await closed
  })
})
