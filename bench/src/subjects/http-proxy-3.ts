/** http-proxy-3 as its README has it, with a keep-alive agent: what most Node gateways of today stand on. */
import { Agent, createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer as createHttp2Server } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { inTurn } from './in-turn.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { mostIdle, type Place } from './subject.ts'
import { nodeTls } from './tls.ts'

type Serve = (req: IncomingMessage, res: ServerResponse) => void

/** It takes requests of HTTP/2 through Node's compatible interface, and leaves pseudo-headers out by itself. */
function serverFor(place: Place, serve: Serve): Server {
  if (place.mode === 'https') return createHttpsServer(nodeTls(place), serve)
  if (place.mode !== 'h2') return createHttpServer(serve)
  return createHttp2Server({ ...nodeTls(place), allowHTTP1: true }, serve as never)
}

export const subject = nodeSubject({
  name: 'http-proxy-3',
  about: 'keep-alive agent; X-Forwarded-For; servers in turn, by the host',
  package: 'http-proxy-3',
  modes: ['http', 'https', 'h2'],
  async start(place) {
    const { createProxyServer } = await import('http-proxy-3')
    const agent = new Agent({ keepAlive: true, maxFreeSockets: mostIdle })
    const proxy = createProxyServer({ agent, xfwd: true })
    const target = inTurn(place.servers)
    proxy.on('error', (_error, _req, res) => {
      if ('writeHead' in res && !res.headersSent) (res as ServerResponse).writeHead(502)
      res.end()
    })
    const serve = (req: IncomingMessage, res: ServerResponse): void =>
      void proxy.web(req, res, { target: `http://127.0.0.1:${target()}` })
    await listen(serverFor(place, serve), place)
  },
})
