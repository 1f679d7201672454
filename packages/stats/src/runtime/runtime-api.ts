/**
 * HAProxy's runtime API on a unix socket or a TCP port: what its operators and their tools (socat, hatop, dataplane scripts)
 * ask and order, in its words.
 *
 * In a cluster each worker may listen on the same socket: what changes something is done in all of them, and the statistics
 * are of all. `show table`, `show sess` and `show errors` are of the worker that answers.
 *
 * Danger: whoever reaches it may do what its level allows; nobody is asked for a password, as with HAProxy. By default it is
 * a file that only the user of the process may open.
 * Source: HAProxy's management guide, section 9.3; manual, `stats socket`.
 */
import { chmod, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { answerWorkers, askWorkers } from '@evener/core'
import { PatternList } from '@evener/rules'
import { StickTable } from '@evener/session'
import { integer, invalid, knownOptions, oneOf } from '../options.ts'
import { Statistics } from '../statistics.ts'
import { type Command, CommandError, commandOf, helpOn, type Subjects } from './command.ts'
import { allCommands } from './commands/all.ts'
import { ApiConnection, type ConnectionOwner } from './connection.ts'
import { isAtLeast, type Level, levels } from './level.ts'

/** The options of {@link runtimeApi}. */
export interface RuntimeApiOptions {
  /** What it shows and changes: frontends and backends. */
  readonly statistics: Statistics
  /** Stick tables that it shows and changes. None by default. */
  readonly tables?: readonly StickTable[] | undefined
  /** Lists of patterns, of conditions and of maps, in the order that gives them their number. None by default. */
  readonly patterns?: readonly PatternList[] | undefined
  /** Connections at once: 1 to 1000; 10 by default. HAProxy's `stats maxconn`. */
  readonly maxConnections?: number | undefined
  /** How long a connection may be silent, in milliseconds: 10,000 by default. HAProxy's `stats timeout`. */
  readonly timeoutMs?: number | undefined
}

/** Where it listens: exactly one of `path` and `port`. */
export interface RuntimeApiBind {
  /** The path of a unix socket. One that a process left behind is taken away. */
  readonly path?: string | undefined
  /** The permissions of that file: `0o600` by default. */
  readonly mode?: number | undefined
  readonly port?: number | undefined
  /** The address: `127.0.0.1` by default. */
  readonly host?: string | undefined
  /** What who comes by it may do: `operator` by default, as with HAProxy. */
  readonly level?: Level | undefined
}

/**
 * Make a runtime API.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function runtimeApi(options: RuntimeApiOptions): RuntimeApi {
  return new RuntimeApi(options)
}

interface Order {
  readonly words: readonly string[]
  readonly payload: string | undefined
}

export class RuntimeApi implements ConnectionOwner {
  readonly timeoutMs: number
  readonly #subjects: Subjects
  readonly #maxConnections: number
  readonly #listeners = new Set<Server>()
  readonly #sockets = new Set<Socket>()
  readonly #forget: () => void
  readonly #topic: string

  /** See {@link runtimeApi}. */
  constructor(options: RuntimeApiOptions) {
    knownOptions('runtimeApi', options, ['statistics', 'tables', 'patterns', 'maxConnections', 'timeoutMs'])
    const { statistics, tables = [], patterns = [] } = options
    if (!(statistics instanceof Statistics))
      throw invalid('runtimeApi.statistics', statistics, 'what statistics() has made')
    if (!Array.isArray(tables) || !tables.every(table => table instanceof StickTable))
      throw invalid('runtimeApi.tables', tables, 'an array of what stickTable() has made')
    if (!Array.isArray(patterns) || !patterns.every(list => list instanceof PatternList))
      throw invalid('runtimeApi.patterns', patterns, 'an array of what patternList() has made')
    this.#subjects = { statistics, tables: [...tables], patterns: [...patterns] }
    this.#maxConnections = integer('runtimeApi.maxConnections', options.maxConnections, 10, 1, 1000)
    this.timeoutMs = integer('runtimeApi.timeoutMs', options.timeoutMs, 10_000, 1, 2_147_483_647)
    this.#topic = `runtime ${statistics.name}`
    this.#forget = answerWorkers(this.#topic, order =>
      this.#do((order as Order).words, (order as Order).payload),
    )
  }

  /**
   * Listen at one more place. May be called several times, with a level each.
   * @returns the port; 0 for a unix socket
   * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`; rejects with the system's error where it cannot
   */
  async listen(bind: RuntimeApiBind): Promise<number> {
    knownOptions('listen', bind, ['path', 'mode', 'port', 'host', 'level'])
    const { path, host = '127.0.0.1', level = 'operator' } = bind
    if ((path === undefined) === (bind.port === undefined))
      throw invalid('listen', bind, 'exactly one of path and port')
    if (path !== undefined && (typeof path !== 'string' || path === ''))
      throw invalid('listen.path', path, 'a path')
    const mode = integer('listen.mode', bind.mode, 0o600, 0, 0o777)
    const port = integer('listen.port', bind.port, 0, 0, 65_535)
    const allowed = oneOf('listen.level', level, levels)
    const listener = createServer({ allowHalfOpen: true }, socket => this.#accept(socket, allowed))
    if (path === undefined) await begin(listener, { port, host })
    else {
      await beginAt(listener, path)
      await chmod(path, mode)
    }
    listener.on('error', () => undefined)
    this.#listeners.add(listener)
    const address = listener.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  #accept(socket: Socket, level: Level): void {
    if (this.#sockets.size >= this.#maxConnections) {
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    void new ApiConnection(socket, this, level).serve()
  }

  /** Do a command for a connection, and in the other workers where it changes something. Never rejects. @internal */
  async run(
    words: readonly string[],
    payload: string | undefined,
    level: Level,
  ): Promise<string | Iterable<string>> {
    const command = commandOf(allCommands, words)
    if (command === undefined)
      return `Unknown command, but maybe one of the following ones is a better match:\n${this.help(words, level)}`
    if (!isAtLeast(level, command.level)) return 'Permission denied\n'
    const said = await this.#do(words, payload, level, command)
    if (command.changes === true) await askWorkers(this.#topic, { words, payload } satisfies Order)
    return said
  }

  /** @internal */
  help(words: readonly string[], level: Level): string {
    return helpOn([...allCommands, ...ownCommands], words, level)
  }

  async #do(
    words: readonly string[],
    payload: string | undefined,
    level: Level = 'admin',
    command = commandOf(allCommands, words),
  ): Promise<string | Iterable<string>> {
    try {
      const args = words.slice(command?.words.split(' ').length)
      const said = await command?.run({ ...this.#subjects, args, payload, level })
      return said === undefined || typeof said === 'string' ? (said ?? '') : guarded(said)
    } catch (error) {
      return refusal(error)
    }
  }

  /** Close it, and all connections to it. */
  async close(): Promise<void> {
    this.#forget()
    const closed = [...this.#listeners].map(
      listener => new Promise<void>(resolve => listener.close(() => resolve())),
    )
    this.#listeners.clear()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }
}

/** What is said where a command cannot be done: by its own words, or by those of an option that is not allowed. */
function refusal(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const known = error instanceof CommandError || (error as { code?: unknown }).code !== undefined
  return `${known ? message : `It failed: ${message}`}\n`.replaceAll(/\n{2,}/g, '\n')
}

/** Pieces are made while they are said, and may find that there is nothing to say. */
function* guarded(pieces: Iterable<string>): Generator<string> {
  try {
    yield* pieces
  } catch (error) {
    yield refusal(error)
  }
}

const about = (words: string, parameters: string, meaning: string): Command => ({
  words,
  usage: [parameters, meaning],
  run: () => '',
})

/** Those that a connection does itself: for `help`. */
const ownCommands: readonly Command[] = [
  about('help', '[<command>]', 'list matching or all commands'),
  about('operator', '', 'lower the level of the current CLI session to operator'),
  about('prompt', '[n|i|p|timed]', 'toggle interactive mode with prompt'),
  about('quit', '', 'disconnect'),
  about('set timeout cli', '<delay>', 'change how long the connection may be silent'),
  about('show cli level', '', 'display the level of the current CLI session'),
  about('user', '', 'lower the level of the current CLI session to user'),
]

function begin(listener: Server, where: { port: number; host: string } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(where, () => {
      listener.off('error', reject)
      resolve()
    })
  })
}

/** As a file that only the user of the process may open, from the moment that it is there. */
async function beginAt(listener: Server, path: string): Promise<void> {
  const attempt = (): Promise<void> => {
    let before: number | undefined
    try {
      before = process.umask(0o177)
    } catch {
      // A worker thread cannot; its file is narrowed right after.
    }
    try {
      return begin(listener, { path })
    } finally {
      if (before !== undefined) process.umask(before)
    }
  }
  try {
    await attempt()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await dead(path))) throw error
    await unlink(path)
    await attempt()
  }
}

/** Whether nobody listens on this unix socket. */
function dead(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'))
  })
}
