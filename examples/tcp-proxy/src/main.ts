/**
 * Layer 4: TLS routed by name without opening it, plain text beside it on the same port, and UDP.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { leastConnections } from '@evener/algorithms'
import { createBackend, createTcpProxy, createUdpProxy, type ServerOptions } from '@evener/core'
import { tcpCheck } from '@evener/health'

export interface Servers {
  /** By the name that clients ask for (SNI). */
  readonly names: Readonly<Record<string, readonly ServerOptions[]>>
  /** For whoever does not speak TLS. */
  readonly plain: readonly ServerOptions[]
  /** One question, one answer, as with DNS. */
  readonly datagrams: readonly ServerOptions[]
}

export function createProxies({ names, plain, datagrams }: Servers) {
  const checks = { checker: tcpCheck(), intervalMs: 2_000 }
  const pool = (name: string, servers: readonly ServerOptions[]) =>
    createBackend({ name, servers, balancer: leastConnections(), checks })
  const byName = new Map(Object.entries(names).map(([name, servers]) => [name, pool(name, servers)]))
  const other = pool('plain', plain)
  const tcp = createTcpProxy({
    inspect: 'client-hello',
    // A name that nobody serves gets no backend, and its client is disconnected.
    route: ({ protocol, serverName }) => (protocol === 'tls' ? byName.get(serverName ?? '') : other),
    onServerDown: 'shut-sessions',
  })
  const questions = createBackend({ name: 'questions', servers: datagrams })
  const udp = createUdpProxy({ route: questions, responses: 1, idleMs: 5_000 })

  async function close(): Promise<void> {
    await Promise.all([tcp.close({ drainMs: 1_000 }), udp.close({ drainMs: 1_000 })])
    for (const backend of [...byName.values(), other, questions]) backend.close()
  }
  return { tcp, udp, close }
}

if (import.meta.main) {
  const greeter = createServer(socket => {
    // Checks hang up with a reset.
    socket.on('error', () => undefined)
    socket.end('hello, whoever you are\n')
  }).listen(0, '127.0.0.1')
  await once(greeter, 'listening')
  const oracle = createSocket('udp4')
  oracle.on('message', (question, { port, address }) => oracle.send(`${question}? yes`, port, address))
  oracle.bind(0, '127.0.0.1')
  await once(oracle, 'listening')

  const proxies = createProxies({
    names: {},
    plain: [{ id: 'greeter', address: `127.0.0.1:${(greeter.address() as AddressInfo).port}` }],
    datagrams: [{ id: 'oracle', address: `127.0.0.1:${oracle.address().port}` }],
  })
  const tcp = await proxies.tcp.listen({ port: 0, host: '127.0.0.1' })
  const udp = await proxies.udp.listen({ port: 0, host: '127.0.0.1' })
  console.log(`TCP on ${tcp.text}, UDP on ${udp.text}`)

  const client = connect(tcp.port as number, '127.0.0.1')
  client.write('good morning\n')
  for await (const chunk of client) console.log(`TCP: ${String(chunk).trim()}`)

  const asker = createSocket('udp4')
  asker.send('does it share the load', udp.port as number, '127.0.0.1')
  const [answer] = await once(asker, 'message')
  console.log(`UDP: ${answer}`)

  asker.close()
  await proxies.close()
  greeter.close()
  oracle.close()
}
