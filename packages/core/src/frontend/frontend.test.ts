import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  answer,
  type Behaviour,
  expectEventually,
  fakeServer,
  type RawClientOptions,
  raw,
  rawClient,
  stall,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Backend, createBackend } from '../balance/backend.ts'
import { EvenerError } from '../base/errors.ts'
import { createFrontend, type FrontendOptions } from './frontend.ts'
import type { BindOptions } from './listening.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const hasIPv6 = Object.values(networkInterfaces()).some(all => all?.some(each => each.address === '::1'))

/** A frontend in front of one server; it listens where it is told to, or on a free port. */
async function world(options: Partial<FrontendOptions> & { behave?: Behaviour; listen?: false } = {}) {
  const { behave, listen, ...door } = options
  const server = await fakeServer({ name: 's1', ...(behave && { behave }) })
  const backend = createBackend({
    name: 'app',
    servers: [{ id: 's1', address: server.address }],
    clock: door.clock,
  })
  const frontend = createFrontend({ route: backend, ...door })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  const bound = listen === false ? undefined : await frontend.listen({ port: 0, host: '127.0.0.1' })
  const port = bound?.port as number
  return { server, backend, frontend, port, client: (to: RawClientOptions = { port }) => clientOf(to) }
}

async function clientOf(to: RawClientOptions) {
  const client = await rawClient({ timeoutMs: 5_000, ...to })
  onTestFinished(() => client.destroy())
  return client
}

async function ask(to: RawClientOptions) {
  const client = await clientOf(to)
  await client.send(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  return (await client.readResponse()).status
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'evener-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('a frontend listens', () => {
  test('on a free port of IPv4, and says which', async () => {
    const { frontend } = await world({ listen: false })
    const told: unknown[] = []
    frontend.on('listening', address => told.push(address))
    const bound = await frontend.listen({ port: 0, host: '127.0.0.1' })
    expect(bound).toEqual({ port: expect.any(Number), text: `127.0.0.1:${bound.port}` })
    expect(told).toEqual([bound])
    expect(await ask({ port: bound.port as number })).toBe(200)
  })

  test('on all addresses where only a port is given', async () => {
    const { frontend, server } = await world({ listen: false })
    const { port, text } = await frontend.listen(0)
    expect(text).toMatch(/^(\[::\]|0\.0\.0\.0):\d+$/)
    expect(await ask({ port: port as number })).toBe(200)
    // The client's address is shown as IPv4, though the socket takes both.
    expect(server.requests[0]?.header('x-forwarded-for')).toBe('127.0.0.1')
  })

  test.runIf(hasIPv6)('on IPv6', async () => {
    const { frontend, server } = await world({ listen: false })
    const { port, text } = await frontend.listen({ port: 0, host: '::1' })
    expect(text).toBe(`[::1]:${port}`)
    expect(await ask({ port: port as number, host: '::1' })).toBe(200)
    expect(server.requests[0]?.header('x-forwarded-for')).toBe('::1')
  })

  test('on several addresses at once, and leaves them all', async () => {
    const { frontend } = await world({ listen: false })
    const path = join(temporary(), 'door.sock')
    const [one, two, three] = await Promise.all([
      frontend.listen({ port: 0, host: '127.0.0.1' }),
      frontend.listen({ port: 0, host: '127.0.0.2' }),
      frontend.listen({ path }),
    ])
    expect(three).toEqual({ port: undefined, text: path })
    const ways = [{ port: one.port as number }, { port: two.port as number, host: '127.0.0.2' }, { path }]
    for (const to of ways) expect(await ask(to)).toBe(200)
    expect(frontend.counters.connections).toBe(3)
    await frontend.close()
    for (const to of ways) await expect(rawClient(to)).rejects.toThrow(/ECONNREFUSED|ENOENT/)
  })

  test('on a unix socket, whose file is gone afterwards', async () => {
    const { frontend, server } = await world({ listen: false })
    const path = join(temporary(), 'door.sock')
    await frontend.listen({ path })
    expect(await ask({ path })).toBe(200)
    expect(server.requests[0]?.header('x-forwarded-for')).toBeUndefined()
    await frontend.close()
    expect(existsSync(path)).toBe(false)
  })

  test('on a unix socket whose file a process that died has left behind', async () => {
    const path = join(temporary(), 'door.sock')
    await leaveBehind(path)
    const { frontend } = await world({ listen: false })
    await frontend.listen({ path })
    expect(await ask({ path })).toBe(200)
  })

  test('not on a unix socket where somebody else does, whom it leaves alone', async () => {
    const path = join(temporary(), 'door.sock')
    const one = await world({ listen: false })
    await one.frontend.listen({ path })
    const two = await world({ listen: false })
    await expect(two.frontend.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await ask({ path })).toBe(200)
    expect(one.frontend.counters.connections).toBeGreaterThan(0)
    expect(two.frontend.counters.connections).toBe(0)
  })

  test('on a socket that it was started with', async () => {
    const server = await fakeServer()
    const holder = createServer()
    await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
    const { port } = holder.address() as AddressInfo
    const { fd } = (holder as unknown as { _handle: { fd: number } })._handle
    const child = fork(
      fileURLToPath(new URL('./inherited-socket.isolated.ts', import.meta.url)),
      [server.address],
      {
        execArgv: ['--conditions=@evener/source'],
        stdio: ['ignore', 'ignore', 'inherit', fd, 'ipc'],
      },
    )
    onTestFinished(async () => {
      child.kill()
      await server.close()
    })
    const [bound] = await once(child, 'message')
    // From here on, only the child has it.
    holder.close()
    expect(bound).toEqual({ port, text: `127.0.0.1:${port}` })
    expect(await ask({ port })).toBe(200)
    expect(server.totalRequests).toBe(1)
  })

  test.runIf(process.platform === 'linux')(
    'on one port with another, the kernel spreading connections',
    async () => {
      const [one, two] = [await world({ listen: false }), await world({ listen: false })]
      const { port } = await one.frontend.listen({ port: 0, host: '127.0.0.1', reusePort: true })
      await two.frontend.listen({ port: port as number, host: '127.0.0.1', reusePort: true })
      for (let i = 0; i < 60; i++) expect(await ask({ port: port as number })).toBe(200)
      const shares = [one, two].map(each => each.frontend.counters.connections)
      expect(shares[0] as number).toBeGreaterThan(0)
      expect(shares[1] as number).toBeGreaterThan(0)
      expect((shares[0] as number) + (shares[1] as number)).toBe(60)
      // When one goes, the other has them all.
      await one.frontend.close()
      for (let i = 0; i < 10; i++) expect(await ask({ port: port as number })).toBe(200)
    },
  )

  test('not on a port that is taken, and can be asked for another', async () => {
    const { frontend, port } = await world()
    const bind = { port, host: '127.0.0.1' }
    await expect(frontend.listen(bind)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const other = await frontend.listen({ ...bind, port: 0 })
    expect(await ask({ port: other.port as number })).toBe(200)
    expect(await ask({ port })).toBe(200)
  })

  test.each<[string, unknown, RegExp]>([
    ['nowhere', {}, /exactly one of port, path and fd/],
    ['in two ways', { port: 0, path: '/x' }, /exactly one of port, path and fd/],
    ['at a port that is none', 65_536, /listen\.port: 65536 is not allowed/],
    ['at a part of a port', { port: 1.5 }, /listen\.port: 1\.5/],
    ['at a file descriptor that is none', { fd: -1 }, /listen\.fd: -1/],
    ['with a backlog of none', { port: 0, backlog: 0 }, /listen\.backlog: 0/],
    ['in an unknown way', { port: 0, adress: 'x' }, /listen: unknown option "adress"/],
  ])('not %s', async (_, bind, message) => {
    const { frontend } = await world({ listen: false })
    const error = await frontend.listen(bind as BindOptions).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(EvenerError)
    expect((error as Error).message).toMatch(message)
  })

  test('not after it was closed', async () => {
    const { frontend } = await world()
    await frontend.close()
    await expect(frontend.listen(0)).rejects.toMatchObject({ code: 'EVENER_CLOSED' })
  })

  test('not when it is closed while it begins to', async () => {
    const { frontend } = await world({ listen: false })
    const listening = frontend.listen({ port: 0, host: '127.0.0.1' }).catch((error: unknown) => error)
    await frontend.close()
    expect(await listening).toMatchObject({ code: 'EVENER_CLOSED' })
  })
})

describe('a connection that something else has accepted', () => {
  test('is served', async () => {
    const { frontend, server } = await world({ listen: false })
    const acceptor = createServer({ allowHalfOpen: true }, socket => frontend.serve(socket))
    await new Promise<void>(resolve => acceptor.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void acceptor.close())
    const { port } = acceptor.address() as AddressInfo
    expect(await ask({ port })).toBe(200)
    expect(server.totalRequests).toBe(1)
    expect(frontend.counters).toMatchObject({ connections: 1 })
  })

  test('is closed where the frontend is', async () => {
    const { frontend } = await world({ listen: false })
    await frontend.close()
    const acceptor = createServer(socket => frontend.serve(socket))
    await new Promise<void>(resolve => acceptor.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void acceptor.close())
    const client = await clientOf({ port: (acceptor.address() as AddressInfo).port })
    await client.closed
    expect(frontend.counters).toMatchObject({ connections: 0, connectionsRefused: 1 })
  })
})

test('connections beyond maxConnections are closed, counted and announced, until there is room', async () => {
  const { frontend, client, port } = await world({ maxConnections: 2 })
  const full: number[] = []
  frontend.on('connections-full', limit => full.push(limit))
  const [one, two] = [await client(), await client()]
  await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(2))
  const three = await client()
  await three.closed
  expect(full).toEqual([2])
  expect(frontend.counters).toMatchObject({ connections: 2, connectionsMax: 2, connectionsRefused: 1 })
  for (const each of [one, two]) {
    await each.send(get)
    expect((await each.readResponse()).status).toBe(200)
  }
  one.destroy()
  await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(1))
  expect(await ask({ port })).toBe(200)
})

test('the last of maxRequests closes the connection, and says so', async () => {
  const { client, server } = await world({ maxRequests: 3 })
  const one = await client()
  await one.send(get.repeat(4))
  const said: unknown[] = []
  for (let i = 0; i < 3; i++) said.push((await one.readResponse()).header('connection'))
  expect(said).toEqual([undefined, undefined, 'close'])
  expect((await one.readUntilClose()).toString()).toBe('')
  expect(server.totalRequests).toBe(3)
})

describe('a connection that says nothing', () => {
  test('after a response is closed after httpKeepAliveMs, and not before', async () => {
    const clock = new VirtualClock()
    const { client, frontend } = await world({
      clock,
      timeouts: { httpKeepAliveMs: 5_000, httpRequestMs: 1_000 },
    })
    const one = await client()
    for (let i = 0; i < 3; i++) {
      await one.send(get)
      expect((await one.readResponse()).status).toBe(200)
      await clock.advanceAsync(4_999)
      expect(one.ended).toBe(false)
    }
    await clock.advanceAsync(1)
    expect(await one.closed).toBe('end')
    expect((await one.readUntilClose()).toString()).toBe('')
    await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(0))
    expect(frontend.counters.refused).toEqual({})
    expect(clock.pending).toBe(0)
  })

  test('at all is closed after httpRequestMs', async () => {
    const clock = new VirtualClock()
    const { client, frontend } = await world({ clock, timeouts: { httpRequestMs: 1_000 } })
    const one = await client()
    await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(1))
    await clock.advanceAsync(999)
    expect(frontend.counters.connectionsNow).toBe(1)
    await clock.advanceAsync(1)
    expect((await one.readUntilClose()).toString()).toBe('')
    expect(clock.pending).toBe(0)
  })

  test('more in the middle of a head gets 408, however many requests came before', async () => {
    const clock = new VirtualClock()
    const { client, frontend } = await world({
      clock,
      timeouts: { httpKeepAliveMs: 5_000, httpRequestMs: 1_000 },
    })
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
    await clock.advanceAsync(3_000)
    await one.send('GET / HTTP/1.1\r\n')
    await expectEventually(() => expect(clock.nextInMs).toBe(1_000))
    await clock.advanceAsync(1_000)
    const late = await one.readResponse()
    expect(late.status).toBe(408)
    expect(late.header('connection')).toBe('close')
    expect(await one.closed).toBe('end')
    expect(frontend.counters.refused).toEqual({ 408: 1 })
  })

  test('is kept for good where the timeout is Infinity', async () => {
    const clock = new VirtualClock()
    const { client } = await world({ clock, timeouts: { httpKeepAliveMs: Number.POSITIVE_INFINITY } })
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
    await clock.advanceAsync(2_000_000_000)
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
  })
})

describe('a graceful end', () => {
  test('accepts no more, closes what is idle, and lets what is under way finish, which says that it is the last', async () => {
    const go = Promise.withResolvers<void>()
    const { frontend, server, client, port } = await world({ behave: answer({ delayUntil: go.promise }) })
    const [idle, busy] = [await client(), await client()]
    await busy.send(get)
    await server.waitFor('request')
    let done = false
    const closed = frontend.close().then(() => {
      done = true
    })
    expect(await idle.closed).toBe('end')
    await expect(rawClient({ port })).rejects.toThrow('ECONNREFUSED')
    expect(done).toBe(false)
    go.resolve()
    const response = await busy.readResponse()
    expect(response).toMatchObject({ status: 200, complete: true })
    expect(response.header('connection')).toBe('close')
    expect(await busy.closed).toBe('end')
    await closed
    expect(frontend).toMatchObject({ active: 0, counters: { connectionsNow: 0 } })
  })

  test('closes a connection whose request is not whole yet only after it was served', async () => {
    const { frontend, client } = await world()
    const one = await client()
    // The beginning of the second comes with the first, and so has been read when that is answered.
    await one.send(get + get.slice(0, 20))
    expect((await one.readResponse()).status).toBe(200)
    const closed = frontend.close()
    await one.send(get.slice(20))
    const response = await one.readResponse()
    expect(response.status).toBe(200)
    expect(response.header('connection')).toBe('close')
    await closed
  })

  test('breaks off at its deadline what is left: 503 before an answer, a broken one after', async () => {
    const clock = new VirtualClock()
    const silent = stall('before-head')
    const half = raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    const { frontend, server, client } = await world({
      clock,
      behave: request => (request.target === '/half' ? half : silent),
    })
    const [one, two] = [await client(), await client()]
    await one.send(get)
    await two.send(get.replace('/', '/half'))
    const head = await two.readHead()
    await server.waitFor(({ requests }) => requests.length === 2)
    let done = false
    const closed = frontend.close({ drainMs: 2_000 }).then(() => {
      done = true
    })
    await clock.advanceAsync(1_999)
    expect(done).toBe(false)
    await clock.advanceAsync(1)
    expect((await one.readResponse()).status).toBe(503)
    expect(await two.readBody(head)).toMatchObject({ complete: false, text: 'half' })
    await closed
    expect(frontend.active).toBe(0)
    await expectEventually(() => expect(clock.pending).toBe(0))
  })

  test('with nothing under way is done at once, and can be asked for again', async () => {
    const { frontend } = await world()
    await frontend.close()
    await frontend.close()
    expect(frontend.active).toBe(0)
  })

  test('asked for twice at once is one end, and both are told of it', async () => {
    const go = Promise.withResolvers<void>()
    const clock = new VirtualClock()
    const { frontend, server, client } = await world({ clock, behave: answer({ delayUntil: go.promise }) })
    const one = await client()
    await one.send(get)
    await server.waitFor('request')
    const told: number[] = []
    for (const each of [1, 2]) void frontend.close().then(() => told.push(each))
    go.resolve()
    expect((await one.readResponse()).status).toBe(200)
    await expectEventually(() => expect(told.toSorted()).toEqual([1, 2]), { timeoutMs: 500 })
  })

  test('leaves the engine of the host alone', async () => {
    let closes = 0
    const engine = { name: 'own', attempt: () => ({ abort() {}, resume() {} }), close: () => void closes++ }
    const { frontend } = await world({ engine: engine as never })
    await frontend.close()
    expect(closes).toBe(0)
  })
})

describe('a route', () => {
  async function routed(route: (uri: string) => Backend | undefined) {
    const made = await world({ listen: false })
    const frontend = createFrontend({ route: ({ uri }) => route(uri) ?? made.backend })
    onTestFinished(() => frontend.close({ drainMs: 0 }))
    const errors: unknown[] = []
    frontend.on('route-error', error => errors.push(error))
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    return { ...made, frontend, errors, client: await clientOf({ port: port as number }) }
  }

  test('that throws is answered with 500 and announced; the connection serves on', async () => {
    const thrown = new Error('secret detail')
    const { frontend, errors, client, server } = await routed(uri => {
      if (uri === '/throw') throw thrown
      return undefined
    })
    await client.send(get.replace('/', '/throw'))
    const response = await client.readResponse()
    expect(response.status).toBe(500)
    expect(response.text).not.toContain('secret')
    expect(errors).toEqual([thrown])
    expect(frontend.counters.refused).toEqual({ 500: 1 })
    await client.send(get)
    expect((await client.readResponse()).status).toBe(200)
    expect(server.totalRequests).toBe(1)
  })

  test('that gives something else than a backend is answered with 500, and the reason is announced', async () => {
    const { errors, client } = await routed((() => Promise.resolve()) as never)
    await client.send(get)
    expect((await client.readResponse()).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'EVENER_INVALID_OPTION' })])
    expect((errors[0] as Error).message).toContain('no promise')
  })

  test('that names nothing is answered with 404, also where the request has a body', async () => {
    const frontend = createFrontend({ route: () => undefined })
    onTestFinished(() => frontend.close({ drainMs: 0 }))
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    const client = await clientOf({ port: port as number })
    const post = get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\nbody')
    await client.send(post + get)
    for (let i = 0; i < 2; i++) expect((await client.readResponse()).status).toBe(404)
    expect(frontend.counters.refused).toEqual({ 404: 2 })
  })
})

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['no route', {}, /frontend\.route: undefined is not allowed; expected a backend/],
    ['an unknown name', { route: () => undefined, rout: 1 }, /unknown option "rout"; did you mean route\?/],
    ['no connection at all', { route: () => undefined, maxConnections: 0 }, /frontend\.maxConnections: 0/],
    ['no request at all', { route: () => undefined, maxRequests: 0 }, /frontend\.maxRequests: 0/],
  ])('%s is refused', (_, options, message) => {
    expect(() => createFrontend(options as FrontendOptions)).toThrow(message)
  })

  test('a backend in their place is refused with what to write', async () => {
    const { backend } = await world({ listen: false })
    expect(() => createFrontend(backend as never)).toThrow(/\{ route: backend \}/)
  })
})

/** A socket's file with nobody behind it: what a process that was killed leaves. */
async function leaveBehind(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`
  const child = spawn(process.execPath, ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  // Killed, it has no chance to take its file away.
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(path)).toBe(true)
  const probe: Socket = connect(path)
  const [error] = (await once(probe, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
}
