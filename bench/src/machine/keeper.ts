/**
 * Keeps what the bench starts, so that nothing outlives it: processes and temporary files.
 *
 * Three nets, each under the other: `close()` on the way out; the `exit` event, which kills at once whatever still
 * runs; and, where `setpriv` is installed, the kernel's own "die with your parent", for the case that the bench
 * itself is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './programs.ts'

/** A program to run. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** True for a child that talks over Node's IPC channel. */
  readonly ipc?: boolean
}

/** A running program, and what it wrote. */
export interface Kept {
  readonly child: ChildProcess
  readonly pid: number
  /** Resolves with a word on how it ended; never rejects. */
  readonly ended: Promise<string>
  /** The end of what it wrote to its standard error, for messages. */
  complaints(): string
  /** All that it wrote to its standard output. */
  output(): string
}

const mostKept = 4_000

export class Keeper {
  readonly #children = new Set<ChildProcess>()
  readonly #directories: string[] = []
  readonly #diesWithParent: readonly string[]
  readonly #taskset: string | undefined
  readonly #onExit = (): void => this.#killAll()

  constructor() {
    const setpriv = findProgram('setpriv')
    this.#diesWithParent = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']
    this.#taskset = findProgram('taskset')
    process.on('exit', this.#onExit)
  }

  /** A temporary folder that goes with the bench. */
  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'evener-bench-'))
    this.#directories.push(path)
    return path
  }

  /**
   * Start a program on these cores; anywhere where none are given.
   * Both wrappers replace themselves by the program, so that the child's pid is the program's own.
   */
  start({ command, args, env, ipc = false }: Launch, cores?: string): Kept {
    const pin = cores === undefined || this.#taskset === undefined ? [] : [this.#taskset, '-c', cores]
    const line = [...this.#diesWithParent, ...pin, command, ...args]
    const child = spawn(line[0] as string, line.slice(1), {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    })
    this.#children.add(child)
    let complaints = ''
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', text => {
      output += text
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      complaints = (complaints + text).slice(-mostKept)
    })
    const ended = new Promise<string>(resolve => {
      // `close` comes after the pipes are read to their end, `error` instead of all else.
      child.once('error', error => {
        this.#children.delete(child)
        resolve(error.message)
      })
      child.once('close', (code, signal) => {
        this.#children.delete(child)
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
      })
    })
    return {
      child,
      pid: child.pid ?? -1,
      ended,
      complaints: () => complaints.trim(),
      output: () => output,
    }
  }

  /** End a program and wait until it is gone. */
  async stop({ child, ended }: Kept): Promise<void> {
    child.kill('SIGKILL')
    await ended
  }

  /** End all and take the files away. */
  close(): void {
    process.off('exit', this.#onExit)
    this.#killAll()
  }

  #killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const path of this.#directories.splice(0)) rmSync(path, { recursive: true, force: true })
  }
}
