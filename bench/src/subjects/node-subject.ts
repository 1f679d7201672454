/** A subject that runs in Node: `child.ts` loads its file in a process of its own and calls `start`. */
import { nodeLaunch } from '../machine/node-child.ts'
import { packageVersion } from '../machine/programs.ts'
import type { Mode, Place, Subject } from './subject.ts'

/** What a Node subject says of itself. */
export interface NodeSubjectOptions {
  readonly name: string
  readonly about: string
  /** The npm package that it measures; Node itself where none is named. */
  readonly package?: string
  readonly rows?: readonly string[]
  readonly proxies?: boolean
  /** What it speaks; `http` alone by default. */
  readonly modes?: readonly Mode[]
  readonly sticky?: boolean
  /** Listen at this place. Loads its packages by itself, so that no other subject's process carries them. */
  readonly start: (place: Place) => Promise<void>
}

const versionOf = (name: string | undefined): string | undefined =>
  name === undefined ? process.versions.node : packageVersion(name)

export interface NodeSubject extends Subject {
  readonly start: (place: Place) => Promise<void>
}

export function nodeSubject({
  proxies = true,
  sticky = false,
  modes = ['http'],
  ...options
}: NodeSubjectOptions): NodeSubject {
  const file = new URL('./child.ts', import.meta.url)
  return {
    ...options,
    proxies,
    sticky,
    modes,
    version: () => versionOf(options.package) ?? 'unknown',
    missing: () =>
      versionOf(options.package) === undefined
        ? `the npm package ${options.package} is not installed`
        : undefined,
    launch: place => nodeLaunch(file, [options.name, JSON.stringify(place)]),
  }
}
