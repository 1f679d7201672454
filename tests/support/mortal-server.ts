/** A server that can be killed, frozen, reset and slowed, and recovers from all of it on the same port. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('mortal-server.isolated.ts', import.meta.url))

/** What can be done to it. */
export type Hurt = 'kill' | 'freeze' | 'reset' | 'slow'

export class MortalServer {
  readonly id: string
  #child: ChildProcess | undefined
  #port = 0

  constructor(id: string) {
    this.id = id
    // A test that is killed must not leave it running, frozen least of all.
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async start(): Promise<this> {
    const child = fork(program, [this.id, String(this.#port)], { execArgv: [] })
    this.#child = child
    const [port] = (await once(child, 'message')) as [number]
    this.#port = port
    return this
  }

  async hurt(how: Hurt, delayMs: number): Promise<void> {
    const child = this.#child as ChildProcess
    if (how === 'kill') await this.stop()
    else if (how === 'freeze') child.kill('SIGSTOP')
    else child.send(how === 'slow' ? { delayMs } : { reset: true })
  }

  async heal(how: Hurt): Promise<void> {
    if (how === 'kill') await this.start()
    else if (how === 'freeze') this.#child?.kill('SIGCONT')
    else if (how === 'slow') this.#child?.send({ delayMs: 0 })
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
