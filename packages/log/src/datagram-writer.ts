/**
 * Writes each line as a datagram. Nobody says whether it arrived: an error comes, if at all, from the one before it.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { LineWriter, Written } from './pending.ts'

export class DatagramWriter implements LineWriter {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  write(lines: readonly string[], done: (written: Written) => void): void {
    if (this.#socket !== undefined) this.#send(this.#socket, lines, done)
    else this.#connect(lines, done)
  }

  /** A connected socket: a name is looked up once, and refusals come back. */
  #connect(lines: readonly string[], done: (written: Written) => void): void {
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4')
    this.#socket = socket
    // Told of a failure too, which its types do not say.
    socket.connect(this.#port, this.#host, (error?: Error) => {
      if (this.#socket !== socket) return
      if (error) {
        this.#forget()
        done({ lost: 0, error, kept: true })
        return
      }
      // It is closed by `close()`, and keeps nobody who has forgotten that.
      socket.unref()
      this.#send(socket, lines, done)
    })
    socket.on('error', ignored)
  }

  #send(socket: Socket, lines: readonly string[], done: (written: Written) => void): void {
    let left = lines.length
    let lost = 0
    let last: Error | undefined
    const sent = (error: Error | null): void => {
      if (error !== null) {
        lost++
        last = error
      }
      left--
      if (left > 0) return
      // After a refusal the next may arrive; when none gets out, there is something wrong.
      done({ lost, error: lost === lines.length ? last : undefined })
    }
    for (const line of lines) socket.send(Buffer.from(line, 'latin1'), sent)
  }

  close(): void {
    this.#forget()
  }

  #forget(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}

function ignored(): void {
  // What fails is told to the callback of a datagram.
}
