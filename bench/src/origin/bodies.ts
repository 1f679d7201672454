/** What the servers answer, and how a client knows that it came through whole. */
import { createHash } from 'node:crypto'

/** A body that differs at every place, so that a piece lost, doubled or moved shows. */
function body(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  let state = bytes
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    buffer[i] = 97 + ((state >>> 16) % 26)
  }
  return buffer
}

/** The paths that can be asked for with GET. */
export const bodies = {
  '/small': body(130),
  '/64k': body(65_536),
  '/1m': body(1_048_576),
  /** Sent in chunks of 4 KiB, without a length. */
  '/chunked': body(16_384),
} as const

export type BodyPath = keyof typeof bodies

/** What is uploaded. */
export const uploadBytes = 1_048_576
export const uploadBody = (): Buffer => body(uploadBytes)

/** The size of the pieces in which `/chunked` is sent. */
export const chunkBytes = 4_096

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
