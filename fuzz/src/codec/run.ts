/** Cases for the codec, one after another, for as long as one likes. Memory stays what it is: nothing is kept. */
import type { Finding } from '../finding.ts'
import { codecCase, codecFinding } from './case.ts'

const linesEvery = 500_000

export interface CodecRun {
  readonly messages: number
  readonly seed: number
  say(line: string): void
}

/** @returns the first finding, or undefined */
export function runCodec({ messages, seed, say }: CodecRun): Finding | undefined {
  const startedAt = performance.now()
  let bytesTried = 0
  for (let done = 0; done < messages; ) {
    const one = codecCase((seed + done) >>> 0)
    const what = codecFinding(one)
    if (what !== undefined) {
      return {
        what,
        seed: one.seed,
        bytes: [{ label: `${one.side} (${one.requestMethod})`, bytes: one.bytes }],
      }
    }
    bytesTried += one.bytes.length
    done++
    if (done % linesEvery === 0 || done === messages) {
      const seconds = (performance.now() - startedAt) / 1000
      const rss = Math.round(process.memoryUsage.rss() / 1e6)
      say(
        `${done} streams, ${Math.round(bytesTried / 1e6)} MB, ${Math.round(done / seconds)} a second, ${rss} MB resident`,
      )
    }
  }
  return undefined
}
