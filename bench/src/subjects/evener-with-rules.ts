/** Evener's own listener with these rules for each request. */
import type { RequestScope, Rule } from '@evener/rules'
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { type NodeSubject, nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const withRules = (
  name: string,
  about: string,
  rules: () => Promise<Rule<RequestScope>[]>,
): NodeSubject =>
  nodeSubject({
    name,
    about: `createFrontend, own engine; ${about}; ${allFeatures}`,
    package: '@evener/core',
    rows: ['rules'],
    sticky: true,
    async start(place) {
      const { createFrontend } = await import('@evener/core')
      const frontend = createFrontend({
        route: evenerBackend(place),
        forwarded,
        timeouts: { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs, httpRequestMs: keepAliveMs },
        maxConnections: 50_000,
        rules: { request: await rules() },
      })
      await frontend.listen({ port: place.port, host: '127.0.0.1' })
    },
  })
