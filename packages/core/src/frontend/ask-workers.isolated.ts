/** A program on a cluster whose workers ask one another: a fixture of ask-workers.test.ts. */
import cluster from 'node:cluster'
import { answerWorkers, askWorkers } from './ask-workers.ts'
import { runCluster } from './cluster.ts'

const workers = Number(process.argv[2])
const orphaned = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', orphaned)

const running = await runCluster(
  async () => {
    answerWorkers('pid', question => ({ question, pid: process.pid }))
    answerWorkers('fails', () => Promise.reject(new Error('no')))
    answerWorkers('ends', () => process.exit(1))
    process.on('message', async (message: { ask?: string }) => {
      if (message.ask === undefined) return
      const answers = await askWorkers(message.ask, 'who?')
      process.send?.({ asked: message.ask, by: process.pid, answers })
    })
    return { close: () => Promise.resolve() }
  },
  { workers, restartDelayMs: 60_000 },
)

if (cluster.isPrimary) {
  cluster.on('message', (_, message) => message.asked !== undefined && process.send?.(message))
  process.on('message', async ({ ask, inPrimary }: { ask: string; inPrimary?: boolean }) => {
    if (inPrimary) process.send?.({ asked: ask, by: process.pid, answers: await askWorkers(ask, 'who?') })
    else Object.values(cluster.workers ?? {})[0]?.send({ ask })
  })
  process.send?.({ running: running.pids })
}
