/** fast-proxy on undici, which its README recommends: one instance for each server. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { inTurn } from './in-turn.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'fast-proxy',
  about: 'undici; X-Forwarded-For and servers in turn, by the host',
  package: 'fast-proxy',
  async start(place) {
    const { default: fastProxy } = await import('fast-proxy')
    const proxyTo = (port: number) =>
      fastProxy({
        base: `http://127.0.0.1:${port}`,
        undici: { connections: mostIdle, keepAliveTimeout: 600_000 },
      })
    const [first, second] = place.servers
    const proxy = inTurn([proxyTo(first), proxyTo(second)])
    const rewriteRequestHeaders = (
      req: IncomingMessage,
      headers: IncomingHttpHeaders,
    ): IncomingHttpHeaders => {
      headers['x-forwarded-for'] = req.socket.remoteAddress
      return headers
    }
    const server = createServer((req, res) => {
      proxy().proxy(req, res, req.url ?? '/', { rewriteRequestHeaders })
    })
    await listen(server, place)
  },
})
