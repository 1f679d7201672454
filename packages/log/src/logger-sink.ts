/** A logger that the host has: pino, and whatever has its methods. */
import type { Level } from './levels.ts'
import { severity } from './levels.ts'
import { type LineOptions, LineShape } from './line-shape.ts'
import { checkNames, refuse } from './options.ts'
import type { LogCounters, LogFields, LogSink } from './sink.ts'

type Write = (value: LogFields | string) => void

/** What pino has, and winston, Fastify's `log`, and `console` have as well. */
export interface PinoShaped {
  readonly error: Write
  readonly warn: Write
  readonly info: Write
  readonly debug: Write
  /** For emergencies, alerts and what is critical; `error` where there is none. */
  readonly fatal?: Write | undefined
}

export type LoggerSinkOptions = Pick<LineOptions, 'level' | 'minLevel' | 'maxLength' | 'sample'>

const methods = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const

/**
 * Records to a logger: as objects where the format is JSON, else as lines. Whether it waits for what is slow is the
 * logger's own affair; pino does not, with a transport.
 * @throws {LogError} `EVENER_INVALID_OPTION`
 */
export function loggerSink(logger: PinoShaped, options: LoggerSinkOptions = {}): LogSink {
  checkNames('loggerSink', options, ['level', 'minLevel', 'maxLength', 'sample'])
  for (const method of ['error', 'warn', 'info', 'debug'] as const) {
    if (typeof logger?.[method] !== 'function') {
      refuse('loggerSink.logger', logger, 'a logger with the methods error, warn, info and debug')
    }
  }
  return new LoggerSink(logger, new LineShape('loggerSink', options, 'raw'))
}

class LoggerSink implements LogSink, LogCounters {
  written = 0
  dropped = 0
  lastError: Error | undefined
  readonly #logger: PinoShaped
  readonly #shape: LineShape
  #closed = false

  constructor(logger: PinoShaped, shape: LineShape) {
    this.#logger = logger
    this.#shape = shape
  }

  write(level: Level, line: string, fields?: LogFields): void {
    const shaped = this.#shape.shaped(level, line)
    if (shaped === undefined) return
    try {
      if (this.#closed) throw new Error('the sink is closed')
      const method = methods[severity(level)] as (typeof methods)[number]
      const logger = this.#logger
      if (method === 'fatal' && logger.fatal === undefined) logger.error(fields ?? shaped)
      else logger[method]?.(fields ?? shaped)
      this.written++
    } catch (error) {
      this.dropped++
      this.lastError = error as Error
    }
  }

  get counters(): LogCounters {
    return this
  }

  close(): Promise<void> {
    this.#closed = true
    return Promise.resolve()
  }
}
