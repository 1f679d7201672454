/** http-proxy, unchanged since 2020 and still the most downloaded, with a keep-alive agent. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { inTurn } from './in-turn.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'http-proxy',
  about: 'keep-alive agent; X-Forwarded-For; servers in turn, by the host',
  package: 'http-proxy',
  async start(place) {
    const { default: httpProxy } = await import('http-proxy')
    const agent = new Agent({ keepAlive: true, maxFreeSockets: mostIdle })
    const proxy = httpProxy.createProxyServer({ agent, xfwd: true })
    const target = inTurn(place.servers)
    proxy.on('error', (_error, _req, res) => {
      if ('writeHead' in res && !res.headersSent) res.writeHead(502)
      res.end()
    })
    const serve = (req: IncomingMessage, res: ServerResponse): void =>
      proxy.web(req, res, { target: `http://127.0.0.1:${target()}` })
    await listen(createServer(serve), place)
  },
})
