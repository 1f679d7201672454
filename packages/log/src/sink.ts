/** Where lines of a log go. */
import type { Level } from './levels.ts'

export interface LogCounters {
  /** Lines handed to the system or to the logger. What a peer has not read when it breaks is among them. */
  readonly written: number
  /** Lines that found no room, or were being written when that failed. */
  readonly dropped: number
  /** What went wrong last. */
  readonly lastError: Error | undefined
}

/** Fields of a record, for loggers that write objects. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface LogSink {
  /**
   * Write a line, soon. It never throws and never waits: what finds no room is dropped, and counted.
   * @param line without an end and without control characters, a byte in each character
   * @param fields the same as an object
   * @param structured RFC 5424's structured data, as in `[id@1 key="value"]`; nothing else has a place for it
   */
  write(level: Level, line: string, fields?: LogFields, structured?: string): void
  readonly counters: LogCounters
  /** Write what is left, for two seconds at most; what comes later is dropped. */
  close(): Promise<void>
}
