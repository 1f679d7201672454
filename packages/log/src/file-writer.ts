/**
 * Writes to a file descriptor, from a thread of its own: the process does not wait for the disk.
 *
 * A file is opened again when that is asked for, or after a failure. Not for pipes: a thread would wait for whoever reads.
 */
import { close, constants, open, openSync, write } from 'node:fs'
import { framed } from './framing.ts'
import type { LineWriter, Written } from './pending.ts'

// A pipe in the place of a file, which nobody reads, fails at once.
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

export class FileWriter implements LineWriter {
  /** Undefined for what was opened by others, and is left open. */
  readonly #path: string | undefined
  readonly #mode: number
  #descriptor: number | undefined
  #reopen = false
  #closed = false
  #busy = false

  /** @throws if it cannot be opened */
  constructor(path: string | undefined, mode = 0, descriptor = openSync(path as string, flags, mode)) {
    this.#path = path
    this.#mode = mode
    this.#descriptor = descriptor
  }

  /** One that is open, and stays so. */
  static of(descriptor: number): FileWriter {
    return new FileWriter(undefined, 0, descriptor)
  }

  /** From the next batch on, the file that is then of this name. */
  reopen(): void {
    this.#reopen = true
  }

  write(lines: readonly string[], done: (written: Written) => void): void {
    this.#busy = true
    this.#withDescriptor((error, descriptor) => {
      if (error !== undefined) this.#end(done, { lost: 0, error, kept: true })
      else this.#writeAll(descriptor as number, framed(lines, 'newline'), 0, lines.length, done)
    })
  }

  #withDescriptor(use: (error: Error | undefined, descriptor?: number) => void): void {
    const current = this.#descriptor
    const path = this.#path
    if (path === undefined || (current !== undefined && !this.#reopen)) {
      use(undefined, current)
      return
    }
    open(path, flags, this.#mode, (error, descriptor) => {
      if (error !== null) {
        use(error)
        return
      }
      this.#reopen = false
      this.#forget()
      this.#descriptor = descriptor
      use(undefined, descriptor)
    })
  }

  #writeAll(
    descriptor: number,
    bytes: Buffer,
    from: number,
    lines: number,
    done: (written: Written) => void,
  ): void {
    write(descriptor, bytes, from, bytes.length - from, null, (error, count) => {
      if (error !== null) {
        // After a full disk the next batch tries again, with the file that is then there.
        this.#reopen = true
        this.#end(done, { lost: lines, error })
      } else if (from + count < bytes.length) this.#writeAll(descriptor, bytes, from + count, lines, done)
      else this.#end(done, { lost: 0 })
    })
  }

  #end(done: (written: Written) => void, written: Written): void {
    this.#busy = false
    if (this.#closed) this.#forget()
    else done(written)
  }

  close(): void {
    this.#closed = true
    // A descriptor that is being written to must not become another file's.
    if (!this.#busy) this.#forget()
  }

  #forget(): void {
    const descriptor = this.#descriptor
    if (this.#path === undefined) return
    this.#descriptor = undefined
    if (descriptor !== undefined) close(descriptor, ignored)
  }
}

function ignored(): void {
  // What a closing file has to say comes too late to be of use.
}
