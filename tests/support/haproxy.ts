/**
 * HAProxy as an oracle: started beside a test with a configuration of the test's own, on loopback only.
 *
 * It runs in one thread, so that the order of the requests is the order of the choices, and with a stats socket, so
 * that a test can change weights and states while it runs.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let version: string | undefined

/** The version of the HAProxy on this machine (`2.6.12`); an empty text when there is none. */
export function haproxyVersion(): string {
  version ??=
    /version (\d+(\.\d+)*)/.exec(spawnSync('haproxy', ['-v'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? ''
  return version
}

/** Whether this machine has HAProxy. */
export function haproxyInstalled(): boolean {
  return haproxyVersion() !== ''
}

/**
 * The title of a test that needs HAProxy, which says so where HAProxy is missing:
 * `test.skipIf(!haproxyInstalled())(haproxyTitle('does as HAProxy does'), …)`.
 */
export function haproxyTitle(title: string): string {
  return haproxyInstalled() ? title : `haproxy is not installed: ${title}`
}

/** The options of {@link startHaproxy}. */
export interface HaproxyOptions {
  /** How many ports the configuration needs to listen on; 1 by default. */
  readonly ports?: number
  /**
   * The configuration, given the ports on 127.0.0.1 that it may bind. A `global` section with a stats socket and
   * one thread is put before it.
   */
  readonly config: (...ports: number[]) => string
  /** How long it may take until it listens, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
}

/** A running HAProxy. */
export interface Haproxy {
  /** The ports it listens on. */
  readonly ports: readonly number[]
  readonly pid: number
  /** Everything it has printed. */
  output(): string
  /** Give a command on the stats socket (`set weight app/s1 5`) and get the answer. */
  command(text: string): Promise<string>
  /** End it, and remove its files. May be called more than once. */
  stop(): Promise<void>
}

/** A port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function reachable(target: number | string): Promise<boolean> {
  const socket: Socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target)
  return new Promise(resolve => {
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function ask(socketPath: string, text: string): Promise<string> {
  const socket = connect(socketPath)
  socket.setEncoding('utf8')
  socket.end(`${text}\n`)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer.trim()
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Listening, or what it printed instead. */
async function launch(options: HaproxyOptions): Promise<Haproxy | string> {
  const ports: number[] = []
  while (ports.length < (options.ports ?? 1)) ports.push(await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'evener-haproxy-'))
  const socketPath = join(folder, 'stats.sock')
  const file = join(folder, 'haproxy.cfg')
  const preamble = `global\n  nbthread 1\n  stats socket ${socketPath} level admin\n\n`
  await writeFile(file, `${preamble}${options.config(...ports)}\n`)

  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', chunk => {
      output += chunk
    })
  }
  // A test that is killed must not leave it running.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    process.off('exit', kill)
    kill()
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }

  const deadline = performance.now() + (options.timeoutMs ?? 10_000)
  for (const target of [socketPath, ...ports]) {
    while (!(await reachable(target))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await stop()
        return output || 'it did not listen in time'
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  return {
    ports,
    pid: child.pid as number,
    output: () => output,
    command: text => ask(socketPath, text),
    stop,
  }
}

/**
 * Start HAProxy and wait until it listens on all its ports.
 *
 * A free port may be taken by another process before HAProxy binds it; then it is tried again with others.
 * @throws {Error} with what HAProxy printed, if the configuration is wrong or it does not listen in time
 */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  for (let attempt = 1; ; attempt++) {
    const started = await launch(options)
    if (typeof started !== 'string') return started
    if (attempt === 5 || !/cannot bind/i.test(started)) throw new Error(`haproxy did not start: ${started}`)
  }
}
