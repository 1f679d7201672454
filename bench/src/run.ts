/**
 * The run: for each row, all its subjects at once, loaded one after the other, again and again (A B C A B C …).
 *
 * ```text
 * start all ── check the answers ── warm up ── load A, B, C … as often as there are repeats ── check ── stop all
 * ```
 * A subject that fails anywhere is out for the row, and its figures do not count; the others go on. Those that are
 * not loaded at the moment do nothing but their health checks.
 */

import { waitForAnswer } from './check/client.ts'
import { verify } from './check/verify.ts'
import { wrkLoad } from './load/wrk.ts'
import { certificateIn } from './machine/certificate.ts'
import type { Cores } from './machine/cores.ts'
import type { Keeper, Kept } from './machine/keeper.ts'
import { freePort } from './machine/ports.ts'
import type { Origin } from './origin/origin.ts'
import type { SubjectResult } from './report/results.ts'
import type { Load, LoadSettings, Row, Sample, Target } from './row.ts'
import { type Subject, speaksTls } from './subjects/subject.ts'

export interface RunOptions {
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly keeper: Keeper
  readonly cores: Cores
  readonly origin: Origin
  /** Told what is going on, a line at a time. */
  readonly say: (line: string) => void
}

/** Whether this subject is measured in this row. */
export function belongs(subject: Subject, row: Row): boolean {
  if (!subject.modes.includes(row.mode)) return false
  if (subject.rows !== undefined && !subject.rows.includes(row.name)) return false
  return row.subjects === undefined || row.subjects.includes(subject.name)
}

/** Measure one row. Never rejects because of a subject: what fails is in the results. */
export async function runRow(
  row: Row,
  subjects: readonly Subject[],
  options: RunOptions,
): Promise<SubjectResult[]> {
  const contestants = subjects.map(subject => new Contestant(subject, row, options))
  const each = async (step: string, act: (one: Contestant) => Promise<void>): Promise<void> => {
    for (const one of contestants) {
      if (one.failure !== undefined) continue
      try {
        await act(one)
      } catch (error) {
        one.failure = `${step}: ${inOneLine((error as Error).message)}`
        options.say(`${row.name}: ${one.subject.name} FAILED: ${one.failure}`)
      }
    }
  }
  try {
    await each('start', one => one.start())
    await each('check before', one => one.check())
    await each('warm-up', one => one.warmUp())
    for (let repeat = 1; repeat <= options.repeats; repeat++) {
      options.say(`${row.name}: repeat ${repeat} of ${options.repeats}`)
      await each('load', one => one.load(repeat))
    }
    await each('check after', one => one.check())
  } finally {
    await Promise.all(contestants.map(one => one.stop()))
  }
  return contestants.map(one => one.result())
}

/** A message as it fits under a table: what a program complained of may be pages. */
const inOneLine = (message: string): string => message.replaceAll(/\s+/g, ' ').slice(0, 500)

/** One subject in one row. */
class Contestant {
  readonly subject: Subject
  failure: string | undefined
  readonly #row: Row
  readonly #options: RunOptions
  readonly #samples: Sample[] = []
  #process: Kept | undefined
  #port = 0

  constructor(subject: Subject, row: Row, options: RunOptions) {
    this.subject = subject
    this.#row = row
    this.#options = options
  }

  async start(): Promise<void> {
    const { keeper, cores, origin } = this.#options
    this.#port = await freePort()
    const { mode } = this.#row
    const place = {
      mode,
      port: this.#port,
      servers: origin.ports,
      directory: keeper.directory(),
      ...(speaksTls(mode) && { certificate: certificateIn(keeper) }),
    }
    this.#process = keeper.start(this.subject.launch(place), cores.proxy)
    await waitForAnswer(this.#port, this.#process, this.subject.name, mode)
  }

  check(): Promise<void> {
    return verify(this.#port, this.subject, this.#row)
  }

  /** So that what compiles while it runs has compiled, and connections to the servers stand. */
  async warmUp(): Promise<void> {
    const { quick, seconds } = this.#options
    // A fresh process is what such a row is about.
    if (this.#row.fresh) return
    const warm =
      this.#row.compared === 'cpu'
        ? this.#row.load
        : wrkLoad({ path: '/small', connections: 64, close: false })
    await this.#load(warm, quick ? 400 : Math.max(1_000, seconds * 1_000))
  }

  async load(repeat: number): Promise<void> {
    if (this.#row.fresh && repeat > 1) {
      await this.stop()
      await this.start()
    }
    this.#samples.push(await this.#load(this.#row.load, this.#options.seconds * 1_000))
  }

  async #load(load: Load, durationMs: number): Promise<Sample> {
    const { keeper, cores, quick } = this.#options
    const { mode } = this.#row
    const target: Target = { mode, port: this.#port, process: this.#process as Kept }
    const settings: LoadSettings = { durationMs, quick, keeper, cores: cores.others }
    return await load(target, settings)
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await this.#options.keeper.stop(this.#process)
  }

  result(): SubjectResult {
    const { name, version, about } = this.subject
    const failure = this.failure === undefined ? {} : { failure: this.failure }
    return { name, version: version(), about, samples: this.#samples, ...failure }
  }
}
