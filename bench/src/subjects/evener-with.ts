/** Evener's own listener as in `evener-frontend`, with something more for each request: what that costs. */
import type { FrontendOptions } from '@evener/core'
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { type NodeSubject, nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

/** @param more made in the process that is measured */
export function evenerWith(
  name: string,
  about: string,
  row: string,
  more: () => Promise<Partial<FrontendOptions>>,
): NodeSubject {
  return nodeSubject({
    name,
    about: `createFrontend, own engine; ${about}; ${allFeatures}`,
    package: '@evener/core',
    rows: [row],
    sticky: true,
    async start(place) {
      const { createFrontend } = await import('@evener/core')
      const frontend = createFrontend({
        route: evenerBackend(place),
        forwarded,
        timeouts: { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs, httpRequestMs: keepAliveMs },
        maxConnections: 50_000,
        ...(await more()),
      })
      await frontend.listen({ port: place.port, host: '127.0.0.1' })
    },
  })
}
