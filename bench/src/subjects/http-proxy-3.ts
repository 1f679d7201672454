/** http-proxy-3 as its README has it, with a keep-alive agent: what most Node gateways of today stand on. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { inTurn } from './in-turn.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'http-proxy-3',
  about: 'keep-alive agent; X-Forwarded-For; servers in turn, by the host',
  package: 'http-proxy-3',
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
    await listen(createServer(serve), place)
  },
})
