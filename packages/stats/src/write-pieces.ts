/** Write a long text piece by piece, at the client's pace, and let other work go on between. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** Resolves when all is written, or the client is gone. */
export async function writePieces(to: Writable, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (to.destroyed) return
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined)
    await turn()
  }
  to.end()
}
