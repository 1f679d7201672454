/** Standard output, or standard error: HAProxy's `log stdout`, `log stderr`. */
import { constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { LogClock } from './clock.ts'
import { FileWriter } from './file-writer.ts'
import { type BufferedOptions, checkBufferedOptions, LineSink } from './line-sink.ts'
import { choice } from './options.ts'
import type { LineWriter } from './pending.ts'
import type { LogSink } from './sink.ts'
import { StreamWriter } from './stream-writer.ts'

export interface StandardOutputOptions extends BufferedOptions {
  /** `stdout` by default. */
  readonly stream?: 'stdout' | 'stderr' | undefined
}

/**
 * Lines to the process's standard output, `raw` by default.
 *
 * `console.log` waits where the output is a pipe that nobody reads; this does not.
 * @throws {LogError} `EVENER_INVALID_OPTION`
 */
export function standardOutput(options: StandardOutputOptions = {}): LogSink {
  checkBufferedOptions('standardOutput', options, ['stream'])
  const stream = choice('standardOutput.stream', options.stream, 'stdout', ['stdout', 'stderr'])
  return new LineSink('standardOutput', options, 'raw', clock =>
    descriptorWriter(stream === 'stdout' ? 1 : 2, clock),
  )
}

/**
 * For what others have opened: a thread writes files and terminals; a pipe is written to as a stream, so that nothing
 * waits for whoever reads it. It is opened a second time for that, since the first belongs to `console` as well, and to
 * whatever shares it with this process: none of them expects it not to block.
 */
export function descriptorWriter(descriptor: number, clock: LogClock): LineWriter {
  const second = fstatSync(descriptor).isFIFO() ? openedAgain(descriptor) : undefined
  if (second === undefined) return FileWriter.of(descriptor)
  const connect = (): Socket => new Socket({ fd: second, readable: false, writable: true })
  return new StreamWriter({ clock, framing: 'newline', connect })
}

/** Undefined where the system does not offer that. */
function openedAgain(descriptor: number): number | undefined {
  try {
    return openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
}
