/** A plain client, for checks and for waiting until somebody listens. Not for load. */
import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Kept } from '../machine/keeper.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Question {
  readonly port: number
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Agent
}

const timeoutMs = 10_000

/** Ask, and read the whole answer. Rejects on any error, and after 10 s. */
export function fetchAnswer({ port, path, method = 'GET', body, headers, agent }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: { ...headers, ...length },
        agent: agent ?? false,
        signal: AbortSignal.timeout(timeoutMs),
      },
      answer => {
        const pieces: Buffer[] = []
        answer.on('data', piece => pieces.push(piece))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Wait until `/small` is answered with 200. Rejects with what the program complained of when it ends instead. */
export async function waitForAnswer(port: number, { ended, complaints }: Kept, who: string): Promise<void> {
  let over: string | undefined
  void ended.then(how => {
    over = how
  })
  const deadline = performance.now() + timeoutMs
  let last = ''
  while (performance.now() < deadline) {
    if (over !== undefined) throw new Error(`${who} ended with ${over}: ${complaints()}`)
    try {
      const { status } = await fetchAnswer({ port, path: '/small' })
      if (status === 200) return
      last = `status ${status}`
    } catch (error) {
      last = (error as Error).message
    }
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error(`${who} did not answer within ${timeoutMs / 1000} s (${last}): ${complaints()}`)
}
