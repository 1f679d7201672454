/**
 * A step of `check`, and how it starts the tools it is made of.
 *
 * Every process takes one of as many slots as there are processors, so that steps may all begin at once and a
 * time limit still measures the tool and not the queue before it.
 * Invariant: a slot is given back exactly once, whether the process ends, fails to start or is killed.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { stripVTControlCharacters } from 'node:util'

/** What a step found: `findings` is empty when all is well, and is printed in full when not. */
export interface Report {
  readonly findings: string
  /** Said beside the step's name when it passes, as in "9 packages". */
  readonly note?: string
}

export interface Step {
  readonly name: string
  readonly about: string
  run(tools: Tools): Promise<Report>
}

export interface Finished {
  readonly ok: boolean
  /** Both streams in the order they came. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** The root of the repository. */
export const root = join(import.meta.dirname, '..', '..')

let freeSlots = Math.max(2, availableParallelism())
const waiting: Array<() => void> = []

async function takeSlot(): Promise<void> {
  if (freeSlots > 0) {
    freeSlots -= 1
    return
  }
  await new Promise<void>(resolve => waiting.push(resolve))
}

function giveSlotBack(): void {
  const next = waiting.shift()
  if (next === undefined) freeSlots += 1
  else next()
}

const environment = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
}

/** Starts processes for one step and remembers when the first of them began. */
export class Tools {
  private startedAt: number | undefined

  /** Milliseconds since the step's first process began; 0 before. */
  elapsedMs(): number {
    return this.startedAt === undefined ? 0 : performance.now() - this.startedAt
  }

  /**
   * Run a program to its end.
   * @param command a program of node_modules/.bin or of the PATH
   * @param options `cwd`, the root of the repository by default; `timeoutMs`, 170 s by default, after which it is killed
   * @returns its output; never rejects, a program that cannot be started has failed
   */
  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const { cwd = root, timeoutMs = 170_000 } = options
    await takeSlot()
    this.startedAt ??= performance.now()
    try {
      return await new Promise(resolve => {
        // Its own process group, so that what it has started ends with it.
        const child = spawn(command, args, {
          cwd,
          env: environment,
          stdio: ['ignore', 'pipe', 'pipe'],
          detached: true,
        })
        let output = ''
        let late = false
        const timer = setTimeout(() => {
          late = true
          try {
            if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
          } catch {
            // It ended in this very moment; 'close' is on its way.
          }
        }, timeoutMs)
        const gather = (chunk: string): void => {
          output += chunk
        }
        child.stdout.setEncoding('utf8').on('data', gather)
        child.stderr.setEncoding('utf8').on('data', gather)
        child.on('error', error => {
          clearTimeout(timer)
          resolve({ ok: false, output: `${command}: ${error.message}\n` })
        })
        child.on('close', (code, signal) => {
          clearTimeout(timer)
          if (late) output += `\nkilled: it had not ended after ${timeoutMs / 1000} s\n`
          else if (signal !== null) output += `\nended by ${signal}\n`
          else if (code !== 0) output += `\nexit code ${code}\n`
          resolve({ ok: code === 0 && !late, output: stripVTControlCharacters(output) })
        })
      })
    } finally {
      giveSlotBack()
    }
  }
}

/** A step that is one program, which has failed when its exit code says so. */
export function program(name: string, about: string, command: string, args: readonly string[]): Step {
  return {
    name,
    about,
    async run(tools) {
      const { ok, output } = await tools.run(command, args)
      return { findings: ok ? '' : output }
    },
  }
}
