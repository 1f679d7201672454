/**
 * Workers of a cluster ask one another: what they have counted, or to do something in all of them. A question goes by way
 * of the primary, which hands it to every other worker and sends back their answers together.
 *
 * ```text
 *   worker 1 ── question ──► primary ──► workers 2, 3 … ── an answer each ──► primary ── all answers ──► worker 1
 * ```
 * Invariant: each question is answered exactly once, at the latest after `answerMs`, with the answers that there are by
 * then. A worker that ends, or has nothing to say on a topic, keeps nobody waiting.
 * Cost: what IPC costs, JSON both ways. Not for anything that happens for each request.
 */
import cluster, { type Worker } from 'node:cluster'

/** How long the primary waits for the slowest worker. */
const answerMs = 5_000

interface Question {
  readonly evener: 'question'
  readonly id: number
  readonly topic: string
  readonly question: unknown
}

interface AnswerOfOne {
  readonly evener: 'answer'
  readonly id: number
  readonly answer: unknown
}

interface AnswersOfAll {
  readonly evener: 'answers'
  readonly id: number
  readonly answers: readonly unknown[]
}

type Message = Question | AnswerOfOne | AnswersOfAll

const answerers = new Map<string, (question: unknown) => unknown>()
const asked = new Map<number, (answers: readonly unknown[]) => void>()
let lastId = 0
let listening = false

/**
 * Answer questions of other workers on this topic from now on. Outside of a worker there is nobody to ask, and nothing
 * happens.
 * @param answer may return a promise; what it throws, or rejects with, is no answer
 * @returns a function that ends it
 */
export function answerWorkers(topic: string, answer: (question: unknown) => unknown): () => void {
  answerers.set(topic, answer)
  listen()
  return () => {
    if (answerers.get(topic) === answer) answerers.delete(topic)
  }
}

/**
 * Ask all other workers; in the primary, all workers.
 * @param question what can be written as JSON
 * @returns the answers of those that have one; none outside of a cluster. Never rejects
 */
export function askWorkers(topic: string, question: unknown): Promise<readonly unknown[]> {
  if (cluster.isPrimary) return gather(topic, question, undefined)
  listen()
  const id = ++lastId
  return new Promise(resolve => {
    asked.set(id, resolve)
    // Where the primary is gone, nobody answers: the worker is about to end as well.
    const sent = process.send?.(
      { evener: 'question', id, topic, question } satisfies Message,
      () => undefined,
    )
    if (sent !== undefined) return
    asked.delete(id)
    resolve([])
  })
}

function listen(): void {
  if (listening || cluster.isPrimary) return
  listening = true
  process.on('message', (message: Message) => {
    if (message?.evener === 'question') void give(message)
    else if (message?.evener === 'answers') {
      const resolve = asked.get(message.id)
      asked.delete(message.id)
      resolve?.(message.answers)
    }
  })
}

async function give({ id, topic, question }: Question): Promise<void> {
  let answer: unknown
  try {
    answer = await answerers.get(topic)?.(question)
  } catch {
    // As if it had nothing to say.
  }
  process.send?.({ evener: 'answer', id, answer } satisfies Message, () => undefined)
}

/** The primary's part, from now on. */
export function relayQuestions(): void {
  if (listening) return
  listening = true
  cluster.on('message', (worker, message: Message) => {
    if (message?.evener === 'answer') gathered.get(message.id)?.(worker, message.answer)
    if (message?.evener !== 'question') return
    const { id, topic, question } = message
    void gather(topic, question, worker).then(answers => {
      if (worker.isConnected())
        worker.send({ evener: 'answers', id, answers } satisfies Message, () => undefined)
    })
  })
  cluster.on('exit', worker => {
    for (const take of [...gathered.values()]) take(worker, undefined)
  })
}

/** Who takes the answers to a question that is out, by its id. */
const gathered = new Map<number, (worker: Worker, answer: unknown) => void>()

function gather(topic: string, question: unknown, but: Worker | undefined): Promise<readonly unknown[]> {
  const awaited = new Set(
    Object.values(cluster.workers ?? {}).filter(
      (worker): worker is Worker => worker !== undefined && worker !== but && worker.isConnected(),
    ),
  )
  if (awaited.size === 0) return Promise.resolve([])
  const id = ++lastId
  const answers: unknown[] = []
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(deadline)
      gathered.delete(id)
      resolve(answers)
    }
    const deadline = setTimeout(end, answerMs).unref()
    gathered.set(id, (worker, answer) => {
      if (!awaited.delete(worker)) return
      if (answer !== undefined && answer !== null) answers.push(answer)
      if (awaited.size === 0) end()
    })
    for (const worker of awaited)
      worker.send({ evener: 'question', id, topic, question } satisfies Message, () => undefined)
  })
}
