/** What this package's tests share: a clock that the test moves, checkers that follow a script, servers. */
import { readFileSync } from 'node:fs'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import type { CheckCode, Checker, CheckResult, Clock, Target, Timer } from './contract.ts'

interface PendingTimer extends Timer {
  readonly at: number
  readonly callback: () => void
}

/** Time that only moves when told. Timers fire in the order of their times, and of their making. */
export class VirtualClock implements Clock {
  #now = 0
  #timers: PendingTimer[] = []

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const at = this.#now + delayMs
    const cancel = (): void => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
    const timer = { at, callback, cancel }
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timers[middle]!.at <= at) low = middle + 1
      else high = middle
    }
    this.#timers.splice(low, 0, timer)
    return timer
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length
  }

  /** Let time pass, and let promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#now = next.at
      next.callback()
      await settled()
    }
    this.#now = end
  }

  /** The same at once, for timers whose promises do not matter yet. */
  advanceNow(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#now = next.at
      next.callback()
    }
    this.#now = end
  }
}

/** Enough turns for any chain of promises in this package. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await undefined
}

export function resultOf(code: CheckCode, durationMs = 0): CheckResult {
  return { ok: /OKC?$/.test(code), code, message: code, durationMs }
}

/** One check that a {@link ScriptedChecker} was asked for. */
export interface AskedCheck {
  readonly id: string
  readonly at: number
  readonly signal: AbortSignal
  /** Answer it. */
  answer(code: CheckCode): void
}

/**
 * A checker that answers with `next(asked)` at once, or after `takesMs`, and writes down what it was asked. An
 * answer of undefined is left to the test; an abort is answered with `L4TOUT` unless `deaf`.
 */
export class ScriptedChecker implements Checker {
  readonly name = 'scripted'
  readonly asked: AskedCheck[] = []
  next: (asked: AskedCheck) => CheckCode | undefined = () => 'L4OK'
  takesMs = 0
  deaf = false
  /** The most checks of one target that ran at once. */
  mostAtOnce = 0
  readonly #running = new Map<string, number>()
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** When each check began. */
  get times(): number[] {
    return this.asked.map(({ at }) => at)
  }

  check(target: Target, signal: AbortSignal): Promise<CheckResult> {
    const startedAt = this.#clock.now()
    const running = (this.#running.get(target.id) ?? 0) + 1
    this.#running.set(target.id, running)
    this.mostAtOnce = Math.max(this.mostAtOnce, running)
    return new Promise(resolve => {
      let timer: Timer | undefined
      let done = false
      const answer = (code: CheckCode): void => {
        if (done) return
        done = true
        timer?.cancel()
        this.#running.set(target.id, (this.#running.get(target.id) ?? 1) - 1)
        resolve(resultOf(code, this.#clock.now() - startedAt))
      }
      const asked = { id: target.id, at: startedAt, signal, answer }
      this.asked.push(asked)
      if (!this.deaf) signal.addEventListener('abort', () => answer('L4TOUT'), { once: true })
      const code = this.next(asked)
      if (code === undefined) return
      if (this.takesMs === 0) answer(code)
      else timer = this.#clock.setTimeout(() => answer(code), this.takesMs)
    })
  }
}

/** A target by its name; nobody listens there. */
export function named(id: string): Target {
  return { id, host: '127.0.0.1', port: 9 }
}

/** Listen on a free port; at the test's end everything is closed. */
export async function listen<S extends Server>(server: S, options: ListenOptions = {}): Promise<S> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1', ...options }, resolve))
  return server
}

/** Where a server listens, as a target. */
export function targetOf(server: Server, more: Partial<Target> = {}): Target {
  const { address, port } = server.address() as AddressInfo
  return { id: 'app', host: address, port, ...more }
}

/** Resolves when the server has no connection left that it would have to wait for: nobody leaked a socket. */
export function allClosed(server: Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()))
}

/** A server that hands each connection's first bytes to `respond`. */
export function rawServer(respond: (socket: Socket, first: Buffer) => void): Promise<Server> {
  return listen(createServer(socket => socket.once('data', first => respond(socket, first))))
}

/** A port of the loopback on which nobody listens. */
export async function deadTarget(): Promise<Target> {
  const server = await listen(createServer())
  const target = targetOf(server)
  await allClosed(server)
  return target
}

/** A signal that never aborts. */
export function patience(): AbortSignal {
  return new AbortController().signal
}

const fixture = (name: string): string =>
  readFileSync(new URL(`../test-fixtures/${name}`, import.meta.url), 'utf8')

/** A certificate for localhost, app.test, 127.0.0.1 and ::1, its own authority, and its key. */
export const certificate: string = fixture('certificate.pem')
export const key: string = fixture('key.pem')

/** What a {@link talkingServer} has heard, and where it is. */
export interface TalkingServer {
  readonly server: Server
  /** What it heard on each of its connections. */
  readonly heard: string[]
  target(more?: Partial<Target>): Target
}

/**
 * A server that begins with a greeting, unless that is empty, and answers each piece that it hears with the next of its
 * replies; undefined ends the connection, behind a reply at once, and after the last there is no answer at all.
 */
export async function talkingServer(
  greeting: string | Uint8Array,
  replies: readonly (string | Uint8Array | undefined)[] = [],
): Promise<TalkingServer> {
  const heard: string[] = []
  const server = await listen(
    createServer(socket => {
      const connection = heard.push('') - 1
      const left = [...replies]
      if (greeting.length > 0) socket.write(greeting)
      socket.on('data', piece => {
        heard[connection] += piece.toString('latin1')
        if (left.length === 0) return
        const reply = left.shift()
        if (reply !== undefined) socket.write(reply)
        if (reply === undefined || (left.length > 0 && left[0] === undefined)) socket.end()
      })
    }),
  )
  return { server, heard, target: more => targetOf(server, more) }
}

/** Bytes of a hexadecimal text, blanks aside. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}
