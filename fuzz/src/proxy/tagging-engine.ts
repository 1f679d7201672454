/** An engine that puts a tag into each head that goes to a server, and leaves all else to the one within. */

import type { Duplex } from 'node:stream'
import type { Attempt, AttemptFailure, Engine, ResponseHead, Transfer } from '@evener/core'
import { tagName } from './codec-reader.ts'

export class TaggingEngine implements Engine {
  readonly name: string
  readonly lendsBuffers: boolean
  readonly takesWire: boolean
  readonly #inner: Engine
  readonly #tagOf: (attempt: Attempt) => string

  constructor(inner: Engine, tagOf: (attempt: Attempt) => string) {
    this.#inner = inner
    this.#tagOf = tagOf
    this.name = inner.name
    this.lendsBuffers = inner.lendsBuffers === true
    this.takesWire = inner.takesWire === true
  }

  attempt(attempt: Attempt): Transfer {
    return this.#inner.attempt(new TaggedAttempt(attempt, this.#tagOf(attempt)))
  }

  close(): void {
    this.#inner.close()
  }
}

class TaggedAttempt implements Attempt {
  readonly #attempt: Attempt
  readonly #tag: string

  constructor(attempt: Attempt, tag: string) {
    this.#attempt = attempt
    this.#tag = tag
  }

  get server(): Attempt['server'] {
    return this.#attempt.server
  }
  get request(): Attempt['request'] {
    return this.#attempt.request
  }
  get headers(): readonly string[] {
    return [...this.#attempt.headers, tagName, this.#tag]
  }
  get body(): Attempt['body'] {
    return this.#attempt.body
  }
  get fresh(): boolean {
    return this.#attempt.fresh
  }
  get upgrade(): string | undefined {
    return this.#attempt.upgrade
  }

  head(ownLines: string): string {
    return this.#attempt.head(`${ownLines}${tagName}: ${this.#tag}\r\n`)
  }
  connected(): void {
    this.#attempt.connected()
  }
  informational(status: number, rawHeaders: readonly string[]): void {
    this.#attempt.informational(status, rawHeaders)
  }
  response(head: ResponseHead): ReturnType<Attempt['response']> {
    return this.#attempt.response(head)
  }
  data(chunk: Buffer): boolean {
    return this.#attempt.data(chunk)
  }
  flush(): void {
    this.#attempt.flush()
  }
  finished(trailers: readonly string[]): void {
    this.#attempt.finished(trailers)
  }
  upgraded(head: ResponseHead, server: Duplex, firstBytes: Buffer): void {
    this.#attempt.upgraded(head, server, firstBytes)
  }
  failed(failure: AttemptFailure): void {
    this.#attempt.failed(failure)
  }
  progress(): void {
    this.#attempt.progress()
  }
}
