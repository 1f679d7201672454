/**
 * One case for the codec: the bytes of one connection, and what must hold of them.
 *
 * Forbidden: that llhttp reads other messages than Evener accepts; that Evener reads otherwise when the bytes arrive
 * in portions; an exception.
 */
import {
  below,
  disagreement,
  evenerReading,
  llhttpReading,
  mutate,
  onceIn,
  oneOf,
  requestStream,
  responseStream,
  seeded,
} from '@evener/http1/testing'

export interface CodecCase {
  readonly side: 'request' | 'response'
  readonly bytes: Buffer
  /** The method that a response answers. */
  readonly requestMethod: string
  /** How the bytes are cut. */
  readonly seed: number
}

const requestMethods = ['GET', 'GET', 'GET', 'HEAD', 'CONNECT']

/** The case that belongs to a seed. */
export function codecCase(seed: number): CodecCase {
  const random = seeded(seed)
  const side = below(random, 2) === 0 ? 'request' : 'response'
  const requestMethod = side === 'request' ? 'GET' : oneOf(random, requestMethods)
  let bytes = side === 'request' ? requestStream(random) : responseStream(random)
  // Some are damaged over and over, far from anything that was meant.
  while (onceIn(random, 8)) bytes = mutate(random, bytes)
  return { side, bytes, requestMethod, seed }
}

/** What is wrong, in words; `undefined` when all is well. */
export function codecFinding({ side, bytes, requestMethod, seed }: CodecCase): string | undefined {
  try {
    const ours = evenerReading(side, bytes, { requestMethod })
    const wrong = disagreement(ours, llhttpReading(side, bytes, requestMethod))
    if (wrong !== undefined) return `llhttp disagrees: ${wrong}`
    const cut = evenerReading(side, bytes, { requestMethod, random: seeded(seed) })
    if (JSON.stringify(cut) !== JSON.stringify(ours)) {
      return `cut, it is read otherwise: ${JSON.stringify(ours)}, ${JSON.stringify(cut)}`
    }
    return undefined
  } catch (error) {
    return `threw ${(error as Error).stack}`
  }
}

/** How many messages the codec accepts of a case. */
export function codecAccepts({ side, bytes, requestMethod }: CodecCase): number {
  return evenerReading(side, bytes, { requestMethod }).messages.length
}
