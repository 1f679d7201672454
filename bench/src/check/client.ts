/**
 * A plain client, for checks and for waiting until somebody listens. Not for load.
 *
 * It speaks what the row does. Over TLS it takes any certificate: what is asked is on 127.0.0.1, and was started here.
 */
import type { Kept } from '../machine/keeper.ts'
import type { Mode } from '../subjects/subject.ts'
import { type Answer, type Client, type Question, timeoutMs } from './contract.ts'
import { http1Client } from './http1-client.ts'
import { http2Client } from './http2-client.ts'

/** A client that keeps its connection from one question to the next. */
export const clientFor = (mode: Mode, port: number): Client =>
  mode === 'h2' ? http2Client(port) : http1Client(port, mode === 'https')

/** Ask on a connection of its own. */
export async function askOnce(mode: Mode, port: number, question: Question): Promise<Answer> {
  const client = clientFor(mode, port)
  try {
    return await client.ask(question)
  } finally {
    client.close()
  }
}

/** Wait until `/small` is answered with 200. Rejects with what the program complained of when it ends instead. */
export async function waitForAnswer(
  port: number,
  { ended, complaints }: Kept,
  who: string,
  mode: Mode = 'http',
): Promise<void> {
  let over: string | undefined
  void ended.then(how => {
    over = how
  })
  const deadline = performance.now() + timeoutMs
  let last = ''
  while (performance.now() < deadline) {
    if (over !== undefined) throw new Error(`${who} ended with ${over}: ${complaints()}`)
    try {
      const { status } = await askOnce(mode, port, { path: '/small' })
      if (status === 200) return
      last = `status ${status}`
    } catch (error) {
      last = (error as Error).message
    }
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error(`${who} did not answer within ${timeoutMs / 1000} s (${last}): ${complaints()}`)
}
