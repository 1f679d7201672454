/** A program on a cluster with statistics in each worker: a fixture of cluster.test.ts. Its argument is the number of workers. */
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, createFrontend, runCluster } from '@evener/core'
import { listenStats } from './listen-stats.ts'

const orphaned = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', orphaned)

// Before there are workers: what they say first must not be missed.
if (cluster.isPrimary) {
  cluster.on('message', (_, message) => {
    if (message.admin !== undefined || message.url !== undefined) process.send?.(message)
  })
}

const running = await runCluster(
  async () => {
    const origin = createServer((_, response) => response.end('hello'))
    // Exclusive: each worker has one of its own.
    await new Promise<void>(resolve =>
      origin.listen({ port: 0, host: '127.0.0.1', exclusive: true }, resolve),
    )
    const { port: originPort } = origin.address() as AddressInfo
    const backend = createBackend({
      name: 'app',
      servers: [{ id: 's1', address: `127.0.0.1:${originPort}` }],
    })
    const frontend = createFrontend({ route: backend, errorPages: { 404: String(process.pid) } })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    const page = await listenStats({
      frontends: { main: frontend },
      backends: [backend],
      users: { operator: process.argv[3] as string },
      actions: true,
      refreshMs: 250,
    })
    process.send?.({ port, url: page.url })
    process.on('message', message => {
      if (message === 'admin') process.send?.({ admin: backend.server('s1')?.admin })
    })
    return {
      async close() {
        await page.close()
        await frontend.close({ drainMs: 0 })
        origin.close()
      },
    }
  },
  { workers: Number(process.argv[2]) },
)

if (cluster.isPrimary) {
  process.on('message', message => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send(message as object)
  })
  process.send?.({ running: running.pids.length })
}
