/** Evener's own listener with a line of httplog for each request, which goes nowhere: what making it costs. */
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'evener-httplog',
  about: `createFrontend, own engine; httplog; ${allFeatures}`,
  package: '@evener/core',
  rows: ['httplog'],
  sticky: true,
  async start(place) {
    const { createFrontend } = await import('@evener/core')
    const frontend = createFrontend({
      route: evenerBackend(place),
      forwarded,
      timeouts: { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs, httpRequestMs: keepAliveMs },
      maxConnections: 50_000,
      log: { to: { write: () => undefined } },
    })
    await frontend.listen({ port: place.port, host: '127.0.0.1' })
  },
})
