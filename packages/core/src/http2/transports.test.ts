import { connect as connectHttp2 } from 'node:http2'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { testCertificate } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { connectionFacts } from '../base/connection-facts.ts'
import { preface } from './frames.ts'
import { looksLikeHttp2Preface } from './preface.ts'
import { ask, http2Door } from './test-support.ts'

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return (server.address() as { port: number }).port
}

test('TLS on which h2 was agreed carries it, and says so to the server', async () => {
  const door = await http2Door()
  const facts = (socket: TLSSocket) =>
    connectionFacts(
      socket,
      {
        version: 'TLSv1.3',
        cipher: '',
        serverName: undefined,
        alpn: 'h2',
        resumed: false,
        clientCertificate: undefined,
      },
      undefined,
    )
  const listener = createTlsServer({ ...testCertificate, ALPNProtocols: ['h2', 'http/1.1'] }, socket => {
    expect(socket.alpnProtocol).toBe('h2')
    door.serve(socket, facts(socket))
  })
  const port = await listening(listener)
  const session = connectHttp2(`https://localhost:${port}`, { ca: testCertificate.cert, host: '127.0.0.1' })
  onTestFinished(() => session.destroy())
  expect(await ask(session, { ':method': 'PUT' }, Buffer.alloc(500_000))).toMatchObject({ status: 200 })
  expect(door.server.requests[0]?.header('x-forwarded-proto')).toBe('https')
})

test('what was read to know the protocol by is put back, and nothing is lost', async () => {
  const door = await http2Door()
  const listener = createTcpServer({ allowHalfOpen: true }, (socket: Socket) => {
    let bytes: Buffer = Buffer.alloc(0)
    const look = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (looksLikeHttp2Preface(bytes) !== true) return
      socket.off('data', look)
      socket.pause()
      socket.unshift(bytes)
      door.serve(socket, connectionFacts(socket, undefined, undefined))
    }
    socket.on('data', look)
  })
  const session = connectHttp2(`http://127.0.0.1:${await listening(listener)}`)
  onTestFinished(() => session.destroy())
  expect(await ask(session, { ':path': '/known' })).toMatchObject({ status: 200 })
  expect(door.server.requests[0]?.target).toBe('/known')
  expect(looksLikeHttp2Preface(preface)).toBe(true)
})
