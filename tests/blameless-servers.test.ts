/**
 * What clients do wrong is nobody's fault but theirs: thousands that abort, stall, send rubbish or fail in TLS, before
 * servers that a single error of their own would take out by three ways at once. None changes.
 *
 * A tenth of them by default; `EVENER_BLAMELESS=full` sends ten thousand.
 */
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as passes } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { createBackend, createFrontend } from '@evener/core'
import { tcpCheck } from '@evener/health'
import { expectEventually, testCertificate } from '@evener/testing'
import { expect, it } from 'vitest'

/** Each does one wrong thing with a connection, and is gone. */
type Wrong = (port: number, tlsPort: number) => Promise<void>

const GET = 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n'

function spoken(port: number, text: string, then: (socket: Socket) => void): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      // Read, as what is never read is never seen to be closed.
      socket.resume()
      socket.write(text, () => then(socket))
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

const atTheAnswer = (socket: Socket, act: () => void): void => {
  socket.once('data', act)
}

const wrongs: Readonly<Record<string, Wrong>> = {
  'goes before the answer': port => spoken(port, GET, socket => socket.destroy()),
  'resets before the answer': port => spoken(port, GET, socket => socket.resetAndDestroy()),
  'goes in the answer': port => spoken(port, GET, socket => atTheAnswer(socket, () => socket.destroy())),
  'resets in the answer': port =>
    spoken(port, GET, socket => atTheAnswer(socket, () => socket.resetAndDestroy())),
  'goes in its own body': port =>
    spoken(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf', socket => socket.destroy()),
  'sends no more of its body': port =>
    spoken(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf', () => undefined),
  'breaks its chunks': port =>
    spoken(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', () => undefined),
  'sends no whole head': port => spoken(port, 'GET / HTTP/1.1\r\nHost', () => undefined),
  'sends rubbish': port => spoken(port, '\0\x01\x02\r\n\r\n', () => undefined),
  // It would never see that it was closed.
  'reads nothing': port =>
    spoken(port, GET, socket => {
      socket.pause()
      setTimeout(() => socket.destroy(), 400)
    }),
  'speaks HTTP where TLS is': (_, port) => spoken(port, GET, () => undefined),
  'goes in the handshake': (_, port) =>
    spoken(port, '\x16\x03\x01\x02\x00\x01', socket => socket.resetAndDestroy()),
  'trusts nobody': (_, port) =>
    new Promise(resolve => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: true })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    }),
  'goes after its request by TLS': (_, port) =>
    new Promise(resolve => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        socket.write(GET, () => socket.destroy())
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    }),
}

const total = process.env.EVENER_BLAMELESS === 'full' ? 10_000 : 1000

it(`${total} clients that do wrong change no server’s health`, async () => {
  const body = Buffer.alloc(1_500_000, 'x')
  const server = createServer((request, response) => {
    request.resume()
    request.on('error', () => undefined)
    if (request.url === '/large') setTimeout(() => response.end(body), 1)
    else request.on('end', () => response.end('ok'))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const backend = createBackend({
    name: 'app',
    servers: ['a', 'b', 'c'].map(id => ({ id, address })),
    checks: {
      ...{ checker: tcpCheck(), intervalMs: 60_000, timeoutMs: 30_000, startSpread: 0 },
      ...{ observe: 'layer7', errorLimit: 1, onError: 'mark-down' },
    },
    outliers: { consecutiveErrors: 1, maxEjectedPercent: 100 },
    circuitBreaker: { consecutiveErrors: 1 },
    retries: 0,
    timeouts: { connectMs: 30_000 },
  })
  const transitions: string[] = []
  backend.on('transition', transition => transitions.push(String(transition)))
  const frontend = createFrontend({
    route: backend,
    tls: { certificates: testCertificate },
    timeouts: { clientMs: 150, httpRequestMs: 150, httpKeepAliveMs: 150 },
  })
  const plain = (await frontend.listen({ port: 0, host: '127.0.0.1', tls: false })).port as number
  const secure = (await frontend.listen({ port: 0, host: '127.0.0.1' })).port as number

  const all = Object.values(wrongs)
  let began = 0
  const client = async (): Promise<void> => {
    while (began < total) {
      const wrong = all[began++ % all.length] as Wrong
      await Promise.race([wrong(plain, secure), passes(10_000)])
    }
  }
  await Promise.all(Array.from({ length: 100 }, client))
  await expectEventually(() => backend.counters.requestsNow === 0, { timeoutMs: 20_000 })
  const { counters } = backend
  await frontend.close({ drainMs: 0 })
  backend.close()
  server.closeAllConnections()
  server.close()

  expect(transitions).toEqual([])
  // They did reach the servers, and were what ended it.
  expect(counters.aborted).toBeGreaterThan(total / 4)
  expect(counters).toMatchObject({ failed: 0, rejected: 0 })
}, 240_000)
