/** Evener's `createTcpProxy`: layer 4. */
import { nodeSubject } from './node-subject.ts'
import { keepAliveMs } from './subject.ts'

export const subject = nodeSubject({
  name: 'evener-tcp',
  about: 'createTcpProxy; health checks, counters',
  package: '@evener/core',
  modes: ['tcp'],
  async start({ port, servers }) {
    const { createBackend, createTcpProxy } = await import('@evener/core')
    const { tcpCheck } = await import('@evener/health')
    const backend = createBackend({
      name: 'servers',
      checks: { checker: tcpCheck(), intervalMs: 2_000 },
      timeouts: { connectMs: 5_000, tunnelMs: keepAliveMs },
      servers: servers.map((server, i) => ({ id: `s${i + 1}`, address: `127.0.0.1:${server}` })),
    })
    const proxy = createTcpProxy({ route: backend, maxConnections: 50_000 })
    await proxy.listen({ port, host: '127.0.0.1', backlog: 4_096 })
  },
})
