/** What a command of the runtime API is, and how one is found by its words. */
import type { PatternList } from '@evener/rules'
import type { StickTable } from '@evener/session'
import type { Statistics } from '../statistics.ts'
import { isAtLeast, type Level } from './level.ts'

/** What commands look at and change. */
export interface Subjects {
  readonly statistics: Statistics
  readonly tables: readonly StickTable[]
  /** Lists of patterns that conditions and maps use, in their order: `#0`, `#1`, … */
  readonly patterns: readonly PatternList[]
}

/** Who asks, and what for. */
export interface Call extends Subjects {
  readonly level: Level
  /** The words behind the command's own. */
  readonly args: readonly string[]
  /** The text that followed the line. */
  readonly payload: string | undefined
}

/** What is said: a text that ends each line, or pieces of one where it is long. */
export type Saying = string | Promise<string> | Iterable<string>

export interface Command {
  /** Its own words: `show servers state`. */
  readonly words: string
  /** What may follow them, and what it does: for `help`. */
  readonly usage: readonly [parameters: string, meaning: string]
  /** The least level: `user` by default. */
  readonly level?: Level
  /** It changes something, and so is done in all workers of a cluster. */
  readonly changes?: boolean
  /** @throws {CommandError} where it cannot be done: what is said then */
  readonly run: (call: Call) => Saying
}

/** A command cannot be done: the message is what is said. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandError'
  }
}

/** The command that these words begin with, the longest of several; undefined where none is. */
export function commandOf(commands: readonly Command[], words: readonly string[]): Command | undefined {
  let best: Command | undefined
  for (const command of commands) {
    const own = command.words.split(' ')
    if (own.every((word, at) => words[at] === word) && own.length > (best?.words.split(' ').length ?? 0))
      best = command
  }
  return best
}

/** The help on all commands that these words may begin, and that this level may give; on all where there is none such. */
export function helpOn(commands: readonly Command[], words: readonly string[], level: Level): string {
  const allowed = commands.filter(command => isAtLeast(level, command.level))
  const begun = allowed.filter(command => words.every((word, at) => command.words.split(' ')[at] === word))
  const first = allowed.filter(command => command.words.split(' ')[0] === words[0])
  const shown = begun.length > 0 ? begun : first.length > 0 ? first : allowed
  const lines = shown.map(({ words: own, usage: [parameters, meaning] }) => {
    const left = parameters === '' ? own : `${own} ${parameters}`
    return `  ${left.padEnd(40)}: ${meaning}\n`
  })
  return lines.sort().join('')
}
