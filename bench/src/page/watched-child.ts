/**
 * A frontend before 5,000 servers, which are two with many names, and the page that shows them. Its arguments are the ports
 * of the two and the number of servers; told anything, it answers with what it costs: CPU since it was asked last.
 */
import { createBackend, createFrontend } from '@evener/core'
import { listenStats } from '@evener/stats'

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
const frontend = createFrontend({ route: backend })
const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
const page = await listenStats({ frontends: { main: frontend }, backends: [backend] })
process.on('message', () =>
  process.send?.({ port, page: page.port, watching: page.handler.watching, cpu: process.cpuUsage() }),
)
