/** A frontend with TLS: HTTP/1.1 and HTTP/2 on one port, the redirect, what servers are told, and PROXY in front. */
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { proxyHeaderV2 } from '@evener/proxy-protocol'
import { expectEventually, fakeServer, testCertificate } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { ClientRequest } from '../http/request.ts'
import { createFrontend, type FrontendBindOptions, type FrontendOptions } from './frontend.ts'

const { key, cert } = testCertificate

async function world(options: Partial<FrontendOptions> = {}, bind: Partial<FrontendBindOptions> = {}) {
  const server = await fakeServer()
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const seen: ClientRequest[] = []
  const frontend = createFrontend({
    route: request => {
      seen.push(request)
      return backend
    },
    tls: { certificates: { key, cert } },
    ...options,
  })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1', ...bind })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  return { server, backend, frontend, seen, port: port as number }
}

interface Got {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

function get(port: number, path = '/', headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, headers, rejectUnauthorized: false, agent: false }
    httpsRequest(options, async res => {
      let body = ''
      for await (const piece of res) body += piece
      resolve({ status: res.statusCode, headers: res.headers, body })
    })
      .on('error', reject)
      .end()
  })
}

function get2(port: number, path = '/'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', reject)
    const stream = session.request({ ':path': path })
    stream.on('response', async headers => {
      let body = ''
      for await (const piece of stream) body += piece
      session.close()
      resolve({ status: headers[':status'], headers, body })
    })
  })
}

test('HTTP/1.1 and HTTP/2 come by one port', async () => {
  const { port, seen, frontend } = await world()
  expect((await get(port, '/one')).status).toBe(200)
  expect((await get2(port, '/two')).status).toBe(200)
  expect(seen.map(request => [request.uri, request.connection?.tls?.alpn])).toEqual([
    ['/one', undefined],
    ['/two', 'h2'],
  ])
  expect(seen.every(request => request.secure)).toBe(true)
  await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(0))
})

test('HTTP/2 is not offered where it is switched off', async () => {
  const { port } = await world({ http2: false })
  const socket = connectTls({ port, ALPNProtocols: ['h2', 'http/1.1'], rejectUnauthorized: false })
  onTestFinished(() => void socket.destroy())
  await new Promise(resolve => socket.once('secureConnect', resolve))
  expect(socket.alpnProtocol).toBe('http/1.1')
})

test('what is no TLS is closed, counted, and does not disturb others', async () => {
  const { port, frontend } = await world()
  const socket = connectTcp({ port })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => undefined).resume()
  await closed
  await expectEventually(() => expect(frontend.counters.connectionsFailed).toBe(1))
  expect((await get(port)).status).toBe(200)
})

test('a request without TLS is sent to it, with its method and target', async () => {
  const { port } = await world({ httpsRedirect: true }, { tls: false })
  const got = await fetch(`http://127.0.0.1:${port}/a?b=1`, { method: 'POST', redirect: 'manual' })
  expect([got.status, got.headers.get('location')]).toEqual([308, 'https://127.0.0.1/a?b=1'])
})

test.each([
  ['another port', { port: 8443 }, 308, 'https://127.0.0.1:8443/'],
  ['another status', { status: 302 as const }, 302, 'https://127.0.0.1/'],
])('the redirect takes %s', async (_, httpsRedirect, status, location) => {
  const { port } = await world({ httpsRedirect }, { tls: false })
  const got = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' })
  expect([got.status, got.headers.get('location')]).toEqual([status, location])
})

test('HSTS is said over TLS only, and once', async () => {
  const { port, frontend, server } = await world({
    hsts: { maxAgeSeconds: 60, includeSubDomains: true, preload: true },
  })
  const said = 'max-age=60; includeSubDomains; preload'
  expect((await get(port)).headers['strict-transport-security']).toBe(said)
  expect((await get2(port)).headers['strict-transport-security']).toBe(said)
  const plain = await frontend.listen({ port: 0, host: '127.0.0.1', tls: false })
  const got = await fetch(`http://127.0.0.1:${plain.port}/`)
  expect(got.headers.get('strict-transport-security')).toBe(null)
  await server.close()
  const answer = await get(port)
  expect([answer.status, answer.headers['strict-transport-security']]).toEqual([502, said])
})

test('servers are told what TLS knows, and never by the client', async () => {
  const { port, server } = await world({ forwarded: { tls: true } })
  await get(port, '/', { 'X-SSL-Protocol': 'forged', 'X-SSL-Client-CN': 'root' })
  const header = (name: string) => server.requests[0]?.header(name)
  expect(header('x-ssl-protocol')).toBe('TLSv1.3')
  expect(header('x-ssl-client-cn')).toBe(undefined)
  expect(header('x-forwarded-proto')).toBe('https')
})

test('a PROXY header before TLS says who the client is', async () => {
  const { port, seen } = await world({}, { acceptProxy: { trust: ['127.0.0.1'] } })
  const socket = connectTcp({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  socket.write(
    proxyHeaderV2({
      command: 'proxy',
      family: 'tcp4',
      sourceAddress: '192.0.2.9',
      sourcePort: 1234,
      destinationAddress: '198.51.100.1',
      destinationPort: 443,
      tlvs: {},
    }),
  )
  const tls = connectTls({ socket, rejectUnauthorized: false })
  tls.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const piece of tls) text += piece
  expect(text).toMatch(/^HTTP\/1\.1 200 /)
  const { connection, sourceAddress } = seen[0] as ClientRequest
  expect([sourceAddress, connection?.peerPort, connection?.localPort]).toEqual(['192.0.2.9', 1234, 443])
})

test('a connection without the header it must begin with is closed and counted', async () => {
  const { port, frontend } = await world({}, { tls: false, acceptProxy: { trust: ['127.0.0.1'] } })
  const socket = connectTcp({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise(resolve => socket.once('close', resolve))
  expect(frontend.counters.connectionsFailed).toBe(1)
})

test('with prior knowledge HTTP/2 and HTTP/1.1 come by one port without TLS', async () => {
  const { port } = await world({ tls: undefined, http2: { priorKnowledge: true } })
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/' })
  const status = await new Promise(resolve => stream.on('response', headers => resolve(headers[':status'])))
  stream.resume()
  session.close()
  expect(status).toBe(200)
})

test('a handshake under way is given up when the frontend closes', async () => {
  const { port, frontend } = await world()
  const socket = connectTcp({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined).resume()
  await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(1))
  const closed = new Promise(resolve => socket.once('close', resolve))
  await frontend.close()
  await closed
  expect(frontend.counters.connectionsNow).toBe(0)
})

test.each([
  ['tls on an address of a frontend without', {}, { tls: true }, /listen\.tls: true/],
  [
    'a redirect with a status of another kind',
    { httpsRedirect: { status: 200 as never } },
    {},
    /httpsRedirect\.status: 200/,
  ],
])('%s is refused', async (_, options, bind, message) => {
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: '127.0.0.1:1' }] })
  onTestFinished(() => backend.close())
  await expect(async () => {
    await createFrontend({ route: backend, ...options }).listen({ port: 0, ...bind })
  }).rejects.toThrow(message)
})
