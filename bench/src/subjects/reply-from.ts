/** @fastify/reply-from in Fastify: undici behind, the way that Fastify's own proxy plugin works. */
import type { IncomingHttpHeaders } from 'node:http'
import { inTurn } from './in-turn.ts'
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs, mostIdle } from './subject.ts'

export const subject = nodeSubject({
  name: 'reply-from',
  about: '@fastify/reply-from in Fastify, undici; X-Forwarded-For and servers in turn, by the host',
  package: '@fastify/reply-from',
  async start({ port, servers }) {
    const { fastify } = await import('fastify')
    const { default: replyFrom } = await import('@fastify/reply-from')
    const app = fastify({ keepAliveTimeout: keepAliveMs, bodyLimit: 2 ** 31 - 1 })
    await app.register(replyFrom, { undici: { connections: mostIdle, keepAliveTimeout: 600_000 } })
    // The body goes through as a stream, whatever its type.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    const [first, second] = servers
    const base = inTurn([`http://127.0.0.1:${first}`, `http://127.0.0.1:${second}`])
    app.all('/*', (request, reply) =>
      reply.from(base() + request.url, {
        rewriteRequestHeaders: (_request, headers) => ({ ...headers, 'x-forwarded-for': request.ip }),
        ...(request.headers.connection === 'close' && { rewriteHeaders: withoutConnection }),
      }),
    )
    await app.listen({ port, host: '127.0.0.1', backlog: 4096 })
  },
})

/** The server's `Connection: keep-alive` is passed on otherwise, to a client that asked for the opposite. */
function withoutConnection({ connection: _, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers
}
