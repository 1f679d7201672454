/**
 * A frontend before 5,000 servers, which are two with many names, and the page that shows them. Its arguments are the ports
 * of the two and the number of servers; told anything, it answers with what it costs: CPU, and how late its event loop was
 * since it was asked last.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createBackend, createFrontend } from '@evener/core'
import { listenStats } from '@evener/stats'
import { keepAliveMs } from '../subjects/subject.ts'

process.on('disconnect', () => process.exit())
const [ports = '', count = ''] = process.argv.slice(2)
const addresses = ports.split(',').map(port => `127.0.0.1:${port}`)
const backend = createBackend({
  name: 'app',
  servers: Array.from({ length: Number(count) }, (_, index) => ({
    id: `server${index + 1}`,
    address: addresses[index % addresses.length] as string,
  })),
})
const frontend = createFrontend({
  route: backend,
  // Of many connections a few may do all the work.
  timeouts: { httpKeepAliveMs: keepAliveMs, httpRequestMs: keepAliveMs },
})
const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
const page = await listenStats({ frontends: { main: frontend }, backends: [backend] })
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('message', () => {
  process.send?.({
    port,
    page: page.port,
    watching: page.handler.watching,
    cpu: process.cpuUsage(),
    delayMs: delay.percentile(99) / 1e6,
  })
  delay.reset()
})
