import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fakeServer, testCertificate } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'
import type { Engine } from './engine.ts'
import { type HttpHandlerOptions, httpHandler } from './http-handler.ts'
import type { ClientRequest } from './request.ts'

async function world(secure: boolean, options: HttpHandlerOptions = {}) {
  const server = await fakeServer()
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const seen: ClientRequest[] = []
  const handler = httpHandler(request => {
    seen.push(request)
    return backend
  }, options)
  const certificates = { ...testCertificate, ca: testCertificate.cert, requestCert: true }
  const host = secure
    ? createHttpsServer({ ...certificates, rejectUnauthorized: false }, handler)
    : createServer(handler)
  host.listen(0, '127.0.0.1')
  await once(host, 'listening')
  onTestFinished(async () => {
    host.close()
    host.closeAllConnections()
    backend.close()
    await server.close()
  })
  return { server, seen, port: (host.address() as AddressInfo).port }
}

test('a request by node:http has the facts of its connection', async () => {
  const { port, seen } = await world(false)
  const asking = get({ port, host: '127.0.0.1' })
  const [response] = await once(asking, 'response')
  const { connection } = seen[0] as ClientRequest
  expect([connection?.peerAddress, connection?.localPort, connection?.tls]).toEqual([
    '127.0.0.1',
    port,
    undefined,
  ])
  expect(connection?.peerPort).toBe(response.socket.localPort)
  response.resume()
})

test('a request by node:https has those of TLS as well, once for all requests, and servers are told', async () => {
  const { port, seen, server } = await world(true, { forwarded: { tls: true } })
  const ask = async (options: object) => {
    const asking = httpsRequest({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }).end()
    const [response] = await once(asking, 'response')
    response.resume()
    await once(response, 'end')
  }
  await ask({ agent: false })
  await ask({ agent: false, ...testCertificate, servername: 'app.evener.test' })
  const facts = seen.map(({ connection }) => connection?.tls)
  expect(facts[0]).toMatchObject({ version: 'TLSv1.3', clientCertificate: undefined })
  expect(facts[1]).toMatchObject({
    serverName: 'app.evener.test',
    clientCertificate: { commonName: 'localhost', verified: true },
  })
  expect(seen[1]?.connection).toBe(seen[1]?.connection)
  const told = server.requests.map(each => [each.header('x-ssl-protocol'), each.header('x-ssl-client-cn')])
  expect(told).toEqual([
    ['TLSv1.3', undefined],
    ['TLSv1.3', 'localhost'],
  ])
})

test('a request whose body an application has read keeps the facts of its connection', async () => {
  const server = await fakeServer()
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const carried: ClientRequest[] = []
  const http1 = http1Engine()
  const engine: Engine = {
    name: 'telling',
    attempt: attempt => {
      carried.push(attempt.request)
      return http1.attempt(attempt)
    },
    close: () => http1.close(),
  }
  const handler = httpHandler(backend, { engine, reserializeBody: true })
  const host = createServer(async (req, res) => {
    for await (const _ of req) {
      // What a parser of bodies does.
    }
    handler(Object.assign(req, { body: { a: 1 } }), res)
  }).listen(0, '127.0.0.1')
  await once(host, 'listening')
  onTestFinished(async () => {
    host.close()
    host.closeAllConnections()
    engine.close()
    backend.close()
    await server.close()
  })
  const { port } = host.address() as AddressInfo
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{"a":2}', headers })
  expect([answer.status, server.requests[0]?.body.toString()]).toEqual([200, '{"a":1}'])
  expect(carried[0]?.connection?.localPort).toBe(port)
})
