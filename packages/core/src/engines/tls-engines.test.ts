/** TLS towards servers by each engine, behind a door. */
import { once } from 'node:events'
import { createServer as createHttpServer, get } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TargetTls } from '@evener/health'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { Engine } from '../http/engine.ts'
import { httpHandler } from '../http/http-handler.ts'
import { defaultEngine } from './default-engine.ts'
import { httpProxy3Engine } from './http-proxy-3.ts'
import { http1Engine } from './http1/http1-engine.ts'
import { http2Engine } from './http2/http2-engine.ts'
import { pki } from './test-support-pki.ts'

const engines: readonly (readonly [string, () => Engine])[] = [
  ['http1', () => http1Engine()],
  ['http-proxy-3', () => httpProxy3Engine()],
  ['http2', () => http2Engine()],
  ['default', () => defaultEngine()],
]

const named = { ca: pki.ca, servername: 'app.evener.test' }
const client = { cert: pki.client.cert, key: pki.client.key }

/** A server that wants certificates and tells whose it got, behind a door with this engine. */
async function behind(makeEngine: () => Engine, ...tls: TargetTls[]) {
  const server = createServer(
    { ...pki.server, ca: pki.ca, requestCert: true, rejectUnauthorized: false },
    (req, res) => {
      const socket = req.socket as TLSSocket
      res.end(String(socket.authorized ? socket.getPeerCertificate().subject.CN : 'nobody'))
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const backend = createBackend({
    name: 'b',
    retries: 0,
    servers: tls.map((each, i) => ({ id: `s${i}`, address: `https://127.0.0.1:${port}`, tls: each })),
  })
  const engine = makeEngine()
  const front = createHttpServer(httpHandler(backend, { engine })).listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => {
    engine.close()
    backend.close()
    for (const each of [front, server]) {
      each.close()
      each.closeAllConnections()
    }
  })
  return async () => {
    const request = get({ port: (front.address() as AddressInfo).port, host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    let text = ''
    for await (const piece of response) text += piece
    return response.statusCode === 200 ? text : response.statusCode
  }
}

describe.each(engines)('with the %s engine', (_name, makeEngine) => {
  test('a server gets the certificate that it asks for', async () => {
    const ask = await behind(makeEngine, { ...named, ...client })
    expect(await ask()).toBe('balancer')
    expect(await ask()).toBe('balancer')
  })

  test('a server that is not who it should be gets no request', async () => {
    const ask = await behind(makeEngine, { ...named, verifyHost: 'other.test' })
    expect(await ask()).toBe(502)
  })

  test('two servers at one address keep their connections apart', async () => {
    const ask = await behind(
      makeEngine,
      named,
      { ...named, ...client },
      { ...named, verifyHost: 'other.test' },
    )
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await ask())
    expect(answers).toEqual(['nobody', 'balancer', 502, 'nobody', 'balancer', 502])
  })
})
