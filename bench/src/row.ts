/** A row of the results: one kind of load, and which figure of it is compared. */
import type { Keeper, Kept } from './machine/keeper.ts'
import type { BodyPath } from './origin/bodies.ts'
import type { FigureName } from './report/figures.ts'
import type { Mode } from './subjects/subject.ts'

/** What one load of one subject gave. */
export type Sample = Readonly<Partial<Record<FigureName, number>>>

/** A subject that is up and has been checked. */
export interface Target {
  readonly mode: Mode
  readonly port: number
  readonly process: Kept
}

/** What a load needs from the run. */
export interface LoadSettings {
  /** How long to load, in milliseconds. */
  readonly durationMs: number
  /** Fewer connections, shorter waits: a look, not a measurement. */
  readonly quick: boolean
  /** Run a program beside the proxy, on the cores that the proxy has not. */
  readonly keeper: Keeper
  readonly cores: string | undefined
}

/** Load a subject once. @throws an Error that says what went wrong: any failed request is one */
export type Load = (target: Target, settings: LoadSettings) => Promise<Sample>

export interface Row {
  readonly name: string
  /** What is loaded and how, in a few words. */
  readonly title: string
  readonly mode: Mode
  /** What is asked for; the checks ask for it too. */
  readonly path: BodyPath | '/upload'
  /** Each request asks for the connection to be closed. */
  readonly close?: boolean
  /** The figure that ratios and the plot are made of. */
  readonly compared: FigureName
  /** Start each subject anew for each repeat, instead of once for the row. */
  readonly fresh?: boolean
  /** Only these subjects; all by default that are not made for certain rows. */
  readonly subjects?: readonly string[]
  /** Programs without which the row cannot be measured. */
  readonly needs?: readonly string[]
  /** One of those that `--quick` runs when no row is named. */
  readonly quick?: boolean
  readonly load: Load
}
