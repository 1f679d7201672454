/** A well-behaved client: one request after the other on one connection, for as long as others misbehave. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** What it has seen. */
export interface Served {
  /** How long each answer took, in milliseconds. */
  readonly latenciesMs: readonly number[]
  /** Whatever was not a 200 with a body of its own. */
  readonly failures: readonly string[]
}

export class Neighbour {
  readonly #socket: Socket
  readonly #latenciesMs: number[] = []
  readonly #failures: string[] = []
  #received = ''
  #askedAt = 0
  #asked = 0
  #stopping: (() => void) | undefined

  /** @param secure over TLS, whoever is at the other end */
  constructor(port: number, secure = false) {
    const there = { port, host: '127.0.0.1', noDelay: true }
    this.#socket = secure ? connectTls({ ...there, rejectUnauthorized: false }) : connect(there)
    this.#socket.setEncoding('latin1')
    this.#socket.on(secure ? 'secureConnect' : 'connect', () => this.#ask())
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('error', error => this.#lost(error.message))
    this.#socket.on('close', () => this.#lost('closed'))
  }

  /** Answers so far. */
  get answered(): number {
    return this.#latenciesMs.length
  }

  /** Let the last answer come, and tell. */
  async stop(): Promise<Served> {
    await new Promise<void>(resolve => {
      this.#stopping = resolve
      if (this.#socket.destroyed) resolve()
    })
    this.#socket.destroy()
    return { latenciesMs: this.#latenciesMs, failures: this.#failures }
  }

  #ask(): void {
    this.#received = ''
    this.#askedAt = performance.now()
    this.#socket.write(`GET /neighbour-${this.#asked++} HTTP/1.1\r\nHost: neighbour.test\r\n\r\n`)
  }

  #take(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1])
    if (end === -1 || this.#received.length < end + 4 + length) return
    this.#latenciesMs.push(performance.now() - this.#askedAt)
    const body = this.#received.slice(end + 4)
    if (!this.#received.startsWith('HTTP/1.1 200 ') || body !== `/neighbour-${this.#asked - 1}`) {
      this.#failures.push(this.#received.slice(0, 100))
    }
    if (this.#stopping === undefined) this.#ask()
    else this.#stopping()
  }

  #lost(what: string): void {
    if (this.#socket.destroyed && this.#stopping !== undefined) return
    this.#failures.push(what)
    this.#stopping?.()
  }
}
