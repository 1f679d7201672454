import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { answerWorkers, askWorkers } from './ask-workers.ts'

const fixture = fileURLToPath(new URL('./ask-workers.isolated.ts', import.meta.url))

interface Told {
  readonly running?: readonly number[]
  readonly by?: number
  readonly answers?: readonly { readonly pid: number; readonly question: string }[]
}

async function program(workers: number) {
  const child = fork(fixture, [String(workers)], {
    execArgv: ['--conditions=@evener/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const next = async (): Promise<Told> => (await once(child, 'message'))[0] as Told
  const ask = async (question: object): Promise<Told> => {
    child.send(question)
    return await next()
  }
  return { pids: (await next()).running ?? [], ask, child }
}

test('a worker asks, and hears from all the others; the primary hears from all', async () => {
  const { pids, ask, child } = await program(3)
  const { by, answers = [] } = await ask({ ask: 'pid' })
  expect(pids).toContain(by)
  const others = pids.filter(pid => pid !== by)
  expect(new Set(answers.map(({ pid }) => pid))).toEqual(new Set(others))
  expect(new Set(answers.map(({ question }) => question))).toEqual(new Set(['who?']))

  const all = await ask({ ask: 'pid', inPrimary: true })
  expect(all.by).toBe(child.pid)
  expect(new Set(all.answers?.map(({ pid }) => pid))).toEqual(new Set(pids))
})

test('who has no answer, or ends over the question, keeps nobody waiting', async () => {
  const { ask } = await program(2)
  expect((await ask({ ask: 'unknown' })).answers).toEqual([])
  expect((await ask({ ask: 'fails' })).answers).toEqual([])
  expect((await ask({ ask: 'ends' })).answers).toEqual([])
  // There is no other worker any more.
  expect((await ask({ ask: 'pid' })).answers).toEqual([])
})

test('outside of a cluster there is nobody to ask', async () => {
  const end = answerWorkers('pid', () => process.pid)
  expect(await askWorkers('pid', undefined)).toEqual([])
  end()
})
