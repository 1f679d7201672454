/** Evener's `httpHandler` behind a route of Fastify, which lets go of the reply. */
import { allFeatures, evenerBackend, forwarded } from './evener-backend.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'fastify-evener',
  about: `httpHandler in Fastify, default engine; ${allFeatures}`,
  package: '@evener/core',
  rows: ['fastify'],
  sticky: true,
  async start(place) {
    const { fastify } = await import('fastify')
    const { httpHandler } = await import('@evener/core')
    const timeouts = { httpKeepAliveMs: keepAliveMs, clientMs: keepAliveMs }
    const handler = httpHandler(evenerBackend(place), { forwarded, timeouts })
    const app = fastify({ keepAliveTimeout: keepAliveMs })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.all('/*', (request, reply) => {
      reply.hijack()
      handler(request.raw, reply.raw)
    })
    handler.attach(app.server)
    await app.listen({ port: place.port, host: '127.0.0.1', backlog: 4096 })
  },
})
