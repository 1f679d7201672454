/**
 * What a process holds open, counted: before some work and after it, the difference is what leaked.
 *
 * Node's own count (`process.getActiveResourcesInfo()`) sees what keeps the process alive: it misses sockets and
 * timers that are unref'd, as idle pooled ones are. So on Linux the descriptors of the process are counted as well.
 * Cost: a read of /proc/self/fd, some 10 µs per hundred descriptors.
 * Not for: unref'd timers; hand a `CountingClock` to the code under test for these. Not while other tests run in the
 * same process: their sockets count too.
 */
import type { EventEmitter } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { TestingError } from './errors.ts'
import { expectEventually } from './expect-eventually.ts'

/** How many there are of each kind: `TCPSocketWrap`, `Timeout`, `socket descriptor`, `process listener`, … */
export type ResourceSnapshot = Readonly<Record<string, number>>

/**
 * Count what the process holds now.
 * @param emitters event emitters whose listeners count too, as `listener`
 */
export function resourceSnapshot(emitters: readonly EventEmitter[] = []): ResourceSnapshot {
  const counts: Record<string, number> = {}
  const add = (kind: string, number = 1) => {
    counts[kind] = (counts[kind] ?? 0) + number
  }
  for (const kind of process.getActiveResourcesInfo()) if (!PASSING.has(kind)) add(kind)
  for (const kind of descriptorKinds()) add(`${kind} descriptor`)
  add('process listener', listenersOf(process))
  for (const emitter of emitters) add('listener', listenersOf(emitter))
  return counts
}

/** The kinds whose number changed, with how much by; empty if none did. */
export function resourceDiff(before: ResourceSnapshot, after: ResourceSnapshot): ResourceSnapshot {
  const changes: Record<string, number> = {}
  for (const kind of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change = (after[kind] ?? 0) - (before[kind] ?? 0)
    if (change !== 0) changes[kind] = change
  }
  return changes
}

/** A watch over what is held open. */
export interface LeakWatch {
  /** What there is more of than when the watch began. */
  growth(): ResourceSnapshot
  /**
   * Resolves as soon as there is no more of anything than at the beginning (the kernel closes sockets in its own time).
   * @throws {TestingError} `EVENER_TIMEOUT`, naming the kinds, after `timeoutMs` (2,000 by default)
   */
  none(options?: { readonly timeoutMs?: number }): Promise<void>
}

/** Watch from now on: `const watch = leaks(); …; await watch.none()`. */
export function leaks(emitters: readonly EventEmitter[] = []): LeakWatch {
  const before = resourceSnapshot(emitters)
  const growth = () => {
    const changes = Object.entries(resourceDiff(before, resourceSnapshot(emitters)))
    return Object.fromEntries(changes.filter(([, change]) => change > 0))
  }
  const none = async ({ timeoutMs = 2_000 }: { readonly timeoutMs?: number } = {}) => {
    await expectEventually(
      () => {
        const left = Object.entries(growth())
        if (left.length === 0) return
        const kinds = left.map(([kind, number]) => `${number} × ${kind}`).join(', ')
        throw new TestingError('EVENER_TIMEOUT', `left behind: ${kinds}`)
      },
      { timeoutMs },
    )
  }
  return { growth, none }
}

/** What comes and goes with every turn of the event loop and is no leak. */
const PASSING = new Set(['Immediate', 'TickObject', 'FSReqCallback', 'FSReqPromise', 'CloseReq'])

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}

/** `socket` for each socket, open or half closed; nothing where there is no /proc. */
function descriptorKinds(): string[] {
  let names: string[]
  try {
    names = readdirSync('/proc/self/fd')
  } catch {
    return []
  }
  return names.flatMap(name => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:') ? ['socket'] : []
    } catch {
      // The descriptor of the directory read itself is gone by now.
      return []
    }
  })
}
