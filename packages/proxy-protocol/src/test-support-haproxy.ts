/**
 * HAProxy beside a test: it listens on loopback and on unix sockets in a folder of its own. A leaf's tests import no
 * other package, so the kit in `tests/support` is not used here.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const installed = (program: string, argument: string) => spawnSync(program, [argument]).status === 0
const OPENSSL = 'openssl'
const haproxyInstalled = installed('haproxy', '-v')
const opensslInstalled = installed(OPENSSL, 'version')

/** Why a test that needs HAProxy, and perhaps openssl, cannot run; undefined where it can. */
export function missing(withOpenssl: boolean): string | undefined {
  if (!haproxyInstalled) return 'haproxy is not installed'
  return withOpenssl && !opensslInstalled ? 'openssl is not installed' : undefined
}

/** A folder for sockets, certificates and configurations. */
export function workFolder(): string {
  return mkdtempSync(join(tmpdir(), 'evener-proxy-protocol-'))
}

/** Make a key with a certificate that it has signed itself, in one file that HAProxy and Node both read. */
export function makeCertificate(folder: string, commonName: string): string {
  const file = join(folder, `${commonName}.pem`)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file]
  const made = spawnSync(OPENSSL, [
    'req',
    '-x509',
    ...key,
    '-out',
    `${file}.crt`,
    '-days',
    '2',
    '-subj',
    `/CN=${commonName}`,
  ])
  const joined = spawnSync('sh', ['-c', 'cat "$1.crt" >> "$1"', 'sh', file])
  if (made.status !== 0 || joined.status !== 0) throw new Error(`no certificate: ${made.stderr}`)
  return file
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function reachable(path: string): Promise<boolean> {
  const socket = connect(path)
  return new Promise(resolve => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}

/**
 * Start HAProxy and wait until it listens.
 * @param config the configuration, given as many free ports as asked for
 * @returns the ports, and how to end it, which removes the folder as well
 */
export async function startHaproxy(folder: string, portCount: number, config: (ports: number[]) => string) {
  for (let attempt = 1; ; attempt++) {
    const ports: number[] = []
    while (ports.length < portCount) ports.push(await freePort())
    // The last to be bound: where it answers, all others do.
    const ready = join(folder, 'ready.sock')
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(
      file,
      `global\n  nbthread 1\n${config(ports)}\nlisten ready\n  mode http\n  bind unix@${ready}\n`,
    )
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    // A test that is killed must not leave it running.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    const stop = async () => {
      process.off('exit', kill)
      kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }

    const deadline = performance.now() + 10_000
    while (child.exitCode === null && performance.now() < deadline) {
      if (await reachable(ready))
        return {
          ports,
          stop: async () => {
            await stop()
            rmSync(folder, { recursive: true, force: true })
          },
        }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await stop()
    // A free port may be taken by another process before HAProxy binds it.
    if (attempt === 5 || !/cannot bind/i.test(output)) throw new Error(`haproxy did not start: ${output}`)
  }
}
