/**
 * The log of a door: which records become lines, at which level, and where those go.
 *
 * Where nobody logs there is none of these, and nothing is written down of requests.
 */
import { type LogFormat, type LogLevel, type LogScope, logFormat, type Surroundings } from '@evener/rules'
import type { Clock } from '../base/clock.ts'
import { flag, invalid, knownOptions, withMethods } from '../base/options.ts'
import { madeOfRules } from '../rules/option-error.ts'
import { type CookieCaptureOptions, readCookieCapture } from './cookie-capture.ts'

/** Where lines go: a sink of `@evener/log`, or what has a `write` like theirs, which does not wait and does not throw. */
export interface LogTarget {
  /**
   * @param line without an end and without control characters, a byte in each character
   * @param fields the same as an object, where the format is JSON
   */
  write(level: Exclude<LogLevel, 'silent'>, line: string, fields?: Fields): void
}

type Fields = Readonly<Record<string, string | number | boolean | null>>

/** What is logged. */
export interface LogOptions {
  /** Where to: one, or several. */
  readonly to: LogTarget | readonly LogTarget[]
  /**
   * `httplog`, `httpslog`, `tcplog`, `clf`, a template of one's own (`%ci:%cp %[path,lower]`), or what `logFormat()` or
   * `jsonFormat()` of `@evener/rules` made. `httplog` by default; at layer 4 `tcplog`. HAProxy's `log-format`.
   */
  readonly format?: string | LogFormat | undefined
  /** A cookie whose name and value a line tells (`%CC`, `%CS`). None by default; none at layer 4. HAProxy's `capture cookie`. */
  readonly captureCookie?: CookieCaptureOptions | undefined
  /** Leave out connections on which nothing came. False by default. HAProxy's `option dontlognull`. */
  readonly dontLogNull?: boolean | undefined
  /**
   * Leave out what went well: no error, no timeout, no retry, no redispatch, no status from 500 on. False by default.
   * HAProxy's `option dontlog-normal`.
   */
  readonly dontLogNormal?: boolean | undefined
  /** Log what did not go well at the level `err` instead of `info`. False by default. HAProxy's `option log-separate-errors`. */
  readonly separateErrors?: boolean | undefined
}

const optionNames: readonly (keyof LogOptions)[] = [
  'to',
  'format',
  'captureCookie',
  'dontLogNull',
  'dontLogNormal',
  'separateErrors',
]

/** What a door shows of itself to its log. */
export interface LoggedDoor {
  readonly name: string
  readonly clock: Clock
  readonly around: Surroundings
  /** HAProxy's `%fc`. */
  connectionsNow(): number
  /** A target that throws breaks its word; the line is lost, and it is told here. */
  failed(error: unknown): void
}

/**
 * @returns undefined where nothing is logged
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function doorLog(
  field: string,
  options: LogOptions | undefined,
  door: LoggedDoor,
  usual: 'httplog' | 'tcplog',
): DoorLog | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, optionNames)
  const targets = [options.to].flat() as LogTarget[]
  if (targets.length === 0) throw invalid(`${field}.to`, options.to, 'where to log: a sink, or several')
  for (const target of targets) withMethods(`${field}.to`, target, ['write'], 'standardOutput()')
  const cookie = readCookieCapture(`${field}.captureCookie`, options.captureCookie)
  return new DoorLog(targets, formatOf(`${field}.format`, options.format ?? usual), door, cookie, {
    nothing: flag(`${field}.dontLogNull`, options.dontLogNull, false),
    normal: flag(`${field}.dontLogNormal`, options.dontLogNormal, false),
    separate: flag(`${field}.separateErrors`, options.separateErrors, false),
  })
}

function formatOf(field: string, format: string | LogFormat): LogFormat {
  if (typeof format === 'object' && format !== null) {
    if (typeof format.line === 'function') return format
  } else if (typeof format === 'string') {
    return madeOfRules(`${field}: `, () => logFormat(format))
  }
  throw invalid(field, format, 'httplog, httpslog, tcplog, clf, a template, logFormat(), or jsonFormat()')
}

/** What is left out, and what is set apart. */
interface Choice {
  readonly nothing: boolean
  readonly normal: boolean
  readonly separate: boolean
}

export class DoorLog {
  readonly door: LoggedDoor
  /** The cookie that lines tell. */
  readonly cookie: CookieCaptureOptions | undefined
  /** How many requests have begun, and how many lines were logged. HAProxy's `%rt`, `%lc`. */
  requests = 0
  lines = 0
  readonly #targets: readonly LogTarget[]
  readonly #format: LogFormat
  readonly #choice: Choice

  constructor(
    targets: readonly LogTarget[],
    format: LogFormat,
    door: LoggedDoor,
    cookie: CookieCaptureOptions | undefined,
    choice: Choice,
  ) {
    this.cookie = cookie
    this.#targets = targets
    this.#format = format
    this.door = door
    this.#choice = choice
  }

  /** A record is complete. @param level what rules have said */
  write(scope: LogScope, level: LogLevel | undefined): void {
    const { record } = scope
    const choice = this.#choice
    if (level === 'silent') return
    if (choice.nothing && record.bytesUploaded === 0) return
    const wrong = (choice.normal || choice.separate) && isWrong(record)
    if (choice.normal && !wrong) return
    const as = level ?? (choice.separate && wrong ? 'err' : 'info')
    const format = this.#format
    const line = format.line(scope)
    this.lines++
    const fields = format.fields?.(scope)
    for (const target of this.#targets) {
      try {
        target.write(as, line, fields)
      } catch (error) {
        this.door.failed(error)
      }
    }
  }
}

/** As HAProxy has it: what Evener answers by itself on purpose (`L`) is no error; a retry is none that met with one. */
function isWrong({ termination, retries, redispatched, mode, status }: LogScope['record']): boolean {
  const [first] = termination
  if (redispatched || (first !== '-' && first !== 'L')) return true
  return (first === '-' && retries > 0) || (mode === 'http' && status >= 500)
}
