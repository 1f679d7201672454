/**
 * A program that runs on a cluster: a fixture of cluster.test.ts, which it tells of everything that happens.
 *
 * Its argument is the options of `runCluster`, as JSON; and `dies: true` for workers that end before they have begun,
 * `waits: true` for such as begin when they are told to, and the address of a server. Without a server, workers answer with their process id.
 */
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { runCluster } from './cluster.ts'

const { dies, waits, address, ...options } = JSON.parse(process.argv[2] as string)
const tell = (what: string, more: object = {}) => process.send?.({ what, at: performance.now(), ...more })
const orders = new Map<unknown, () => unknown>()
process.on('message', order => orders.get(order)?.())

if (cluster.isPrimary) {
  // Without the test, nobody would end it.
  const orphaned = () => process.kill(process.pid, 'SIGKILL')
  process.on('disconnect', orphaned)
  orders.set('leave', () => process.off('disconnect', orphaned).disconnect())
  orders.set('ping', () => tell('pong'))
  orders.set('go', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send('go')
  })
  cluster.on('fork', worker => tell('fork', { pid: worker.process.pid }))
  // What workers say to the application itself.
  cluster.on('message', (worker, said) => {
    if (said.what === 'listening') tell('listening', { pid: worker.process.pid, port: said.port })
  })
}

const running = await runCluster(
  async () => {
    if (dies) process.exit(3)
    // Not before: a worker that dies at once need not load all this first.
    const { createBackend } = await import('../balance/backend.ts')
    const { createFrontend } = await import('./frontend.ts')
    const route =
      address === undefined
        ? () => undefined
        : createBackend({ name: 'app', servers: [{ id: 's1', address }], timeouts: { queueMs: 1_000 } })
    const frontend = createFrontend({ route, errorPages: { 404: String(process.pid) } })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    tell('listening', { port })
    if (waits) await new Promise<void>(resolve => orders.set('go', resolve))
    return frontend
  },
  { ...options, died: (pid: number, code: number, signal: string) => tell('died', { pid, code, signal }) },
)

if (cluster.isPrimary) {
  const close = async () => {
    await Promise.all([running.close(), running.close()])
    tell('closed', { pids: running.pids })
    orders.get('leave')?.()
  }
  orders.set('pids', () => tell('pids', { pids: running.pids }))
  orders.set('close', close)
  orders.set('kill one and close', () => {
    const [pid = 0] = running.pids
    process.kill(pid, 'SIGKILL')
    // It is dead, and nobody but the kernel knows.
    while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) {}
    return close()
  })
  tell('running', { pids: running.pids })
}
