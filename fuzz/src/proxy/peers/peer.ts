/**
 * Another proxy's opinion of what Evener forwarded. The bytes of each server connection are sent to it as a client
 * would send them; the server behind it says what messages and bodies came out.
 *
 * What the other refuses is not forbidden (it is then the stricter one): it is counted, and the messages after it are
 * sent again on a connection of their own.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LlhttpReader } from '@evener/http1/testing'
import { type Accounted, CodecReader } from '../codec-reader.ts'
import { Audit, type Ledger } from '../ledger.ts'
import { type ProgramName, startProgram } from './programs.ts'

const workers = 12
const mostWaiting = 200
const patienceMs = 3_000
const marker = 'x-fuzz-origin'
const answer = `HTTP/1.1 200 OK\r\n${marker}: 1\r\nContent-Length: 0\r\n\r\n`

/** One server connection of Evener's that is being looked at. */
interface Feed {
  readonly bytes: Buffer
  readonly messages: readonly Accounted[]
  readonly audit: Audit
}

export class Peer {
  readonly name: ProgramName
  readonly #ledger: Ledger
  readonly #waiting: Feed[] = []
  readonly #feeds = new Map<string, Feed>()
  readonly #sockets = new Set<Socket>()
  #behind: Server | undefined
  #door = ''
  #stop: () => void = () => undefined
  #busy = 0
  #wake: (() => void)[] = []
  /** Messages that it read as Evener meant them. */
  agreed = 0
  /** Messages that it did not take, by what it did. */
  readonly refusals = new Map<string, number>()

  constructor(name: ProgramName, ledger: Ledger) {
    this.name = name
    this.#ledger = ledger
  }

  /** @returns why not, where it cannot be asked */
  async start(directory: string): Promise<string | undefined> {
    const path = `${directory}/behind-${this.name}`
    const behind = createServer({ allowHalfOpen: true }, socket => this.#serve(socket))
    this.#behind = behind
    await new Promise<void>((resolve, reject) => behind.once('error', reject).listen(path, 1024, resolve))
    const program = await startProgram(this.name, directory, path)
    if (typeof program === 'string') {
      behind.close()
      return program
    }
    this.#door = program.door
    this.#stop = program.close
    return undefined
  }

  /** Look at the bytes of a connection, soon. */
  check(bytes: Buffer, messages: readonly Accounted[]): void {
    const feed = { bytes, messages, audit: new Audit(this.#ledger, this.name, () => bytes) }
    for (const { tag } of messages) this.#feeds.set(tag, feed)
    this.#waiting.push(feed)
    this.#work()
  }

  get full(): boolean {
    return this.#waiting.length > mostWaiting
  }

  get idle(): boolean {
    return this.#busy === 0 && this.#waiting.length === 0
  }

  /** Resolves when one more connection was looked at. */
  progress(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve))
  }

  close(): void {
    this.#stop()
    for (const socket of this.#sockets) socket.destroy()
    this.#behind?.close()
  }

  #work(): void {
    while (this.#busy < workers) {
      const feed = this.#waiting.shift()
      if (feed === undefined) return
      this.#busy++
      void this.#look(feed).then(() => {
        this.#busy--
        for (const { tag } of feed.messages) this.#feeds.delete(tag)
        for (const wake of this.#wake.splice(0)) wake()
        this.#work()
      })
    }
  }

  async #look(feed: Feed): Promise<void> {
    for (let from = 0; from < feed.messages.length; ) {
      const { answered, refusal } = await this.#send(feed, from)
      this.agreed += answered
      from += answered
      if (from < feed.messages.length) {
        const what = refusal ?? 'closed'
        this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1)
        from++
      }
    }
  }

  /** Send the messages from one on. @returns how many were answered by the server behind, and what else was said */
  #send({ bytes, messages }: Feed, from: number): Promise<{ answered: number; refusal: string | undefined }> {
    const due = messages.length - from
    let answered = 0
    let refusal: string | undefined
    let marked = false
    const socket = connect(this.#door)
    const reader = new LlhttpReader('response', {
      requestMethod: () => messages[from + answered]?.method ?? 'GET',
      onHead: (_start, headers) => {
        marked = headers.some((text, i) => i % 2 === 0 && text.toLowerCase() === marker)
      },
      onMessage: ({ start }) => {
        if (start.startsWith('1')) return
        if (marked) answered++
        else refusal = start
        if (answered >= due || refusal !== undefined) socket.end()
      },
    })
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        refusal ??= 'no answer'
        socket.destroy()
      }, patienceMs)
      socket.on('error', () => undefined)
      socket.on('data', part => reader.read(part))
      socket.on('close', () => {
        clearTimeout(timer)
        reader.close()
        resolve({ answered, refusal })
      })
      socket.write(bytes.subarray(from === 0 ? 0 : messages[from - 1]?.end))
    })
  }

  /** The server behind: what comes here is how the other proxy read it. */
  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const reader = new CodecReader(message => {
      const feed = this.#feeds.get(message.tag)
      if (feed === undefined) {
        const what = `${this.name} reads a message that Evener did not send: ${JSON.stringify(message)}`
        this.#ledger.found(what, undefined)
      } else {
        feed.audit.head(message.tag, message.method)
        feed.audit.body(message.tag, message.content)
      }
      socket.write(answer)
    })
    socket.on('data', part => {
      reader.read(part)
      if (reader.refusal !== undefined) socket.destroy()
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
