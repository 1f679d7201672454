/** A file. */
import { LogError } from './errors.ts'
import { FileWriter } from './file-writer.ts'
import { type BufferedOptions, checkBufferedOptions, LineSink } from './line-sink.ts'
import { integer, refuse } from './options.ts'
import type { LogSink } from './sink.ts'

export interface LogFileOptions extends BufferedOptions {
  readonly path: string
  /** Its permissions where it is made; `0o640` by default, less what the process's umask takes away. */
  readonly mode?: number | undefined
}

export interface LogFile extends LogSink {
  /** Go on in the file that now has this name: after it has been moved away, as `logrotate` does. */
  reopen(): void
}

/**
 * Lines at the end of a file, `raw` by default.
 * @throws {LogError} `EVENER_INVALID_OPTION`, also for a file that cannot be opened
 */
export function logFile(options: LogFileOptions): LogFile {
  checkBufferedOptions('logFile', options, ['path', 'mode'])
  const { path } = options
  if (typeof path !== 'string' || path === '') refuse('logFile.path', path, 'the path of a file')
  const writer = opened(path, integer('logFile.mode', options.mode, 0o640, 0, 0o777))
  const sink = new LineSink('logFile', options, 'raw', () => writer)
  return Object.assign(sink, { reopen: () => writer.reopen() })
}

function opened(path: string, mode: number): FileWriter {
  try {
    return new FileWriter(path, mode)
  } catch (cause) {
    const { message } = cause as Error
    throw new LogError(`logFile.path is ${JSON.stringify(path)}; it cannot be opened: ${message}`, { cause })
  }
}
