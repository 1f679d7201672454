/**
 * The last message that could not be read, kept for whoever looks into it: HAProxy's `show errors` (management guide).
 *
 * Invariant: a copy, of a bounded piece. Cost: nothing but for a message that is refused anyway.
 */

/** As much of a message as is kept. HAProxy keeps a buffer, 16 KB. */
const mostBytes = 4_096

export interface CapturedError {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The other end's address. */
  readonly from: string
  /** What is wrong, in words, with the place. */
  readonly message: string
  /** The piece in which it was found, as it came: at most 4 KiB. */
  readonly bytes: Buffer
}

/** Keep what was being read when it turned out to be wrong. */
export function captured(
  from: string,
  message: string,
  buffer: Buffer,
  start: number,
  end: number,
): CapturedError {
  const bytes = Buffer.from(buffer.subarray(start, Math.min(end, start + mostBytes)))
  return { at: Date.now(), from, message, bytes }
}
