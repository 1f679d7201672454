/**
 * What of the log goes to one sink, and in what form: what a `log` line of HAProxy says besides the address (manual, `log`).
 */
import { hostname as hostnameOfSystem } from 'node:os'
import { type Facility, facilities, type Level, levels, severity } from './levels.ts'
import { type LineFormat, type LineHead, lineFormats, lineHead } from './line-head.ts'
import { choice, integer, word } from './options.ts'
import { Sampling } from './sampling.ts'

export interface LineOptions {
  /** What stands in front of each line. */
  readonly format?: LineFormat | undefined
  /** `local0` by default. */
  readonly facility?: Facility | undefined
  /** The least of what is written; `debug` by default, which is all. */
  readonly level?: Level | undefined
  /** What is worse is written as this. HAProxy's `minlevel`. `emerg` by default. */
  readonly minLevel?: Level | undefined
  /** Bytes of a line with its head, from 80 to 65535; 1024 by default. What is longer is cut. HAProxy's `len`. */
  readonly maxLength?: number | undefined
  /** Which of the lines: `1:10` is one of ten. HAProxy's `sample`. */
  readonly sample?: string | undefined
  /** HAProxy's `log-tag`; `evener` by default. */
  readonly tag?: string | undefined
  /** HAProxy's `log-send-hostname`; the system's name by default. */
  readonly hostname?: string | undefined
  /** This process's by default. */
  readonly processId?: number | undefined
  /** Milliseconds since 1970; `Date.now` by default. */
  readonly now?: (() => number) | undefined
}

export const lineOptionNames: readonly (keyof LineOptions)[] = [
  'format',
  'facility',
  'level',
  'minLevel',
  'maxLength',
  'sample',
  'tag',
  'hostname',
  'processId',
  'now',
]

/** What would end a line, or move a terminal. */
const control = /[^ -~\x80-\xff]/g

export class LineShape {
  readonly #most: number
  readonly #worst: number
  readonly #maxLength: number
  readonly #sampling: Sampling | undefined
  readonly #head: LineHead
  readonly #now: () => number

  /** @throws {LogError} `EVENER_INVALID_OPTION` */
  constructor(maker: string, options: LineOptions, format: LineFormat) {
    this.#most = severity(choice(`${maker}.level`, options.level, 'debug', levels))
    this.#worst = severity(choice(`${maker}.minLevel`, options.minLevel, 'emerg', levels))
    this.#maxLength = integer(`${maker}.maxLength`, options.maxLength, 1024, 80, 65_535)
    this.#sampling =
      options.sample === undefined ? undefined : new Sampling(`${maker}.sample`, options.sample)
    this.#now = options.now ?? Date.now
    this.#head = lineHead(choice(`${maker}.format`, options.format, format, lineFormats), {
      facility: choice(`${maker}.facility`, options.facility, 'local0', facilities),
      hostname: word(`${maker}.hostname`, options.hostname, hostnameOfSystem(), 255),
      // RFC 5424 section 6: at most 48.
      tag: word(`${maker}.tag`, options.tag, 'evener', 48),
      processId: integer(`${maker}.processId`, options.processId, process.pid, 0, 2 ** 31),
    })
  }

  /** The line as it is to be written, without an end; undefined for one that does not go there. */
  shaped(level: Level, line: string, structured?: string): string | undefined {
    const rank = severity(level)
    if (rank > this.#most || this.#sampling?.takes() === false) return undefined
    const whole = this.#head(Math.max(rank, this.#worst), this.#now(), structured) + onOneLine(line)
    return whole.length > this.#maxLength ? whole.slice(0, this.#maxLength) : whole
  }

  /** What is said of lines that were dropped, whatever is let through. */
  note(dropped: number): string {
    const text = `${dropped} ${dropped === 1 ? 'line' : 'lines'} of the log dropped`
    return this.#head(Math.max(severity('warning'), this.#worst), this.#now(), undefined) + text
  }
}

/** What is no byte is written in UTF-8, and what would end the line or move a terminal, as HAProxy does: `#0A`. */
function onOneLine(line: string): string {
  if (!/[^ -~\x80-\xff]/.test(line)) return line
  const bytes = /[\u0100-\uffff]/.test(line) ? Buffer.from(line).toString('latin1') : line
  return bytes.replace(control, one => `#${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
