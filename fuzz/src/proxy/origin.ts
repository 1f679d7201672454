/**
 * The server behind Evener: it records the raw bytes of each connection, reads them with llhttp, and answers, with
 * a plain response or with a damaged one, as the stream wants it.
 *
 * A connection is closed after `mostMessages`, and its bytes are then handed to other parsers.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { below, evenerReading, LlhttpReader, mutate, onceIn, responseStream } from '@evener/http1/testing'
import { tagName } from './codec-reader.ts'
import { type Attempted, Audit, type Ledger } from './ledger.ts'

const mostMessages = 24
const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
/** To the key of those that ask for a WebSocket. */
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n'
const bad = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

export class Origin {
  readonly #ledger: Ledger
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #done: (bytes: Buffer) => void
  /** Whole messages; those that llhttp refused, by its words; connections. */
  messages = 0
  connections = 0
  readonly refusals = new Map<string, number>()

  /** @param done told, when a connection is over, all its bytes that are HTTP */
  constructor(ledger: Ledger, done: (bytes: Buffer) => void) {
    this.#ledger = ledger
    this.#done = done
    this.#server = createServer({ allowHalfOpen: true }, socket => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      new OriginConnection(socket, this.#ledger, this, this.#done)
    })
  }

  get open(): number {
    return this.#sockets.size
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => this.#server.once('error', reject).listen(path, 1024, resolve))
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  refused(words: string): void {
    this.refusals.set(words, (this.refusals.get(words) ?? 0) + 1)
  }
}

class OriginConnection {
  readonly #socket: Socket
  readonly #origin: Origin
  readonly #done: (bytes: Buffer) => void
  readonly #pieces: Buffer[] = []
  readonly #reader: LlhttpReader
  readonly #audit: Audit
  #tag = ''
  #attempted: Attempted | undefined
  #answered = false
  #over = false
  #tunnel = false

  constructor(socket: Socket, ledger: Ledger, origin: Origin, done: (bytes: Buffer) => void) {
    this.#socket = socket
    this.#origin = origin
    this.#done = done
    this.#audit = new Audit(ledger, 'llhttp', () => Buffer.concat(this.#pieces))
    this.#reader = new LlhttpReader('request', {
      onHead: (start, headers) => this.#head(start, headers),
      onMessage: message => this.#message(message.content),
    })
    socket.on('data', bytes => this.#read(bytes))
    socket.on('end', () => socket.end())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#reader.close()
      this.#done(Buffer.concat(this.#pieces))
    })
  }

  #read(bytes: Buffer): void {
    if (this.#tunnel) return
    this.#pieces.push(bytes)
    const reader = this.#reader
    const used = reader.read(bytes)
    if (reader.refusal !== undefined) {
      if (!this.#over) this.#origin.refused(reader.refusal)
      this.#end(bad)
    } else if (reader.tunnel) {
      if (this.#attempted !== undefined && onceIn(this.#attempted.stream.random, 2)) {
        this.#tunnel = true
        this.#pieces[this.#pieces.length - 1] = bytes.subarray(0, used)
        this.#end(`${switching}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      reader.reset()
      this.#answer()
      if (used < bytes.length) {
        this.#pieces[this.#pieces.length - 1] = bytes.subarray(0, used)
        this.#read(bytes.subarray(used))
      }
    }
  }

  #head(start: string, headers: readonly string[]): void {
    this.#tag = ''
    for (let i = 0; i < headers.length; i += 2)
      if (headers[i] === tagName) this.#tag = headers[i + 1] as string
    this.#attempted = this.#audit.head(this.#tag, start.slice(0, start.indexOf(' ')))
    this.#answered = false
    // An answer while the body still comes.
    const stream = this.#attempted?.stream
    if (stream?.kind === 'requests' && onceIn(stream.random, 12)) this.#answer()
  }

  #message(content: string): void {
    this.#origin.messages++
    this.#audit.body(this.#tag, content)
    if (!this.#reader.upgrades) this.#answer()
  }

  #answer(): void {
    if (this.#answered || this.#over) return
    this.#answered = true
    const attempted = this.#attempted
    if (attempted?.stream.kind === 'responses') this.#answerOddly(attempted)
    else if (this.#reader.messages.length >= mostMessages) this.#end(last)
    else this.#socket.write(plain)
  }

  /** A response that may be damaged, may hold more than one, or less. */
  #answerOddly({ stream, index }: Attempted): void {
    const { random } = stream
    const method = stream.forwardable[index]?.method ?? 'GET'
    let bytes = onceIn(random, 4) ? Buffer.from(plain) : responseStream(random)
    if (onceIn(random, 8)) bytes = mutate(random, bytes)
    const reading = evenerReading('response', bytes, { requestMethod: method })
    const finals = reading.messages.filter(({ start }) => !start.startsWith('1'))
    const [first] = finals
    if (first !== undefined) {
      stream.sent.set(index, [...(stream.sent.get(index) ?? []), `${first.start} ${first.content}`])
    }
    const whole = reading.ending === 'open' && finals.length === 1
    // What is more than a response must be there when that is read: later, no proxy could tell it from the next.
    const cut = whole && onceIn(random, 3) ? below(random, bytes.length) : 0
    const ends = !whole || onceIn(random, 3) || this.#reader.messages.length >= mostMessages
    const rest = (): void => {
      this.#socket.write(bytes.subarray(cut))
      // Something left over in a connection that stays open: it must not become the next response.
      if (ends && !(finals.length > 1 && onceIn(random, 2))) this.#end('')
    }
    if (cut === 0) rest()
    else {
      this.#socket.write(bytes.subarray(0, cut))
      setImmediate(rest)
    }
  }

  #end(text: string): void {
    if (this.#over) return
    this.#over = true
    this.#socket.end(text)
  }
}
