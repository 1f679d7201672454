import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileWriter } from './file-writer.ts'
import { type LogSink, logFile, loggerSink, standardOutput, syslog } from './index.ts'
import type { Written } from './pending.ts'
import { descriptorWriter } from './standard-output.ts'
import { eventually, ManualClock } from './test-support.ts'

let folder = ''
const cleanups: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evener-log-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function closing<S extends LogSink>(sink: S, clock?: ManualClock): S {
  cleanups.push(() => {
    const closed = sink.close()
    clock?.advance(2000)
    return closed
  })
  return sink
}

/** A server that takes what it is sent, as text. */
async function receiver(where: number | string = 0) {
  const sockets = new Set<Socket>()
  const received = { text: '', connections: 0, paused: false }
  const server: Server = createServer(socket => {
    received.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (!received.paused) socket.on('data', data => (received.text += data.toString('latin1')))
  })
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  cleanups.push(close)
  const address = server.address()
  return { received, close, sockets, port: typeof address === 'string' ? 0 : (address as AddressInfo).port }
}

test('a file is added to, and made with the permissions that are asked for', async () => {
  const path = join(folder, 'access.log')
  const first = logFile({ path, mode: 0o600 })
  first.write('info', 'a')
  first.write('err', 'b')
  await first.close()
  const second = logFile({ path, format: 'short' })
  second.write('err', 'c')
  await second.close()
  expect(readFileSync(path, 'latin1')).toBe('a\nb\n<3>c\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(first.counters).toMatchObject({ written: 2, dropped: 0, lastError: undefined })
})

test('a file that was moved away is left when it is reopened', async () => {
  const path = join(folder, 'access.log')
  const sink = closing(logFile({ path }))
  sink.write('info', 'before')
  await eventually(() => sink.counters.written === 1)
  renameSync(path, `${path}.1`)
  sink.write('info', 'between')
  await eventually(() => sink.counters.written === 2)
  sink.reopen()
  sink.write('info', 'after')
  await eventually(() => sink.counters.written === 3)
  expect(readFileSync(`${path}.1`, 'latin1')).toBe('before\nbetween\n')
  expect(readFileSync(path, 'latin1')).toBe('after\n')
})

test('a file that cannot be opened is refused where the sink is made; later, lines wait until it can be', async () => {
  expect(() => logFile({ path: join(folder, 'none/access.log') })).toThrow(
    /logFile.path is ".*"; it cannot be opened/,
  )
  const inside = join(folder, 'gone')
  mkdirSync(inside)
  const path = join(inside, 'access.log')
  const clock = new ManualClock()
  const sink = closing(logFile({ path, clock }), clock)
  rmSync(inside, { recursive: true })
  sink.reopen()
  sink.write('info', 'kept')
  await eventually(() => sink.counters.lastError !== undefined)
  mkdirSync(inside)
  clock.advance(100)
  await eventually(() => sink.counters.written === 1)
  expect(readFileSync(path, 'latin1')).toBe('kept\n')
})

test('a full disk drops lines, says so when there is room again, and never throws', async () => {
  const clock = new ManualClock()
  const sink = closing(logFile({ path: '/dev/full', clock }), clock)
  sink.write('info', 'a')
  sink.write('info', 'b')
  await eventually(() => sink.counters.dropped === 2)
  expect(sink.counters.lastError?.message).toContain('ENOSPC')
})

test('syslog by TCP counts octets, or ends lines by newlines', async () => {
  const { received, port } = await receiver()
  const counting = closing(syslog({ address: `tcp://127.0.0.1:${port}`, format: 'short' }))
  counting.write('err', 'ab')
  counting.write('info', 'c\n')
  await eventually(() => received.text === '5 <3>ab7 <6>c#0A')
  received.text = ''
  const lines = closing(syslog({ address: `tcp://localhost:${port}`, framing: 'newline', format: 'short' }))
  lines.write('err', 'ab')
  lines.write('info', 'c')
  await eventually(() => received.text === '<3>ab\n<6>c\n')
  expect(received.connections).toBe(2)
})

test('syslog by a unix stream, with the head of RFC 3164', async () => {
  const path = join(folder, 'log.sock')
  const { received } = await receiver(path)
  const sink = closing(
    syslog({ address: `unix:${path}`, framing: 'newline', hostname: 'lb1', tag: 't', processId: 7 }),
  )
  sink.write('info', 'x')
  await eventually(() => /^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d lb1 t\[7\]: x\n$/.test(received.text))
})

test('syslog by UDP sends each line as a datagram', async () => {
  const socket = createSocket('udp4')
  cleanups.push(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const datagrams: string[] = []
  socket.on('message', message => datagrams.push(message.toString('latin1')))
  const sink = closing(syslog({ address: `udp://localhost:${socket.address().port}`, format: 'priority' }))
  sink.write('info', 'a')
  sink.write('info', 'b')
  await eventually(() => datagrams.length === 2)
  sink.write('err', 'c')
  await eventually(() => datagrams.length === 3)
  expect(datagrams).toEqual(['<134>a', '<134>b', '<131>c'])
})

test('datagrams that nobody takes are not waited for; an unknown host is tried again', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  const sink = closing(syslog({ address: `udp://127.0.0.1:${port}` }))
  const { counters } = sink
  for (let line = 1; line <= 3; line++) {
    sink.write('info', 'x')
    await eventually(() => counters.written + counters.dropped >= line)
  }
  const clock = new ManualClock()
  const nowhere = closing(syslog({ address: 'udp://nowhere.invalid', clock }), clock)
  nowhere.write('info', 'x')
  await eventually(() => nowhere.counters.lastError !== undefined)
  expect(clock.nextInMs).toBe(100)
  expect(nowhere.counters).toMatchObject({ written: 0, dropped: 0 })
})

test('a peer that comes later gets what was kept for it', async () => {
  const path = join(folder, 'late.sock')
  const clock = new ManualClock()
  const sink = closing(syslog({ address: `unix:${path}`, format: 'raw', framing: 'newline', clock }), clock)
  sink.write('info', 'early')
  await eventually(() => sink.counters.lastError !== undefined)
  const { received } = await receiver(path)
  sink.write('info', 'late')
  clock.advance(100)
  await eventually(() => received.text === 'early\nlate\n')
  expect(sink.counters).toMatchObject({ written: 2, dropped: 0 })
})

test('a connection that breaks is made again', async () => {
  const { received, port, sockets } = await receiver()
  const clock = new ManualClock()
  const sink = closing(
    syslog({ address: `tcp://127.0.0.1:${port}`, format: 'raw', framing: 'newline', clock }),
    clock,
  )
  sink.write('info', 'a')
  await eventually(() => received.text === 'a\n')
  for (const socket of sockets) socket.destroy()
  await eventually(() => {
    sink.write('info', 'b')
    clock.advance(100)
    return received.connections === 2
  })
  await eventually(() => received.text.endsWith('b\n'))
})

test('a peer that reads nothing costs bounded memory and nobody time; when it reads again, it is told', async () => {
  const { received, port, sockets } = await receiver()
  received.paused = true
  const sink = closing(
    syslog({
      address: `tcp://127.0.0.1:${port}`,
      format: 'raw',
      framing: 'newline',
      maxBufferedBytes: 65_536,
    }),
  )
  const line = 'x'.repeat(900)
  await eventually(() => {
    for (let i = 0; i < 1000; i++) sink.write('info', line)
    return sink.counters.dropped > 5000
  })
  for (const socket of sockets) socket.on('data', data => (received.text += data.toString('latin1')))
  await eventually(() => {
    sink.write('info', 'again')
    return /(^|\n)\d+ lines of the log dropped\n/.test(received.text)
  })
})

test('a peer that takes nothing of a batch for half a minute is left', async () => {
  const { received, port } = await receiver()
  received.paused = true
  const clock = new ManualClock()
  const sink = closing(
    syslog({ address: `tcp://127.0.0.1:${port}`, clock, maxBufferedBytes: 1 << 26, maxLength: 65_535 }),
    clock,
  )
  const line = 'x'.repeat(60_000)
  for (let i = 0; i < 500; i++) sink.write('info', line)
  await eventually(() => received.connections === 1)
  await new Promise(resolve => setImmediate(resolve))
  clock.advance(30_000)
  expect(sink.counters.lastError?.message).toBe('the peer took nothing for 30000 ms')
  expect(sink.counters.dropped).toBe(500)
})

test('standard output is written to, be it a pipe or a file, and a pipe that nobody reads holds nobody up', async () => {
  const program = `
    import { standardOutput } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const sink = standardOutput({ maxBufferedBytes: 65536 })
    const line = 'x'.repeat(900)
    for (let i = 0; i < 1000; i++) {
      sink.write('info', line)
      if (i % 20 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    process.send({ dropped: sink.counters.dropped })
    process.once('message', async () => {
      await sink.close()
      process.send({ dropped: sink.counters.dropped, written: sink.counters.written })
      process.disconnect()
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const stdout = child.stdout as Readable
  cleanups.push(() => child.kill('SIGKILL'))
  const [before] = (await once(child, 'message')) as [{ dropped: number }]
  expect(before.dropped).toBeGreaterThan(500)
  let text = ''
  stdout.on('data', data => (text += data))
  const ended = once(stdout, 'end')
  child.send('close')
  const [after] = (await once(child, 'message')) as [{ dropped: number; written: number }]
  await ended
  expect(text.split('\n').length - 1).toBe(after.written)
  expect(text).toMatch(/^x{900}\n/)
})

test('what others have opened is written to by a thread, or as a stream, and is left open', async () => {
  const path = join(folder, 'open')
  const descriptor = openSync(path, 'w')
  const file = descriptorWriter(descriptor, new ManualClock())
  const written = await new Promise(resolve => file.write(['a', 'b'], resolve))
  file.close()
  expect([written, readFileSync(path, 'latin1')]).toEqual([{ lost: 0 }, 'a\nb\n'])
  expect(fstatSync(descriptor).isFile()).toBe(true)
  closeSync(descriptor)
})

test('a file that is closed while it is written to is closed after that, and tells nobody', async () => {
  const path = join(folder, 'busy')
  const writer = new FileWriter(path, 0o600)
  let told = 0
  writer.write(['a'], () => told++)
  writer.close()
  await eventually(() => readFileSync(path, 'latin1') === 'a\n')
  await new Promise(resolve => setImmediate(resolve))
  expect(told).toBe(0)
})

test('a pipe that has lost its reader is written to as a file is, which fails', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
  closeSync(reader)
  const writer = descriptorWriter(descriptor, new ManualClock())
  const written = await new Promise<Written>(resolve => writer.write(['a'], resolve))
  expect(written).toMatchObject({ lost: 1, error: { code: 'EPIPE' } })
  closeSync(descriptor)
})

test('a pipe that `console` writes to as well is written to as a stream', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const both = openSync(pipe, constants.O_RDWR)
  const console = new Socket({ fd: both, readable: true, writable: true })
  cleanups.push(() => console.destroy())
  let text = ''
  console.on('data', data => (text += data))
  console.write('first\n')
  const stream = descriptorWriter(both, new ManualClock())
  stream.write(['second'], () => {})
  await eventually(() => text === 'first\nsecond\n')
  stream.close()
})

test('a level that is none is taken for info: a line is never a reason to throw', () => {
  const said: string[] = []
  const write = (line: unknown) => said.push(String(line))
  const sink = loggerSink({ error: write, warn: write, info: line => write(`info ${line}`), debug: write })
  sink.write('loud' as never, 'a')
  expect(said).toEqual(['info a'])
})

test('closing gives up a connection that is being made, and a peer that reads nothing', async () => {
  const { received, port } = await receiver()
  received.paused = true
  const clock = new ManualClock()
  const stuck = syslog({
    address: `tcp://127.0.0.1:${port}`,
    clock,
    maxBufferedBytes: 1 << 26,
    maxLength: 65_535,
  })
  for (let i = 0; i < 500; i++) stuck.write('info', 'x'.repeat(60_000))
  await eventually(() => received.connections === 1)
  const closed = stuck.close()
  clock.advance(2000)
  await closed
  expect(stuck.counters).toMatchObject({ written: 0, dropped: 500 })
  const unused = syslog({ address: 'tcp://127.0.0.1' })
  await unused.close()
  const datagrams = syslog({ address: 'udp://nowhere.invalid', clock })
  datagrams.write('info', 'x')
  const given = datagrams.close()
  clock.advance(2000)
  await given
  expect(datagrams.counters).toMatchObject({ written: 0, dropped: 1 })
})

test('standard error may be a file', async () => {
  const path = join(folder, 'stderr')
  const program = `
    import { standardOutput } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const sink = standardOutput({ stream: 'stderr' })
    sink.write('info', 'hello')
    await sink.close()`
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', openSync(path, 'w')],
  })
  await once(child, 'exit')
  expect(readFileSync(path, 'latin1')).toBe('hello\n')
})

test('a logger gets objects where there are fields, and lines where there are none, at its own levels', async () => {
  const said: unknown[] = []
  const logger = Object.fromEntries(
    ['fatal', 'error', 'warn', 'info', 'debug'].map(name => [
      name,
      (value: unknown) => said.push([name, value]),
    ]),
  ) as never
  const sink = loggerSink(logger, { level: 'info' })
  sink.write('emerg', 'a')
  sink.write('err', 'b', { status: 500 })
  sink.write('warning', 'c')
  sink.write('notice', 'd')
  sink.write('debug', 'e')
  expect(said).toEqual([
    ['fatal', 'a'],
    ['error', { status: 500 }],
    ['warn', 'c'],
    ['info', 'd'],
  ])
  await sink.close()
  sink.write('info', 'f')
  expect(sink.counters).toMatchObject({ written: 4, dropped: 1 })
})

test('a logger that throws, or has no method for emergencies, disturbs nobody', () => {
  const broken = () => {
    throw new Error('broken')
  }
  const said: string[] = []
  const sink = loggerSink({
    error: line => said.push(String(line)),
    warn: broken,
    info: broken,
    debug: broken,
  })
  sink.write('crit', 'a')
  sink.write('info', 'b')
  expect(said).toEqual(['a'])
  expect(sink.counters).toMatchObject({ written: 1, dropped: 1, lastError: { message: 'broken' } })
})

test('wrong options are refused by name', () => {
  expect(() => standardOutput({ strem: 1 } as never)).toThrow(
    'standardOutput.strem is 1; allowed is one of stream,',
  )
  expect(() => standardOutput({ stream: 'stdin' as never })).toThrow('standardOutput.stream is')
  expect(standardOutput({ stream: 'stderr' }).counters.written).toBe(0)
  expect(standardOutput().counters.written).toBe(0)
  expect(() => standardOutput(null as never)).toThrow('standardOutput options is null')
  expect(() => standardOutput({ maxBufferedBytes: 1 })).toThrow('standardOutput.maxBufferedBytes is 1')
  expect(() => logFile({ path: '' })).toThrow("logFile.path is ''; allowed is the path of a file")
  const addresses = [
    '',
    'file:///x',
    'udp://',
    'tcp://a:0',
    'tcp://a:99999',
    'tcp://[1.2.3.4]',
    'unix:relative',
    7,
  ]
  for (const address of addresses) {
    expect(() => syslog({ address: address as string })).toThrow('syslog.address is')
  }
  expect(() => syslog({ address: 'tcp://a', framing: 'lines' as never })).toThrow('syslog.framing is')
  expect(() => loggerSink(undefined as never)).toThrow('loggerSink.logger is undefined')
  expect(() => loggerSink({} as never)).toThrow(
    'allowed is a logger with the methods error, warn, info and debug',
  )
  expect(() => loggerSink(console, { path: 1 } as never)).toThrow('loggerSink.path is 1')
})
