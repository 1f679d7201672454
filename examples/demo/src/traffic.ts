/** Clients: kept-alive connections that send one request after another and note who answered. */
import { Agent, get } from 'node:http'

/** What a request came to. */
export interface Reply {
  readonly ok: boolean
  /** The server's name, or what went wrong. */
  readonly by: string
}

/** Send one request. Never rejects. */
export function send(port: number, path: string, agent?: Agent): Promise<Reply> {
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, path, agent: agent ?? false }, response => {
      response.resume()
      const by = response.headers['x-server']
      const ok = response.statusCode === 200 && typeof by === 'string'
      response.once('end', () => resolve({ ok, by: ok ? by : `status ${response.statusCode}` }))
      response.once('error', error => resolve({ ok: false, by: error.message }))
    })
    request.once('error', error => resolve({ ok: false, by: error.message }))
  })
}

export class Traffic {
  readonly answered = new Map<string, number>()
  readonly failures = new Map<string, number>()
  sent = 0
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true })
  readonly #paths: readonly string[]
  #running = false
  #clients: Promise<void>[] = []

  constructor(port: number, paths: readonly string[]) {
    this.#port = port
    this.#paths = paths
  }

  get answeredInAll(): number {
    return sum(this.answered)
  }

  get failed(): number {
    return sum(this.failures)
  }

  /** Let this many clients send until {@link stop}. */
  start(clients: number): void {
    this.#running = true
    this.#clients = Array.from({ length: clients }, () => this.#client())
  }

  /** Let every client finish its request, and stop. */
  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }

  /** Send one request and count it. */
  async send(path: string): Promise<Reply> {
    this.sent++
    const reply = await send(this.#port, path, this.#agent)
    const counts = reply.ok ? this.answered : this.failures
    counts.set(reply.by, (counts.get(reply.by) ?? 0) + 1)
    return reply
  }

  async #client(): Promise<void> {
    while (this.#running) await this.send(this.#paths[this.sent % this.#paths.length] as string)
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}
