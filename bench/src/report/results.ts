/** What a run found: plain data, as `--json` prints it and `results.json` keeps it. */
import type { AlgorithmResult } from '../algorithms/run.ts'
import type { CheckResults } from '../checks/run.ts'
import type { Machine } from '../machine/machine.ts'
import type { Sample } from '../row.ts'
import type { FigureName } from './figures.ts'

export interface SubjectResult {
  readonly name: string
  readonly version: string
  readonly about: string
  /** One for each repeat. */
  readonly samples: readonly Sample[]
  /** Why the figures do not count: a wrong answer, or a failed request. */
  readonly failure?: string
}

export interface RowResult {
  readonly name: string
  readonly title: string
  readonly compared: FigureName
  /** When it was measured, in ISO 8601. */
  readonly date: string
  /** The commit of Evener, with a `+` where files had been changed. */
  readonly commit: string
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly machine: Machine
  readonly origin: string
  readonly load: string
  readonly subjects: readonly SubjectResult[]
  /** Why the whole row was left out, naming what is missing. */
  readonly skipped?: string
}

/** How something other than a row was measured. */
interface Measured {
  /** When, in ISO 8601. */
  readonly date: string
  readonly commit: string
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly machine: Machine
}

/** What the algorithms cost. */
export interface AlgorithmsResult extends Measured {
  readonly results: readonly AlgorithmResult[]
}

/** What health checks cost. */
export interface ChecksResult extends Measured {
  readonly results: readonly CheckResults[]
}

export interface Results {
  readonly rows: readonly RowResult[]
  readonly algorithms?: AlgorithmsResult
  readonly checks?: ChecksResult
  /** What was left out and why, by name. */
  readonly missing: readonly string[]
}

/** The values of one figure over the repeats; empty for a subject that failed or has no such figure. */
export function valuesOf(subject: SubjectResult | undefined, figure: FigureName): number[] {
  if (subject === undefined || subject.failure !== undefined) return []
  return subject.samples.map(sample => sample[figure]).filter(value => value !== undefined)
}

/** Rows measured anew take the place of the old ones, which stay otherwise; the order is that of `names`. */
export function mergeRows(
  old: readonly RowResult[],
  fresh: readonly RowResult[],
  names: readonly string[],
): RowResult[] {
  const measured = fresh.filter(({ skipped }) => skipped === undefined)
  const find = (name: string) => measured.find(row => row.name === name) ?? old.find(row => row.name === name)
  return names.map(find).filter(row => row !== undefined)
}
