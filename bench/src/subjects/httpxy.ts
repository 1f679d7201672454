/** httpxy, the proxy of the unjs family, with a keep-alive agent. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { inTurn } from './in-turn.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'httpxy',
  about: 'keep-alive agent; X-Forwarded-For; servers in turn, by the host',
  package: 'httpxy',
  async start(place) {
    const { createProxyServer } = await import('httpxy')
    const agent = new Agent({ keepAlive: true, maxFreeSockets: mostIdle })
    const proxy = createProxyServer({ agent, xfwd: true })
    const target = inTurn(place.servers)
    const serve = (req: IncomingMessage, res: ServerResponse): void => {
      proxy.web(req, res, { target: `http://127.0.0.1:${target()}` }).catch(() => {
        if (!res.headersSent) res.writeHead(502)
        res.end()
      })
    }
    await listen(createServer(serve), place)
  },
})
