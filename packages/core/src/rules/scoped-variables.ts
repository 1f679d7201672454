/**
 * Variables as rules set and read them: HAProxy's scopes `proc` (the process), `sess` (the client's connection), `txn` (a
 * request and its response), `req` and `res` (one of the two).
 *
 * Cost: a map for each scope, made when the first variable is set in it. There are no more of them than rules name.
 */
import type { Sample, Variables } from '@evener/rules'

const ofProcess = new Map<string, Sample>()

export class ScopedVariables implements Variables {
  readonly #connection: ScopedVariables | undefined
  #values: Map<string, Sample> | undefined

  /** @param connection those of the connection, for those of a request; a connection has none above it */
  constructor(connection?: ScopedVariables) {
    this.#connection = connection
  }

  get(name: string): Sample | undefined {
    const first = name.charCodeAt(0)
    if (first === ofProc) return ofProcess.get(name)
    if (first === ofSess && this.#connection !== undefined) return this.#connection.get(name)
    return this.#values?.get(name)
  }

  set(name: string, value: Sample | undefined): void {
    const first = name.charCodeAt(0)
    if (first === ofSess && this.#connection !== undefined) {
      this.#connection.set(name, value)
      return
    }
    if (value === undefined) (first === ofProc ? ofProcess : this.#values)?.delete(name)
    else if (first === ofProc) ofProcess.set(name, value)
    else {
      this.#values ??= new Map()
      this.#values.set(name, value)
    }
  }

  /** The request is with its server: what was set for its rules alone is gone. */
  forgetRequest(): void {
    if (this.#values === undefined) return
    for (const name of this.#values.keys()) if (name.startsWith('req.')) this.#values.delete(name)
  }
}

const ofProc = 0x70
const ofSess = 0x73
