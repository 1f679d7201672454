/** Evener's `httpHandler` in a `node:http` server, with the engine that it has by default. */
import { createServer } from 'node:http'
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'evener-handler',
  about: `httpHandler in node:http, default engine; ${allFeatures}`,
  package: '@evener/core',
  sticky: true,
  async start(place) {
    const { httpHandler } = await import('@evener/core')
    const timeouts = { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs }
    const server = createServer()
    httpHandler(evenerBackend(place), { forwarded, timeouts }).attach(server)
    await listen(server, place)
  },
})
