import type { Duplex } from 'node:stream'
import { answer, expectEventually, raw, upgrade } from '@evener/testing'
import { expect, test } from 'vitest'
import { http1Engine } from '../engines/http1/http1-engine.ts'
import type { Engine, ResponseHead } from '../http/engine.ts'
import { http2Door, responseOf } from './test-support.ts'

const connect = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' }

/** A client of Node's that knows that the server takes extended CONNECT. */
async function readyClient(door: Awaited<ReturnType<typeof http2Door>>) {
  const session = door.client()
  await new Promise(resolve => session.once('remoteSettings', resolve))
  expect(session.remoteSettings.enableConnectProtocol).toBe(true)
  return session
}

test('an extended CONNECT becomes an upgrade, and its stream the tunnel', async () => {
  const door = await http2Door({
    server: { behave: upgrade({ first: 'hi ', headers: [['Sec-WebSocket-Protocol', 'chat']] }) },
  })
  const stream = (await readyClient(door)).request(
    { ...connect, 'sec-websocket-protocol': 'chat', 'sec-websocket-version': '13', origin: 'http://a.test' },
    { endStream: false },
  )
  const head = await new Promise<Record<string, unknown>>(resolve => stream.once('response', resolve))
  expect(head).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'chat' })
  expect(head).not.toHaveProperty('sec-websocket-accept')
  const [request] = door.server.requests
  expect(request).toMatchObject({ method: 'GET', target: '/chat' })
  expect(request?.header('upgrade')).toBe('websocket')
  expect(request?.header('connection')).toBe('Upgrade')
  expect(request?.header('origin')).toBe('http://a.test')
  expect(Buffer.from(request?.header('sec-websocket-key') ?? '', 'base64')).toHaveLength(16)
  expect(request?.header('sec-websocket-version')).toBe('13')
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  stream.write('there')
  await expectEventually(() => expect(text).toBe('hi there'))
  stream.end(' and gone')
  await new Promise(resolve => stream.once('close', resolve))
  expect(text).toBe('hi there and gone')
  expect(stream.rstCode).toBe(0)
  await expectEventually(() => expect(door.active()).toBe(0))
  expect(door.backend.counters.requestsNow).toBe(0)
})

test('megabytes go through a tunnel whole, in both directions', async () => {
  const door = await http2Door({ server: { behave: upgrade() } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  const bytes = Buffer.alloc(3_000_000, 'abcdef')
  const response = responseOf(stream)
  stream.end(bytes)
  expect(await response).toMatchObject({ status: 200, bytes: bytes.length, resetCode: 0 })
})

test('the version is said where the client has not', async () => {
  const door = await http2Door({ server: { behave: upgrade() } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  await new Promise(resolve => stream.once('response', resolve))
  expect(door.server.requests[0]?.header('sec-websocket-version')).toBe('13')
  stream.close()
})

test('a server that does not prove that it understood is a bad gateway', async () => {
  const door = await http2Door({
    server: {
      behave: raw(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: nonsense\r\n\r\n',
      ),
    },
  })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  expect(await responseOf(stream)).toMatchObject({ status: 502 })
  await expectEventually(() => expect(door.active()).toBe(0))
  expect(door.backend.counters).toMatchObject({ failed: 1, aborted: 0 })
  expect(door.backend.server('s1')?.counters.responseErrors).toBe(1)
})

test('where the answer cannot be sent in HTTP/2, the server is asked in vain', async () => {
  const engine = http1Engine()
  const attempt: Engine['attempt'] = given => {
    const upgraded = given.upgraded.bind(given)
    return engine.attempt(
      Object.assign(given, {
        upgraded(head: ResponseHead, socket: Duplex, firstBytes: Buffer) {
          upgraded({ ...head, rawHeaders: [...head.rawHeaders, 'X-Bad', 'a\nb'] }, socket, firstBytes)
        },
      }),
    )
  }
  const door = await http2Door({
    server: { behave: upgrade() },
    engine: { name: 'careless', attempt, close: () => engine.close() },
  })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  expect(await responseOf(stream)).toMatchObject({ status: 502 })
  await expectEventually(() => expect(door.server.openConnections).toBe(0))
  expect(door.backend.counters).toMatchObject({ failed: 1, aborted: 0 })
})

test('a version that is not spoken is refused, in the words that HTTP/2 has', async () => {
  const door = await http2Door({ server: { behave: upgrade() } })
  const fields = { ...connect, 'sec-websocket-version': '8' }
  const stream = (await readyClient(door)).request(fields, { endStream: false })
  const { status, headers } = await responseOf(stream)
  expect([status, headers['sec-websocket-version']]).toEqual([426, '13'])
  expect(headers).not.toHaveProperty('upgrade')
  expect(door.server.totalConnections).toBe(0)
})

test('a server that answers 200 instead of changing protocols is a bad gateway', async () => {
  const door = await http2Door({ server: { behave: answer() } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  expect(await responseOf(stream)).toMatchObject({ status: 502 })
})

test('a refusal of the server is passed on', async () => {
  const door = await http2Door({ server: { behave: answer({ status: 403, body: 'no' }) } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  expect(await responseOf(stream)).toMatchObject({ status: 403, text: 'no', resetCode: 0 })
})

test('a client that resets its tunnel closes the one to the server', async () => {
  const door = await http2Door({ server: { behave: upgrade() } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  await new Promise(resolve => stream.once('response', resolve))
  expect(door.server.openConnections).toBe(1)
  stream.close(8)
  await expectEventually(() => expect(door.server.openConnections).toBe(0))
  await expectEventually(() => expect(door.active()).toBe(0))
})

test('a server that closes its tunnel ends the stream', async () => {
  const door = await http2Door({ server: { behave: upgrade({ closeAfterBytes: 4 }) } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  const response = responseOf(stream)
  stream.write('four')
  stream.once('end', () => stream.end())
  expect(await response).toMatchObject({ status: 200, text: 'four', resetCode: 0 })
})

test('the end of the connection by force closes its tunnels', async () => {
  const door = await http2Door({ server: { behave: upgrade() } })
  const stream = (await readyClient(door)).request(connect, { endStream: false })
  await new Promise(resolve => stream.once('response', resolve))
  stream.resume()
  for (const connection of door.connections) connection.destroy()
  await expectEventually(() => expect(door.server.openConnections).toBe(0))
  await expectEventually(() => expect(door.active()).toBe(0))
  expect(stream.session?.destroyed ?? true).toBe(true)
})
