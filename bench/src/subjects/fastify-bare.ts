/** Fastify that answers by itself: what a request costs there before anything is passed on. */
import { bodies } from '../origin/bodies.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'fastify-bare',
  about: 'Fastify that answers by itself, no proxy',
  package: 'fastify',
  rows: ['fastify'],
  proxies: false,
  async start({ port }) {
    const { fastify } = await import('fastify')
    const app = fastify({ keepAliveTimeout: keepAliveMs })
    app.get('/small', (_request, reply) => reply.type('text/plain').send(bodies['/small']))
    await app.listen({ port, host: '127.0.0.1', backlog: 4096 })
  },
})
