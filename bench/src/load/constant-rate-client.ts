/**
 * Sends at a constant rate; in a process of its own. Told an order, it answers with the latencies it saw, each counted
 * from the time at which the request was due.
 *
 * While requests are due in less than a timer's millisecond it looks again and again instead of sleeping: a timer
 * would add its own millisecond to latencies that are a tenth of that. How late it was itself is told as well
 * (`late99Ms`); where that is most of what was measured, the client is the limit and not the proxy.
 */
import { connect, type Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import { Timetable } from './constant-rate.ts'

/** What it is told. */
export interface ConstantRateOrder {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly requestsPerSecond: number
  /** Sent at the same rate, and not counted. */
  readonly warmUpMs: number
  readonly durationMs: number
}

/** What it answers. */
export interface ConstantRateResult {
  /** All that were answered, those of the warm-up too. */
  readonly requests: number
  /** Those that were counted. */
  readonly answers: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** How late requests were sent though a connection was free: the client's own doing. */
  readonly late99Ms: number
  readonly failure?: string | undefined
}

/** After the last request is sent, answers may take that long. */
const graceMs = 5_000

class Client {
  readonly #order: ConstantRateOrder
  readonly #request: Buffer
  readonly #free: Connection[] = []
  readonly #latencies = createHistogram()
  readonly #lateness = createHistogram()
  readonly #timetable: Timetable
  readonly #countedFromMs: number
  #underway = 0
  #requests = 0
  #lastAnswerMs = performance.now()
  #failure: string | undefined

  constructor(order: ConstantRateOrder) {
    this.#order = order
    this.#request = Buffer.from(`GET ${order.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    const startMs = performance.now() + 100
    this.#countedFromMs = startMs + order.warmUpMs
    this.#timetable = new Timetable(startMs, order.requestsPerSecond, order.warmUpMs + order.durationMs)
  }

  async run(): Promise<ConstantRateResult> {
    for (let i = 0; i < this.#order.connections; i++) {
      this.#free.push(new Connection(this.#order.port, this))
    }
    await new Promise<void>(resolve => this.#look(resolve))
    const { count } = this.#latencies
    return {
      requests: this.#requests,
      answers: count,
      p50Ms: this.#latencies.percentile(50) / 1e6,
      p99Ms: this.#latencies.percentile(99) / 1e6,
      late99Ms: this.#lateness.percentile(99) / 1e6,
      failure: this.#failure ?? (count === 0 ? 'not one request was answered' : undefined),
    }
  }

  answered(connection: Connection): void {
    const now = performance.now()
    this.#lastAnswerMs = now
    this.#underway--
    this.#requests++
    if (connection.dueMs >= this.#countedFromMs) this.#latencies.record(nanos(now - connection.dueMs))
    this.#free.push(connection)
    // A request that is due already was waiting for this very connection.
    if (this.#timetable.nextMs <= now) this.#send()
  }

  failed(what: string): void {
    this.#failure ??= what
  }

  #send(): void {
    const connection = this.#free.pop() as Connection
    connection.dueMs = this.#timetable.take()
    connection.socket.write(this.#request)
    this.#underway++
  }

  #look(done: () => void): void {
    const now = performance.now()
    while (this.#free.length > 0 && this.#timetable.nextMs <= now) {
      if (this.#timetable.nextMs >= this.#countedFromMs) {
        this.#lateness.record(nanos(now - this.#timetable.nextMs))
      }
      this.#send()
    }
    if (this.#underway > 0 && now - this.#lastAnswerMs > graceMs) {
      this.#failure ??= `${this.#underway} requests got no answer for ${graceMs / 1000} s`
    }
    if (this.#failure !== undefined || (this.#timetable.over && this.#underway === 0)) {
      done()
      return
    }
    if (this.#timetable.nextMs - now > 2) setTimeout(() => this.#look(done), 1)
    else setImmediate(() => this.#look(done))
  }
}

/** A histogram takes whole numbers from 1 on. */
const nanos = (ms: number): number => Math.max(1, Math.round(ms * 1e6))

/** One connection with at most one request under way. */
class Connection {
  dueMs = 0
  readonly socket: Socket
  #answer = ''
  readonly #client: Client

  constructor(port: number, client: Client) {
    this.#client = client
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      // One buffer for all that comes: no stream, no allocation for each answer.
      onread: { buffer, callback: (length, bytes) => this.#read(length, bytes as Buffer) },
    })
    this.socket.on('error', error => client.failed(error.message))
    this.socket.on('close', () => client.failed('the proxy closed a connection'))
  }

  #read(length: number, bytes: Buffer): boolean {
    this.#answer += bytes.toString('latin1', 0, length)
    const headEnd = this.#answer.indexOf('\r\n\r\n')
    if (headEnd === -1) return true
    const bodyLength = Number(lengthField.exec(this.#answer)?.[1])
    if (!this.#answer.startsWith('HTTP/1.1 200 ') || Number.isNaN(bodyLength)) {
      this.#client.failed(`not a plain answer: ${this.#answer.slice(0, this.#answer.indexOf('\r\n'))}`)
      return false
    }
    if (this.#answer.length < headEnd + 4 + bodyLength) return true
    this.#answer = ''
    this.#client.answered(this)
    return true
  }
}

const buffer = Buffer.alloc(65_536)
const lengthField = /\r\ncontent-length: *(\d+)/i

process.on('disconnect', () => process.exit())
process.once('message', order => {
  void new Client(order as ConstantRateOrder).run().then(result => process.send?.(result))
})
