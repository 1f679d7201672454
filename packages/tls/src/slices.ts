/** Long work in short stretches, so that handshakes and requests go on meanwhile. */

/** Drive work to its end at once. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/**
 * Drive work in slices, each followed by a turn of the event loop. A slice is longer than `sliceMs` by at
 * most one step.
 * @param now monotonic milliseconds
 */
export async function inSlices<T>(work: Generator<void, T>, now: () => number, sliceMs = 5): Promise<T> {
  for (let until = now() + sliceMs; ; ) {
    const step = work.next()
    if (step.done) return step.value
    if (now() < until) continue
    await new Promise(resolve => setImmediate(resolve))
    until = now() + sliceMs
  }
}
