/**
 * Clients that mean harm, each beside one that does not: the one is refused or served in bounded memory, the other
 * served as ever. The doors stand in processes of their own where memory is measured.
 */
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createBackend, createFrontend, httpHandler } from '@evener/core'
import { isolate } from '@evener/core/contract'
import { expectEventually, rawClient, VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { portOf } from './support/hosting.ts'
import { Neighbour } from './support/neighbour.ts'
import { TellingServer } from './support/telling-server.ts'

const megabyte = 1_048_576
const crlf = '\r\n'

/** Each waits for the one before it: a hundred thousand, which this was run with as well, take half a minute. */
const pipelined = 20_000

const doors = [
  {
    name: 'createFrontend',
    fixture: '../packages/core/src/frontend/frontend.isolated.ts',
  },
  {
    name: 'httpHandler',
    fixture: '../packages/core/src/engines/http1/http1-engine.isolated.ts',
  },
]

async function origin(): Promise<TellingServer> {
  const server = await new TellingServer().start()
  onTestFinished(() => server.stop())
  return server
}

/** A connection whose answers are taken as text, and whose end is no error of the test's. */
async function connected(port: number): Promise<{ socket: Socket; text(): string; ended: Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (piece: string) => {
    text += piece
  })
  socket.on('error', () => undefined)
  const ended = new Promise<void>(resolve => socket.on('close', () => resolve()))
  await new Promise<void>(resolve => socket.once('connect', resolve))
  return { socket, text: () => text, ended }
}

/** Write these pieces at the pace at which they are taken, until all are, or the connection is closed. */
async function pour(socket: Socket, pieces: Iterable<string>): Promise<number> {
  let written = 0
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) break
    written += piece.length
    if (socket.write(piece, 'latin1')) continue
    await new Promise<void>(resolve => {
      const go = () => {
        socket.off('drain', go).off('close', go)
        resolve()
      }
      socket.on('drain', go).on('close', go)
    })
  }
  return written
}

function* times(count: number, piece: string): Iterable<string> {
  for (let i = 0; i < count; i++) yield piece
}

function* once(first: string, rest: Iterable<string>): Iterable<string> {
  yield first
  yield* rest
}

/** A header line of this many bytes. */
function field(bytes: number): string {
  return `X-A: ${'a'.repeat(bytes - 7)}${crlf}`
}

describe.each(doors)('$name', ({ name, fixture }) => {
  /** The door in a process of its own, a neighbour that uses it meanwhile, and what memory it came to. */
  async function besieged(attack: (port: number, server: TellingServer) => Promise<void>) {
    const server = await origin()
    const door = await isolate(new URL(fixture, import.meta.url), [server.address])
    onTestFinished(() => door.close())
    // Warmed up, so that what the engine compiles and keeps is not taken for what the attack costs.
    const warm = new Neighbour(door.port)
    await expectEventually(() => warm.answered >= 500, { timeoutMs: 20_000 })
    await warm.stop()
    const before = await door.memory()
    let mostBytes = before.liveBytes
    let watching = true
    const watched = (async () => {
      while (watching) {
        mostBytes = Math.max(mostBytes, (await door.memory()).liveBytes)
        // It collects garbage for this: asked without a pause, it would do nothing else.
        await new Promise(resolve => setTimeout(resolve, 200))
      }
    })()
    const neighbour = new Neighbour(door.port)
    await attack(door.port, server).finally(() => {
      watching = false
      return watched
    })
    // Also where the attack was over in no time.
    const answered = neighbour.answered
    await expectEventually(() => neighbour.answered > answered + 20, { timeoutMs: 20_000 })
    const { failures, latenciesMs } = await neighbour.stop()
    expect(failures).toEqual([])
    expect(Math.max(...latenciesMs)).toBeLessThan(5_000)
    return { grownBytes: mostBytes - before.liveBytes }
  }

  test('a thousand connections that send their heads a byte at a time cost next to nothing', async () => {
    const { grownBytes } = await besieged(async port => {
      const slow = await Promise.all(Array.from({ length: 1_000 }, () => connected(port)))
      const head = `GET / HTTP/1.1${crlf}Host: slow.test${crlf}X-Slow: `
      for (const byte of head) {
        for (const { socket } of slow) socket.write(byte)
        await new Promise(resolve => setImmediate(resolve))
      }
      expect(slow.filter(each => each.socket.destroyed)).toHaveLength(0)
    })
    expect(grownBytes).toBeLessThan(30 * megabyte)
  })

  test.each([
    ['in one go', 1, 500_000],
    ['dripping', 5_000, 100],
  ])('heads that are too large, %s, get 431', async (_, count, bytes) => {
    const { grownBytes } = await besieged(async (port, server) => {
      const heard = server.others
      const clients = await Promise.all(Array.from({ length: 20 }, () => connected(port)))
      await Promise.all(
        clients.map(async ({ socket, text }) => {
          await pour(socket, [`PUT / HTTP/1.1${crlf}Host: a.test${crlf}`, ...times(count, field(bytes))])
          await expectEventually(() => expect(text()).toMatch(/^HTTP\/1\.1 431 /), { timeoutMs: 10_000 })
          expect(text()).toMatch(/\r\nconnection: close\r\n/i)
        }),
      )
      expect(server.others).toBe(heard)
    })
    expect(grownBytes).toBeLessThan(30 * megabyte)
  })

  test('heads without end are cut off', async () => {
    const { grownBytes } = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => connected(port)))
      const start = `GET / HTTP/1.1${crlf}Host: a.test${crlf}`
      await Promise.all(
        clients.map(async ({ socket, ended }) => {
          await pour(socket, once(start, times(100_000, field(1_000))))
          await ended
        }),
      )
    })
    expect(grownBytes).toBeLessThan(30 * megabyte)
  })

  const chunked = `POST / HTTP/1.1${crlf}Host: a.test${crlf}Transfer-Encoding: chunked${crlf}${crlf}`

  const extensions = [
    ['one extension that never ends', `${chunked}5;`, 'a'.repeat(1_000)],
    ['extensions on every chunk', chunked, `1;${'a'.repeat(200)}=${'b'.repeat(200)}${crlf}x${crlf}`],
  ] as const

  // Node bounds those of one chunk, reads past all others and hands on none: there is nothing to refuse.
  test.each(name === 'httpHandler' ? extensions.slice(0, 1) : extensions)(
    '%s: refused',
    async (_, start, piece) => {
      const { grownBytes } = await besieged(async port => {
        const { socket, text } = await connected(port)
        await pour(socket, once(start, times(1_000, piece)))
        await expectEventually(() => expect(text()).toMatch(/^HTTP\/1\.1 4(00|13) /), { timeoutMs: 10_000 })
        expect(text()).toMatch(/\r\nconnection: close\r\n/i)
      })
      expect(grownBytes).toBeLessThan(30 * megabyte)
    },
  )

  test('bodies in chunks of a byte cost their server a write for many, and not for each', async () => {
    const { grownBytes } = await besieged(async port => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => connected(port)))
      await Promise.all(clients.map(({ socket }) => pour(socket, once(chunked, times(100, tiny)))))
    })
    expect(grownBytes).toBeLessThan(30 * megabyte)
  })

  test(`${pipelined} requests in one pipe are answered in their order`, { timeout: 120_000 }, async () => {
    const { grownBytes } = await besieged(async port => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      onTestFinished(() => void socket.destroy())
      socket.setEncoding('latin1')
      let rest = ''
      let next = 0
      let wrong: string | undefined
      const answered = new Promise<void>((resolve, reject) => {
        socket.on('error', reject)
        socket.on('close', () => reject(new Error(`closed after ${next} answers: ${rest.slice(0, 200)}`)))
        socket.on('data', (text: string) => {
          rest += text
          let at = 0
          for (;;) {
            const end = rest.indexOf(`${crlf}${crlf}`, at)
            // All numbers have the same length.
            if (end === -1 || rest.length < end + 11) break
            const body = rest.slice(end + 4, end + 11)
            if (body !== path(next)) wrong ??= `${body} in place of ${path(next)}`
            next++
            at = end + 11
          }
          rest = rest.slice(at)
          if (next === pipelined || wrong !== undefined) resolve()
        })
      })
      function* requests(): Iterable<string> {
        for (let i = 0; i < pipelined; i += 1_000) {
          let batch = ''
          for (let k = i; k < i + 1_000; k++)
            batch += `GET ${path(k)} HTTP/1.1${crlf}Host: a.test${crlf}${crlf}`
          yield batch
        }
      }
      await Promise.all([pour(socket, requests()), answered])
      expect(wrong).toBeUndefined()
      expect(next).toBe(pipelined)
    })
    expect(grownBytes).toBeLessThan(40 * megabyte)
  })

  test('a client that asks for much and reads nothing is held back, and not what it asks for', async () => {
    const { grownBytes } = await besieged(async (port, server) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      onTestFinished(() => void socket.destroy())
      // Never read: no listener for its data.
      socket.on('error', () => undefined)
      const large = `GET /large HTTP/1.1${crlf}Host: a.test${crlf}${crlf}`
      // 640 MB, if they were all answered.
      void pour(socket, times(10, large.repeat(1_000)))
      let before = -1
      let unchanged = 0
      // Its neighbour goes on, so that this is the number that stands still.
      await expectEventually(
        () => {
          // Before the first of them there is nothing that could stand still.
          unchanged = server.large > 0 && server.large === before ? unchanged + 1 : 0
          before = server.large
          expect(unchanged).toBeGreaterThan(30)
        },
        { timeoutMs: 20_000, intervalMs: 10 },
      )
      expect(server.large).toBeLessThan(2_000)
    })
    expect(grownBytes).toBeLessThan(40 * megabyte)
  })
})

/** A thousand chunks. */
const tiny = `1${crlf}x${crlf}`.repeat(1_000)

function path(index: number): string {
  return `/${String(index).padStart(6, '0')}`
}

describe('slowloris', () => {
  const head = `GET / HTTP/1.1${crlf}Host: slow.test${crlf}X-Slow: ${'a'.repeat(100)}`

  test('a thousand connections that send a byte a second are all cut off with 408 at httpRequestMs', async () => {
    const clock = new VirtualClock()
    const server = await origin()
    const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }], clock })
    const frontend = createFrontend({ route: backend, clock, timeouts: { httpRequestMs: 10_000 } })
    onTestFinished(async () => {
      await frontend.close({ drainMs: 0 })
      backend.close()
    })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    const slow = await Promise.all(Array.from({ length: 1_000 }, () => connected(port as number)))
    await expectEventually(() => expect(frontend.counters.connectionsNow).toBe(1_000))
    const neighbour = await rawClient({ port: port as number })
    onTestFinished(() => neighbour.destroy())
    for (let second = 0; second < 10; second++) {
      for (const { socket } of slow) socket.write(head[second] as string)
      // Served beside them; and when this has been, their bytes have been read.
      for (let i = 0; i < 3; i++) {
        await neighbour.send(`GET /${second} HTTP/1.1${crlf}Host: a.test${crlf}${crlf}`)
        expect(await neighbour.readResponse()).toMatchObject({ status: 200, text: `/${second}` })
      }
      if (second === 9) await clock.advanceAsync(999)
      else await clock.advanceAsync(1_000)
    }
    expect(frontend.counters.connectionsNow).toBe(1_001)
    expect(frontend.counters.refused).toEqual({})
    await clock.advanceAsync(1)
    await Promise.all(slow.map(each => each.ended))
    for (const { text } of slow) expect(text()).toMatch(/^HTTP\/1\.1 408 .*\r\nConnection: close\r\n/s)
    expect(frontend.counters.refused).toEqual({ 408: 1_000 })
    await neighbour.send(`GET /after HTTP/1.1${crlf}Host: a.test${crlf}${crlf}`)
    expect(await neighbour.readResponse()).toMatchObject({ status: 200, text: '/after' })
    expect(frontend.counters.connectionsNow).toBe(1)
  })

  test('behind httpHandler too, where node:http looks often enough', async () => {
    const server = await origin()
    const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
    const handler = httpHandler(backend, { timeouts: { httpRequestMs: 300 } })
    const host = createServer({ connectionsCheckingInterval: 20 })
    handler.attach(host)
    const port = await portOf(host)
    onTestFinished(async () => {
      await handler.close({ drainMs: 0 })
      backend.close()
    })
    const neighbour = new Neighbour(port)
    const slow = await Promise.all(Array.from({ length: 300 }, () => connected(port)))
    let over = false
    const all = Promise.all(slow.map(each => each.ended)).then(() => {
      over = true
    })
    for (let i = 0; !over; i++) {
      // Whatever their pace, as long as it does not end.
      for (const { socket } of slow) if (socket.writable) socket.write(head[i] ?? 'a')
      const answered = neighbour.answered
      await expectEventually(() => over || neighbour.answered > answered + 2)
    }
    await all
    for (const { text } of slow) expect(text()).toMatch(/^HTTP\/1\.1 408 .*\r\nConnection: close\r\n/s)
    expect(handler.counters.refused).toEqual({ 408: 300 })
    expect((await neighbour.stop()).failures).toEqual([])
  })
})
