/** A sink made of a shape and a writer. */
import { type LogClock, processClock } from './clock.ts'
import type { Level } from './levels.ts'
import type { LineFormat } from './line-head.ts'
import { type LineOptions, LineShape, lineOptionNames } from './line-shape.ts'
import { checkNames, integer } from './options.ts'
import { type LineWriter, Pending } from './pending.ts'
import type { LogCounters, LogFields, LogSink } from './sink.ts'

export interface BufferedOptions extends LineOptions {
  /** Most memory for lines that wait, in bytes, from 4096 to 1 GiB; 1 MiB by default. */
  readonly maxBufferedBytes?: number | undefined
  readonly clock?: LogClock | undefined
}

const bufferedNames = [...lineOptionNames, 'maxBufferedBytes', 'clock']

/** @throws {LogError} `EVENER_INVALID_OPTION` for a name that is no option */
export function checkBufferedOptions(
  maker: string,
  options: BufferedOptions,
  own: readonly string[] = [],
): void {
  checkNames(maker, options, [...own, ...bufferedNames])
}

export class LineSink implements LogSink {
  readonly #shape: LineShape
  readonly #pending: Pending

  constructor(
    maker: string,
    options: BufferedOptions,
    format: LineFormat,
    writer: (clock: LogClock) => LineWriter,
  ) {
    this.#shape = new LineShape(maker, options, format)
    const clock = options.clock ?? processClock
    const maxBufferedBytes = integer(
      `${maker}.maxBufferedBytes`,
      options.maxBufferedBytes,
      1_048_576,
      4096,
      1_073_741_824,
    )
    const note = (dropped: number): string => this.#shape.note(dropped)
    this.#pending = new Pending({ writer: writer(clock), clock, maxBufferedBytes, note })
  }

  write(level: Level, line: string, _fields?: LogFields, structured?: string): void {
    const shaped = this.#shape.shaped(level, line, structured)
    if (shaped !== undefined) this.#pending.push(shaped)
  }

  get counters(): LogCounters {
    return this.#pending
  }

  close(): Promise<void> {
    return this.#pending.close()
  }
}
