/**
 * One connection to the runtime API: lines in, what commands say out, each ended by an empty line.
 *
 * ```text
 *   one line, answered, closed      as scripts use it
 *   `prompt`, `prompt i`            many lines; with `> ` before each, or without
 *   … <<                            a text follows the line, up to an empty one
 * ```
 * Invariant: commands of a connection are done one after the other, and nothing that one says has an empty line in it. A
 * line and a text have bounds; a client that does not read is waited for, and one that is silent is closed on.
 * Source: HAProxy's management guide, section 9.3.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type CommandLine, readCommandLine } from './command-line.ts'
import type { Level } from './level.ts'

/** As HAProxy's `tune.bufsize`, and its limit for texts. */
const longestLine = 16_384
const longestPayload = 131_072

/** Whose connection it is. */
export interface ConnectionOwner {
  readonly timeoutMs: number
  /** Do a command. Never rejects. @returns what is said */
  run(words: readonly string[], payload: string | undefined, level: Level): Promise<string | Iterable<string>>
  /** What is said of commands that these words may begin. */
  help(words: readonly string[], level: Level): string
}

export class ApiConnection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #level: Level
  #mode: 'once' | 'interactive' | 'prompt' = 'once'
  #timed = false
  #quit = false
  /** Ends waiting for a client that is gone. */
  readonly #gone = new AbortController()

  constructor(socket: Socket, owner: ConnectionOwner, level: Level) {
    this.#socket = socket
    this.#owner = owner
    this.#level = level
    socket.setTimeout(owner.timeoutMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#gone.abort())
  }

  /** Serve it, to its end. Never rejects. */
  async serve(): Promise<void> {
    try {
      for await (const { commands, payload } of this.#asked()) {
        await this.#answer(commands, payload)
        if (this.#quit || this.#mode === 'once') break
        if (this.#mode === 'prompt') await this.#say(this.#prompt)
      }
      this.#socket.end()
      // What else it sends is of no use, and must not hold the connection.
      this.#socket.resume()
    } catch {
      // It is gone, or said more than it may.
      this.#socket.destroy()
    }
  }

  /** The lines that were sent, with their texts. */
  async *#asked(): AsyncGenerator<CommandLine & { readonly payload: string | undefined }> {
    let pending: CommandLine | undefined
    let payload = ''
    for await (const line of this.#lines()) {
      if (pending !== undefined) {
        if (line !== pending.payloadEnd) {
          payload += `${line}\n`
          if (payload.length > longestPayload) throw new Error('the text is too long')
          continue
        }
        yield { ...pending, payload }
        pending = undefined
        payload = ''
        continue
      }
      const read = readCommandLine(line)
      if (read.payloadEnd !== undefined) {
        pending = read
        if (this.#mode === 'prompt') await this.#say('+ ')
      } else yield { ...read, payload: undefined }
    }
    // As HAProxy: a text is complete at the end of what is sent, too.
    if (pending !== undefined) yield { ...pending, payload }
  }

  async *#lines(): AsyncGenerator<string> {
    let rest = Buffer.alloc(0)
    for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
      rest = Buffer.concat([rest, chunk as Buffer])
      let at = 0
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a, at)) {
        yield rest.toString('utf8', at, end).replace(/\r$/, '')
        at = end + 1
      }
      rest = rest.subarray(at)
      if (rest.length > longestLine) throw new Error('the line is too long')
    }
    if (rest.length > 0) yield rest.toString('utf8')
  }

  async #answer(commands: CommandLine['commands'], payload: string | undefined): Promise<void> {
    for (const [at, words] of commands.entries()) {
      const last = at === commands.length - 1
      const own = this.#ownCommand(words)
      const said = own ?? (await this.#owner.run(words, last ? payload : undefined, this.#level))
      if (this.#quit) return
      if (typeof said === 'string') await this.#say(said)
      else for (const piece of said) await this.#say(piece)
      await this.#say('\n')
    }
  }

  /** A command about the connection itself. @returns what is said; undefined where it is none */
  #ownCommand([verb = '', ...args]: readonly string[]): string | undefined {
    switch (verb) {
      case 'quit':
        this.#quit = true
        return ''
      case 'prompt':
        this.#setMode(args)
        return ''
      case 'help':
        return `The following commands are valid at this level:\n${this.#owner.help(args, this.#level)}`
      case 'user':
        return this.#lower('user')
      case 'operator':
        return this.#level === 'user' ? 'Permission denied\n' : this.#lower('operator')
      case 'show':
        return args[0] === 'cli' && args[1] === 'level' ? `${this.#level}\n` : undefined
      case 'set':
        return args[0] === 'timeout' ? this.#setTimeout(args.slice(1)) : undefined
      default:
        return undefined
    }
  }

  #lower(level: Level): string {
    this.#level = level
    return ''
  }

  /** Without a word it goes to and fro between a prompt and one line. */
  #setMode(words: readonly string[]): void {
    if (words.includes('n')) this.#mode = 'once'
    else if (words.includes('i')) this.#mode = 'interactive'
    else if (words.includes('p')) this.#mode = 'prompt'
    else if (words.includes('timed')) {
      this.#mode = 'prompt'
      this.#timed = !this.#timed
    } else this.#mode = this.#mode === 'prompt' ? 'once' : 'prompt'
  }

  #setTimeout([what, delay]: readonly string[]): string {
    const match = /^(\d{1,9})(us|ms|s|m|h|d)?$/.exec(delay ?? '')
    if (what !== 'cli' || match === null) return "'set timeout' only supports 'cli' and a delay.\n"
    // Without a unit HAProxy takes seconds here.
    const unitMs = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[
      match[2] ?? 's'
    ] as number
    this.#socket.setTimeout(Math.min(2_147_483_647, Math.max(1, Math.round(Number(match[1]) * unitMs))))
    return ''
  }

  get #prompt(): string {
    if (!this.#timed) return '> '
    const seconds = Math.floor(process.uptime())
    const parts = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60]
    const shown = parts.map(part => String(Math.floor(part)).padStart(2, '0')).join(':')
    return `[${Math.floor(seconds / 86_400)}:${shown}]> `
  }

  async #say(text: string): Promise<void> {
    if (text === '') return
    if (!this.#socket.write(text)) await once(this.#socket, 'drain', { signal: this.#gone.signal })
  }
}
