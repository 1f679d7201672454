/** Evener's own listener, with its own engine: nothing of `node:http` between. */
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'evener-frontend',
  about: `createFrontend, own engine; ${allFeatures}`,
  package: '@evener/core',
  modes: ['http', 'https', 'h2'],
  sticky: true,
  async start(place) {
    const { createFrontend } = await import('@evener/core')
    const timeouts = { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs, httpRequestMs: keepAliveMs }
    const frontend = createFrontend({
      route: evenerBackend(place),
      forwarded,
      timeouts,
      maxConnections: 50_000,
      ...(place.certificate !== undefined && { tls: { certificates: place.certificate } }),
    })
    await frontend.listen({ port: place.port, host: '127.0.0.1' })
  },
})
