/** What is asked and answered in checks, whatever protocol carries it. */
import type { IncomingHttpHeaders } from 'node:http'
import { TLSSocket } from 'node:tls'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** How it was encrypted, where it was: version and cipher, by their standard names. */
  readonly tls?: string | undefined
}

export interface Question {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Keeps one connection for as long as the other side does. */
export interface Client {
  /** Ask, and read the whole answer. Rejects on any error, and after 10 s. */
  ask(question: Question): Promise<Answer>
  close(): void
}

/** Slower answers are errors. */
export const timeoutMs = 10_000

/** How a connection is encrypted, as {@link Answer} has it. */
export function tlsOf(socket: unknown): string | undefined {
  return socket instanceof TLSSocket
    ? `${socket.getProtocol()} ${socket.getCipher().standardName}`
    : undefined
}
