import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { testCertificate } from '@evener/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProxies } from '../src/main.ts'

let closings: (() => unknown)[]
let proxies: ReturnType<typeof createProxies>
let port: number

async function listening(server: Server): Promise<{ id: string; address: string }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closings.push(() => server.close())
  const { port: its } = server.address() as AddressInfo
  return { id: `s${its}`, address: `127.0.0.1:${its}` }
}

const tlsServer = (name: string) =>
  listening(
    createTlsServer(testCertificate, socket => {
      socket.on('error', () => undefined)
      socket.end(name)
    }),
  )

const plainServer = () =>
  listening(
    createServer(socket => {
      socket.on('error', () => undefined)
      socket.end('plain')
    }),
  )

beforeEach(async () => {
  closings = []
  const udp = createSocket('udp4')
  udp.on('message', (text, from) => udp.send(`answer to ${text}`, from.port, from.address))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  closings.push(() => udp.close())
  proxies = createProxies({
    names: { 'a.evener.test': [await tlsServer('a')], 'b.evener.test': [await tlsServer('b')] },
    plain: [await plainServer()],
    datagrams: [{ id: 'udp', address: `127.0.0.1:${udp.address().port}` }],
  })
  port = (await proxies.tcp.listen({ port: 0, host: '127.0.0.1' })).port as number
})

afterEach(async () => {
  await proxies.close()
  for (const close of closings) close()
})

async function tlsAnswer(servername: string): Promise<string> {
  let text = ''
  const socket = connectTls({ port, host: '127.0.0.1', servername, ca: testCertificate.cert })
  for await (const chunk of socket) text += chunk
  return text
}

test('TLS goes by its name, to servers that have the key', async () => {
  expect(await tlsAnswer('a.evener.test')).toBe('a')
  expect(await tlsAnswer('b.evener.test')).toBe('b')
  await expect(tlsAnswer('c.evener.test')).rejects.toThrow()
})

test('plain text goes elsewhere, on the same port', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write('hello')
  let text = ''
  for await (const chunk of socket) text += chunk
  expect(text).toBe('plain')
})

test('a UDP session is over with its answer', async () => {
  const bound = await proxies.udp.listen({ port: 0, host: '127.0.0.1' })
  const client = createSocket('udp4')
  closings.push(() => client.close())
  client.send('question', bound.port as number, '127.0.0.1')
  const [answer] = await once(client, 'message')
  expect(String(answer)).toBe('answer to question')
  expect(proxies.udp.active).toBe(0)
})
