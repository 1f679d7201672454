/** A Redis of a test's own, which can be stopped, frozen and started again with what it had. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'

export const redisInstalled = spawnSync('redis-server', ['--version']).status === 0

/** The title of a test that needs Redis, which says so where it is missing. */
export const redisTitle = (title: string): string =>
  redisInstalled ? title : `redis-server is not installed: ${title}`

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise(resolve => {
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export async function redisServer() {
  const folder = mkdtempSync(join(tmpdir(), 'evener-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const clients: { destroy(): void }[] = []
  const kill = () => child?.kill('SIGKILL')
  process.once('exit', kill)

  async function start(): Promise<void> {
    const lasting = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    child = spawn('redis-server', [...where, ...lasting], { stdio: 'ignore' })
    for (let tries = 0; !(await listens(port)); tries++) {
      if (tries > 1_000 || child.exitCode !== null) throw new Error('redis-server does not listen')
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }

  async function stop(): Promise<void> {
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    child = undefined
  }

  await start()
  return {
    port,
    start,
    stop,
    /** Accept, and never answer. */
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    /** A client as the docs have it, which looks for the server again all the time. */
    async client() {
      const client = createClient({
        socket: { host: '127.0.0.1', port, reconnectStrategy: 20 },
        disableOfflineQueue: true,
      })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
    async close() {
      process.off('exit', kill)
      for (const client of clients) client.destroy()
      child?.kill('SIGCONT')
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type RedisServer = Awaited<ReturnType<typeof redisServer>>
