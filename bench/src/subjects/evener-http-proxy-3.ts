/** Evener's `httpHandler` in a `node:http` server, with http-proxy-3 as its engine: the compatible one. */
import { createServer } from 'node:http'
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs, mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'evener-http-proxy-3',
  about: `httpHandler in node:http, http-proxy-3 engine; ${allFeatures}`,
  package: '@evener/core',
  sticky: true,
  async start(place) {
    const { httpHandler, httpProxy3Engine } = await import('@evener/core')
    const engine = httpProxy3Engine({ maxIdle: mostIdle, idleMs: 600_000 })
    const timeouts = { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs }
    const server = createServer()
    httpHandler(evenerBackend(place), { engine, forwarded, timeouts }).attach(server)
    await listen(server, place)
  },
})
