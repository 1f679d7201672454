/**
 * The engine of a door that was given none: HTTP/1.1, and HTTP/2 for the servers that say so.
 *
 * The engine for HTTP/2 is made when the first such server is spoken to. Until then a request costs one comparison more
 * than with the engine for HTTP/1.1 alone.
 */

import { knownOptions } from '../base/options.ts'
import type { Attempt, Engine, Transfer } from '../http/engine.ts'
import { type Http1EngineOptions, http1Engine } from './http1/http1-engine.ts'
import { type Http2EngineOptions, http2Engine } from './http2/http2-engine.ts'

/** The options of {@link defaultEngine}. */
export interface DefaultEngineOptions {
  readonly http1?: Http1EngineOptions | undefined
  readonly http2?: Omit<Http2EngineOptions, 'http1'> | undefined
}

/**
 * Make the engine that doors have by default, with other options than the default ones.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function defaultEngine(options: DefaultEngineOptions = {}): Engine {
  return new DefaultEngine(options)
}

class DefaultEngine implements Engine {
  readonly name = 'default'
  readonly lendsBuffers = true
  readonly takesWire = true
  readonly #http1: Engine
  readonly #http2Options: Http2EngineOptions
  #http2: Engine | undefined
  #closed = false

  constructor(options: DefaultEngineOptions) {
    knownOptions('defaultEngine', options, ['http1', 'http2'])
    this.#http1 = http1Engine(options.http1)
    this.#http2Options = { ...options.http2, http1: this.#http1 }
    // Wrong options are told of now, and not by the first server that needs them.
    if (options.http2 !== undefined) this.#http2 = http2Engine(this.#http2Options)
  }

  attempt(attempt: Attempt): Transfer {
    if (attempt.server.protocol === 'http1') return this.#http1.attempt(attempt)
    if (this.#http2 === undefined) {
      this.#http2 = http2Engine(this.#http2Options)
      if (this.#closed) this.#http2.close()
    }
    return this.#http2.attempt(attempt)
  }

  close(): void {
    this.#closed = true
    this.#http1.close()
    this.#http2?.close()
  }
}
