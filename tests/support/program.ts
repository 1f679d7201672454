/** Programs of the system beside a test: found or not, run to their end, or started and stopped with the test. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

/** Debian keeps PostgreSQL's own programs out of the way, a folder for each version. */
function postgresFolders(): string[] {
  try {
    const root = '/usr/lib/postgresql'
    return readdirSync(root).map(version => join(root, version, 'bin'))
  } catch {
    return []
  }
}

/** Where this program is; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...postgresFolders(),
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/local/sbin',
  ]
  for (const folder of folders) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return undefined
}

/** Those of these programs that are missing. */
export function missingPrograms(...names: string[]): string[] {
  return names.filter(name => findProgram(name) === undefined)
}

/** How a program is run. */
export interface RunOptions extends SpawnOptions {
  /** Its exit code does not count. */
  readonly mayFail?: boolean
}

/** Run a program to its end, with this as its input. @returns what it printed. Rejects where it failed */
export function run(
  name: string,
  args: readonly string[],
  input = '',
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      findProgram(name) ?? name,
      args,
      { timeout: 20_000, maxBuffer: 64 * 1_048_576, ...(options as object) },
      (error, output, complaints) => {
        if (error === null || options.mayFail === true) resolve(String(output))
        else reject(new Error(`${name} failed: ${error.message} ${String(complaints)}`, { cause: error }))
      },
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** A program that runs until it is stopped. */
export interface RunningProgram {
  readonly child: ChildProcess
  output(): string
  stop(): Promise<void>
}

/** Start a program. */
export function startProgram(
  name: string,
  args: readonly string[],
  options: SpawnOptions = {},
): RunningProgram {
  const child = spawn(findProgram(name) ?? name, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      output += chunk
    })
  }
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  // A test that is killed must not leave it running.
  process.once('exit', kill)
  return {
    child,
    output: () => output,
    async stop() {
      process.off('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      kill()
      await once(child, 'exit')
    },
  }
}

/** Wait until it listens there. @throws with what it printed, where it ends instead, or takes more than 15 s */
export async function listens(program: RunningProgram, port: number): Promise<void> {
  await eventually(program, () => {
    const socket = connect(port, '127.0.0.1')
    return new Promise<boolean>(resolve => {
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
  })
}

/** The same, by a question of one's own. */
export async function eventually(program: RunningProgram, ready: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await ready())) {
    if (program.child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`${program.child.spawnfile} is not ready: ${program.output()}`)
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
