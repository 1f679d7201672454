/**
 * A load of plain GETs over kept-alive connections: cheap enough to share a process with what it loads, and strict
 * about what counts as an answer.
 */
import { connect } from 'node:net'

/** What became of the requests. */
export interface LoadResult {
  readonly answered: number
  /** Everything that was not a whole 200 response, by what it was. */
  readonly failures: ReadonlyMap<string, number>
  /** Answers by the value of their X-Server header. */
  readonly byServer: ReadonlyMap<string, number>
}

export class Load {
  readonly #port: number
  readonly #total: number
  readonly #connections: number
  readonly #failures = new Map<string, number>()
  readonly #byServer = new Map<string, number>()
  #sent = 0
  #answered = 0

  constructor(options: { readonly port: number; readonly connections: number; readonly total: number }) {
    this.#port = options.port
    this.#connections = options.connections
    this.#total = options.total
  }

  /** Requests sent so far. */
  get sent(): number {
    return this.#sent
  }

  /** Send them all. */
  async run(): Promise<LoadResult> {
    await Promise.all(Array.from({ length: this.#connections }, () => this.#client()))
    return { answered: this.#answered, failures: this.#failures, byServer: this.#byServer }
  }

  async #client(): Promise<void> {
    while (this.#sent < this.#total) await this.#connection()
  }

  /** One connection, until there is nothing more to send or the proxy closes it. */
  #connection(): Promise<void> {
    return new Promise(resolve => {
      const socket = connect(this.#port, '127.0.0.1')
      let received = ''
      let waiting = false
      const next = (): void => {
        if (this.#sent >= this.#total) {
          socket.end()
          return
        }
        this.#sent++
        waiting = true
        socket.write('GET /load HTTP/1.1\r\nHost: load.test\r\n\r\n')
      }
      const lost = (what: string): void => {
        if (waiting) count(this.#failures, what)
        waiting = false
      }
      socket.setNoDelay(true)
      socket.setEncoding('latin1')
      socket.once('connect', next)
      socket.on('data', (text: string) => {
        received += text
        const rest = this.#answer(received)
        if (rest === undefined) return
        received = rest
        waiting = false
        if (rest !== '') count(this.#failures, 'bytes that nobody asked for')
        next()
      })
      socket.on('error', error => lost(error.message))
      socket.on('close', () => {
        lost('closed without an answer')
        resolve()
      })
    })
  }

  /** Count a whole response at the beginning of the text; what follows it, or undefined while it is not whole. */
  #answer(text: string): string | undefined {
    const headEnd = text.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const head = text.slice(0, headEnd)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
    const end = headEnd + 4 + length
    if (text.length < end) return undefined
    if (head.startsWith('HTTP/1.1 200 ')) {
      this.#answered++
      count(this.#byServer, /\r\nx-server: (.*)/i.exec(head)?.[1] ?? 'nobody')
    } else count(this.#failures, head.slice(0, head.indexOf('\r\n')))
    return Number.isNaN(end) ? '' : text.slice(end)
  }
}

/** Wait, turn by turn, until this holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
