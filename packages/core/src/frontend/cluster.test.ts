import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { answer, expectEventually, fakeServer, get, rawClient } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCluster } from './cluster.ts'

const fixture = fileURLToPath(new URL('./cluster.isolated.ts', import.meta.url))
const generous = { timeoutMs: 20_000 }

interface Told {
  readonly what: 'pong' | 'fork' | 'listening' | 'running' | 'died' | 'pids' | 'closed'
  readonly at: number
  readonly pid?: number
  readonly port?: number
  readonly code?: number
  readonly signal?: string | null
  readonly pids?: readonly number[]
}

/** The fixture, running, and what it tells. */
async function program(options: object) {
  const child: ChildProcess = fork(fixture, [JSON.stringify(options)], {
    execArgv: ['--conditions=@evener/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const told: Told[] = []
  child.on('message', message => told.push(message as Told))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const all = (what: Told['what']) => told.filter(each => each.what === what)
  const wait = (what: Told['what'], count = 1) =>
    expectEventually(() => {
      expect(all(what).length).toBeGreaterThanOrEqual(count)
      return all(what)[count - 1] as Told
    }, generous)
  return { child, exited, all, wait }
}

/** Which processes answer. */
async function answering(port: number, connections: number): Promise<Set<number>> {
  const pids = new Set<number>()
  for (let i = 0; i < connections; i++) pids.add(Number((await get(port)).text))
  return pids
}

test('every worker serves; one that is killed is replaced; all end when they are told to', async () => {
  const { child, exited, all, wait } = await program({ workers: 2, restartDelayMs: 10 })
  const { pids = [] } = await wait('running')
  expect(new Set(pids).size).toBe(2)
  const { port = 0 } = await wait('listening')
  expect(await answering(port, 8)).toEqual(new Set(pids))

  const [killed, other] = pids as [number, number]
  process.kill(killed, 'SIGKILL')
  expect(await wait('died')).toMatchObject({ pid: killed, code: null, signal: 'SIGKILL' })
  const next = await wait('listening', 3)
  expect(next.pid).not.toBe(killed)
  expect(await answering(port, 8)).toEqual(new Set([other, next.pid]))
  child.send('pids')
  expect((await wait('pids')).pids).toEqual([other, next.pid])

  child.send('close')
  expect((await wait('closed')).pids).toEqual([])
  expect(await exited).toEqual([0, null])
  // Workers that were told to end have not died.
  expect(all('died')).toHaveLength(1)
  expect(all('fork')).toHaveLength(3)
  await expect(get(port)).rejects.toThrow('ECONNREFUSED')
})

test('what is under way at the end is finished first', async () => {
  const go = Promise.withResolvers<void>()
  const server = await fakeServer({ behave: answer({ body: 'done', delayUntil: go.promise }) })
  onTestFinished(() => server.close())
  const { child, exited, wait } = await program({ workers: 1, address: server.address })
  await wait('running')
  const { port = 0 } = await wait('listening')
  const client = await rawClient({ port, timeoutMs: 20_000 })
  onTestFinished(() => client.destroy())
  await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await server.waitFor('request')
  child.send('close')
  await expectEventually(async () => {
    await expect(rawClient({ port })).rejects.toThrow('ECONNREFUSED')
  }, generous)
  go.resolve()
  const response = await client.readResponse()
  expect(response).toMatchObject({ status: 200, text: 'done' })
  expect(response.header('connection')).toBe('close')
  expect(await exited).toEqual([0, null])
})

test('what does not end is broken off at the deadline', async () => {
  const server = await fakeServer({ behave: answer({ delayUntil: new Promise<void>(() => {}) }) })
  onTestFinished(() => server.close())
  const { child, exited, wait } = await program({ workers: 1, drainMs: 50, address: server.address })
  await wait('running')
  const { port = 0 } = await wait('listening')
  const client = await rawClient({ port, timeoutMs: 20_000 })
  onTestFinished(() => client.destroy())
  await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await server.waitFor('request')
  child.send('close')
  expect((await client.readResponse()).status).toBe(503)
  expect(await exited).toEqual([0, null])
})

test.each([
  [40, [40, 80, 160]],
  // None at first must not become a loop.
  [0, [0, 100, 200]],
])(
  'workers that die at once are replaced more and more slowly: %i ms at first',
  async (restartDelayMs, expected) => {
    const { child, exited, all, wait } = await program({ workers: 1, restartDelayMs, dies: true })
    await wait('fork', 4)
    const died = all('died')
    expect(died[0]).toMatchObject({ code: 3 })
    const forked = all('fork').slice(1)
    for (const [index, delayMs] of expected.entries()) {
      const passed = (forked[index] as Told).at - (died[index] as Told).at
      // Node's timers may come up to a millisecond early; how late they come says nothing.
      expect(passed, `pause ${index + 1}`).toBeGreaterThanOrEqual(delayMs - 2)
    }
    child.send('close')
    expect(await exited).toEqual([0, null])
  },
)

test('it has started when its workers have, and not when they say something to the application', async () => {
  const { child, exited, all, wait } = await program({ workers: 1, waits: true })
  await wait('listening')
  child.send('ping')
  await wait('pong')
  expect(all('running')).toHaveLength(0)
  child.send('go')
  await wait('running')
  child.send('close')
  expect(await exited).toEqual([0, null])
})

test.runIf(process.platform === 'linux')(
  'a worker that dies as it is told to end does not take the rest with it',
  async () => {
    const { child, exited, wait } = await program({ workers: 2 })
    await wait('running')
    child.send('kill one and close')
    expect((await wait('closed')).pids).toEqual([])
    expect(await exited).toEqual([0, null])
  },
)

describe('options', () => {
  test.each<[object, string]>([
    [{ workers: 0 }, 'runCluster.workers: 0'],
    [{ workers: 1.5 }, 'runCluster.workers: 1.5'],
    [{ restartDelayMs: -1 }, 'runCluster.restartDelayMs: -1'],
    [{ drainMs: -1 }, 'runCluster.drainMs: -1'],
    [{ nbproc: 4 }, 'did you mean workers?'],
  ])('%j is refused', async (options, message) => {
    await expect(runCluster(() => Promise.reject(new Error('never')), options)).rejects.toThrow(message)
  })
})
