/**
 * What health checks cost: ten thousand targets, each checked every two seconds, by Evener and by HAProxy, one after the
 * other. A share of one core is processor time over the time that passed.
 */
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as passes } from 'node:timers/promises'
import type { Cores } from '../machine/cores.ts'
import type { Keeper, Kept } from '../machine/keeper.ts'
import { ask, startNode } from '../machine/node-child.ts'
import { freePort } from '../machine/ports.ts'
import { processorMicros, residentBytes } from '../machine/process-figures.ts'
import { missingProgram } from '../machine/programs.ts'
import type { ChildFigures } from './child.ts'
import { startHaproxy, startTarget } from './targets.ts'

const TARGETS = 10_000
const INTERVAL_MS = 2000
/** A quick look has fewer, and reckons: what a check costs hardly depends on how many there are. */
const QUICK_TARGETS = 1000

/** Who checks, and how. Bars are what issue and README promise; HAProxy has none. */
export const checkSubjects = [
  { name: 'evener-tcp', kind: 'tcp', atMostPercent: 35, atMostBytes: 4096 },
  { name: 'haproxy-tcp', kind: 'tcp' },
  { name: 'evener-http', kind: 'http', atMostPercent: 60, atMostBytes: 4096 },
  { name: 'haproxy-http', kind: 'http' },
] as const

export type CheckSubject = (typeof checkSubjects)[number]

/** One repeat of one subject. */
export interface CheckSample {
  /** Of one core, for {@link TARGETS} every {@link INTERVAL_MS}: who does not keep up with that is not cheaper for it. */
  readonly percent: number
  /** Of processor time for a check; HAProxy's by the number of checks that its interval asks for. */
  readonly microsPerCheck: number
  /** Checks a second, and how many failed; HAProxy does not say. */
  readonly checksPerSecond?: number
  readonly failed?: number
  /** What the heap has grown by for a target; of HAProxy what is resident, all included. */
  readonly bytesPerTarget: number
}

export interface CheckResults {
  readonly subject: CheckSubject
  readonly samples: readonly CheckSample[]
}

export interface ChecksRunOptions {
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly keeper: Keeper
  readonly cores: Cores
  readonly say: (line: string) => void
}

/** Why it cannot be measured; undefined where it can. */
export const checksMissing = (): string | undefined => missingProgram('haproxy')

export async function runChecks(
  subjects: readonly CheckSubject[],
  options: ChecksRunOptions,
): Promise<CheckResults[]> {
  const { keeper, cores, say, repeats } = options
  const port = await freePort()
  const target = startTarget(keeper, port, cores.others)
  try {
    await accepts(port)
    const samples = new Map<CheckSubject, CheckSample[]>(subjects.map(subject => [subject, []]))
    for (let repeat = 1; repeat <= repeats; repeat++) {
      say(`checks: repeat ${repeat} of ${repeats}`)
      for (const [subject, taken] of samples) taken.push(await sampleOf(subject, port, options))
    }
    return subjects.map(subject => ({ subject, samples: samples.get(subject) ?? [] }))
  } finally {
    await keeper.stop(target)
  }
}

async function sampleOf(
  subject: CheckSubject,
  port: number,
  options: ChecksRunOptions,
): Promise<CheckSample> {
  const { keeper, cores, quick, seconds } = options
  const { name, kind } = subject
  // Whole intervals, so that no target is checked more often than another.
  const measuredMs = Math.max(1, Math.round((seconds * 1000) / INTERVAL_MS)) * INTERVAL_MS * (quick ? 1 : 2)
  const ours = name.startsWith('evener')
  const targets = quick ? QUICK_TARGETS : TARGETS
  const child = ours
    ? startNode(
        keeper,
        new URL('./child.ts', import.meta.url),
        [kind, port, targets, INTERVAL_MS].map(String),
        cores.proxy,
      )
    : startHaproxy(keeper, kind, port, targets, INTERVAL_MS, cores.proxy)
  try {
    await Promise.race([passes(3 * INTERVAL_MS), child.ended.then(how => fail(child, how))])
    if (ours) await ask<ChildFigures>(child, false)
    const [micros, started] = [processorMicros(child.pid), performance.now()]
    await Promise.race([passes(measuredMs), child.ended.then(how => fail(child, how))])
    const used = processorMicros(child.pid) - micros
    const passedMs = performance.now() - started
    if (!ours) {
      const checks = (targets * passedMs) / INTERVAL_MS
      return {
        percent: ((used / 10 / passedMs) * TARGETS) / targets,
        microsPerCheck: used / checks,
        bytesPerTarget: residentBytes(child.pid).now / targets,
      }
    }
    const { checks, failed, bytesPerTarget } = await ask<ChildFigures>(child, true)
    if (failed > 0) throw new Error(`${name}: ${failed} of ${checks} checks failed`)
    const asked = (TARGETS * 1000) / INTERVAL_MS
    return {
      percent: ((used / checks) * asked) / 10_000,
      microsPerCheck: used / checks,
      checksPerSecond: (checks * 1000) / passedMs,
      failed,
      bytesPerTarget,
    }
  } finally {
    await keeper.stop(child)
  }
}

function fail({ complaints }: Kept, how: string): never {
  throw new Error(`the process ended with ${how}: ${complaints()}`)
}

/** Wait until something listens. @throws after five seconds */
async function accepts(port: number): Promise<void> {
  const deadline = performance.now() + 5000
  while (performance.now() < deadline) {
    const up = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (up) return
    await passes(20)
  }
  throw new Error('the target of the checks does not listen')
}
