/** A DNS server beside a test: dnsmasq, which knows the names that it is told and no others. */
import { freePort } from './haproxy.ts'
import { afterwards } from './hosting.ts'
import { listens, startProgram } from './program.ts'

/**
 * Start it; it is stopped after the test.
 * @param records its own options: `--address=/evener.test/192.0.2.7`
 * @returns its port, for UDP and TCP
 */
export async function startDnsmasq(...records: string[]): Promise<number> {
  const port = await freePort()
  const server = startProgram('dnsmasq', [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    `--port=${port}`,
    '--pid-file=',
    '--user=',
    ...records,
  ])
  afterwards(() => server.stop())
  await listens(server, port)
  return port
}
