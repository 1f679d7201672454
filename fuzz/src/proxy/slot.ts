/**
 * One frontend, and the client that sends it one stream after another, each on a connection of its own.
 *
 * Each stream must be answered or closed within `deadlineMs`, and leave nothing behind.
 */
import { connect } from 'node:net'
import { type Backend, createFrontend, type Engine, type Frontend } from '@evener/core'
import { below, LlhttpReader, type ReadMessage } from '@evener/http1/testing'
import type { Ledger, Stream } from './ledger.ts'

export const deadlineMs = 4_000
/** What Evener answers when a server's response will not do. */
const ownAnswers = /^50[234] /

export class Slot {
  readonly frontend: Frontend
  readonly #ledger: Ledger
  readonly #path: string
  #stream: Stream | undefined
  /** Final responses that clients got; streams on which not all that was asked for was answered. */
  responses = 0
  broken = 0

  constructor(ledger: Ledger, backend: Backend, engine: Engine, path: string) {
    this.#ledger = ledger
    this.#path = path
    this.frontend = createFrontend({
      engine,
      route: request => {
        if (this.#stream !== undefined) ledger.routed(this.#stream, request)
        return backend
      },
    })
    this.frontend.on('error', error => ledger.found(`the frontend failed: ${error.message}`, this.#stream))
  }

  async listen(): Promise<void> {
    await this.frontend.listen({ path: this.#path })
  }

  /** Send one stream, read the answers, and wait until nothing of it is left. */
  async run(stream: Stream): Promise<void> {
    this.#stream = stream
    const deadline = performance.now() + deadlineMs
    await this.#exchange(stream)
    const { frontend } = this
    while (frontend.counters.connectionsNow > 0 || frontend.active > 0) {
      if (performance.now() > deadline) {
        const left = `${frontend.counters.connectionsNow} connections, ${frontend.active} exchanges`
        this.#ledger.found(`a leak: ${left} after the client has gone`, stream)
        return
      }
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#stream = undefined
  }

  #exchange(stream: Stream): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { bytes, random, messages } = stream
    const finals: ReadMessage[] = []
    const received: Buffer[] = []
    // What follows a message that ends the connection is not answered.
    const lastOne = messages.findIndex(({ keepAlive }) => !keepAlive)
    const due = lastOne === -1 ? messages.length : lastOne + 1
    const refusalDue = lastOne === -1 && stream.refusal !== undefined
    const reader = new LlhttpReader('response', {
      requestMethod: () => messages[finals.length]?.method ?? 'GET',
      onMessage: message => {
        if (message.start === '101' || !message.start.startsWith('1')) finals.push(message)
      },
    })
    const socket = connect(this.#path)
    const timer = setTimeout(() => {
      const state = `${finals.length} of ${due} responses${refusalDue ? ' and a refusal' : ''}`
      this.#found(`a hang: neither answered nor closed in ${deadlineMs} ms, ${state}`, stream, received)
      socket.destroy()
    }, deadlineMs)
    socket.on('connect', () => {
      // At random places, a turn of the event loop between some of them.
      let at = 0
      const more = (): void => {
        if (socket.destroyed) return
        const size = below(random, 3) === 0 ? 1 + below(random, 40) : bytes.length - at
        socket.write(bytes.subarray(at, at + size))
        at += size
        if (at < bytes.length) setImmediate(more)
        else if (due === 0 && !refusalDue) socket.end()
      }
      more()
    })
    socket.on('data', part => {
      received.push(part)
      reader.read(part)
      if (finals.length >= due && !refusalDue) socket.end()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      const refusal = reader.refusal
      const ended = reader.finish()
      reader.close()
      this.responses += finals.length
      if (finals.length < due) this.broken++
      // On a unix socket a broken connection and one that ended look alike: nothing can be said of that last body.
      if (ended) finals.pop()
      if (refusal !== undefined) this.#found(`llhttp as the client refuses: ${refusal}`, stream, received)
      else if (ended && stream.bytes.indexOf('HTTP/1.0') === -1) {
        this.#found('a response to HTTP/1.1 that lasts until the end of the connection', stream, received)
      } else if (finals.length > due + (lastOne === -1 && (refusalDue || stream.cutShort) ? 1 : 0)) {
        this.#found(`${finals.length} responses to ${due} requests`, stream, received)
      } else if (stream.kind === 'responses') this.#compare(stream, finals, received)
      resolve()
    })
    return promise
  }

  /** Each response must be one that a server gave to this very request, or Evener's own. */
  #compare(stream: Stream, finals: readonly ReadMessage[], received: readonly Buffer[]): void {
    for (const [index, { start, content }] of finals.entries()) {
      const text = `${start} ${content}`
      if (start === '101' || ownAnswers.test(text)) continue
      if (stream.sent.get(index)?.includes(text) !== true) {
        const sent = JSON.stringify(stream.sent.get(index) ?? 'nothing')
        this.#found(`response ${index} is ${JSON.stringify(text)}, servers gave ${sent}`, stream, received)
        return
      }
    }
  }

  #found(what: string, stream: Stream, received: readonly Buffer[]): void {
    this.#ledger.found(what, stream, Buffer.concat(received))
  }
}
