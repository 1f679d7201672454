/** Evener's `httpHandler` as middleware of Express. */
import { createServer } from 'node:http'
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'express-evener',
  about: `httpHandler in Express, default engine; ${allFeatures}`,
  package: '@evener/core',
  rows: ['express'],
  sticky: true,
  async start(place) {
    const { default: express } = await import('express')
    const { httpHandler } = await import('@evener/core')
    const handler = httpHandler(evenerBackend(place), {
      forwarded,
      timeouts: { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs },
    })
    const app = express()
    app.use(handler)
    const server = createServer(app)
    handler.attach(server)
    await listen(server, place)
  },
})
