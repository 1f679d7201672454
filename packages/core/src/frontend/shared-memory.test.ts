/** All connections read into one buffer: what one of them has to keep must not be read over by another. */
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expectEventually, testCertificate } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createFrontend } from './frontend.ts'

/** More than the kernel's buffers on the way take. */
const bytes = 12_000_000
const many = 3

/** A body that is recognised at every byte: whose it is, and where it belongs. */
function bodyOf(which: number): Buffer {
  const words = new Uint32Array(bytes / 4)
  for (let i = 0; i < words.length; i++) words[i] = (which << 24) | i
  return Buffer.from(words.buffer)
}

const { key, cert } = testCertificate

async function served(secure: boolean) {
  const uploads = new Map<string, Buffer>()
  const reading = Promise.withResolvers<void>()
  const server = createServer(async (req, res) => {
    if (req.method === 'GET') {
      res.end(bodyOf(Number(req.url?.slice(1))))
      return
    }
    await reading.promise
    const pieces: Buffer[] = []
    for await (const piece of req) pieces.push(piece)
    uploads.set(req.url as string, Buffer.concat(pieces))
    res.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port: serverPort } = server.address() as { port: number }
  const backend = createBackend({
    name: 'app',
    servers: [{ id: 's1', address: `127.0.0.1:${serverPort}` }],
  })
  const frontend = createFrontend({ route: backend, ...(secure && { tls: { certificates: { key, cert } } }) })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    server.closeAllConnections()
    server.close()
  })
  return { port: port as number, secure, uploads, reading, backend }
}

/** Send this, and do not read before that. */
async function exchange(
  { port, secure }: { port: number; secure: boolean },
  head: string,
  body: Buffer,
  wait: Promise<void>,
): Promise<Buffer> {
  const to = { port, host: '127.0.0.1', rejectUnauthorized: false }
  const socket = secure ? connectTls(to) : connect(to)
  socket.write(head)
  socket.write(body)
  await wait
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  const all = Buffer.concat(pieces)
  return all.subarray(all.indexOf('\r\n\r\n') + 4)
}

/** Until what has passed is no longer more than a moment ago: all buffers on the way are full. */
async function stalled(passed: () => number): Promise<void> {
  let before = -1
  await expectEventually(() => {
    const now = passed()
    const same = now > 0 && now === before
    before = now
    expect(same).toBe(true)
  })
}

test.each([
  ['plain', false],
  ['TLS', true],
])('responses to many clients that read late arrive as they were sent (%s)', async (_, secure) => {
  const door = await served(secure)
  const { backend } = door
  const wait = Promise.withResolvers<void>()
  const got = Array.from({ length: many }, (_, i) => {
    const head = `GET /${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
    return exchange(door, head, Buffer.alloc(0), wait.promise)
  })
  await stalled(() => backend.counters.bytesOut)
  wait.resolve()
  for (const [i, body] of (await Promise.all(got)).entries()) {
    expect(body.equals(bodyOf(i)), `body ${i}`).toBe(true)
  }
})

test.each([
  ['plain', false],
  ['TLS', true],
])('uploads of many clients to a server that reads late arrive as they were sent (%s)', async (_, secure) => {
  const door = await served(secure)
  const { uploads, reading, backend } = door
  const sent = Array.from({ length: many }, (_, i) => {
    const head = `PUT /${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`
    return exchange(door, head, bodyOf(i), Promise.resolve())
  })
  await expectEventually(() => expect(backend.counters.requestsNow).toBe(many))
  reading.resolve()
  await Promise.all(sent)
  for (let i = 0; i < many; i++) expect(uploads.get(`/${i}`)?.equals(bodyOf(i)), `body ${i}`).toBe(true)
})
