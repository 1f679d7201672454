/**
 * Tells when files or folders may have changed, however that was done: written in place, renamed over, or a
 * symbolic link turned elsewhere.
 *
 * It watches folders, not files, because a file that is replaced takes its watch along: the folder a path
 * lies in, the folder that its links lead to (certbot's `live` → `archive`), and where the path is a folder,
 * that one too (in Kubernetes it is the link `..data` in it that turns). What is told is a hint; whoever
 * reads compares contents.
 *
 * Invariant: a change after `arm()` is told at most `debounceMs` later, however many there are.
 * Not for: network file systems, which tell nothing; there, reload by call.
 */
import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { TlsClock, TlsTimer } from './clock.ts'
import { reasonOf } from './errors.ts'

interface Watched {
  readonly watcher: FSWatcher
  readonly identity: string
}

export class FileWatch {
  readonly #paths: readonly string[]
  readonly #debounceMs: number
  readonly #clock: TlsClock
  readonly #changed: () => void
  readonly #problem: (folder: string, reason: string) => void
  readonly #watched = new Map<string, Watched>()
  #timer: TlsTimer | undefined
  #closed = false

  /**
   * @param changed called when something may have changed
   * @param problem called when a folder cannot be watched
   */
  constructor(
    paths: readonly string[],
    debounceMs: number,
    clock: TlsClock,
    changed: () => void,
    problem: (folder: string, reason: string) => void,
  ) {
    this.#paths = paths
    this.#debounceMs = debounceMs
    this.#clock = clock
    this.#changed = changed
    this.#problem = problem
  }

  /**
   * Watch what is there now, in place of what was there before. True where folders have come that were not
   * watched: what was read from them may have changed meanwhile.
   */
  arm(): boolean {
    if (this.#closed) return false
    const wanted = new Map<string, string>()
    for (const path of this.#paths) {
      for (const folder of foldersOf(path)) wanted.set(folder, identityOf(folder))
    }
    for (const [folder, { watcher, identity }] of this.#watched) {
      if (wanted.get(folder) === identity) continue
      watcher.close()
      this.#watched.delete(folder)
    }
    let come = false
    for (const [folder, identity] of wanted) {
      if (this.#watched.has(folder)) continue
      come = this.#watch(folder, identity) || come
    }
    return come
  }

  /** Something may have changed. */
  hint(): void {
    if (this.#closed || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#changed()
    }, this.#debounceMs)
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  #watch(folder: string, identity: string): boolean {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.hint())
      watcher.on('error', error => this.#problem(folder, reasonOf(error)))
      this.#watched.set(folder, { watcher, identity })
      return true
    } catch (error) {
      this.#problem(folder, reasonOf(error))
      return false
    }
  }
}

/** The folders in which a change of this path shows. */
function foldersOf(path: string): string[] {
  const folders = [dirname(path)]
  try {
    const real = realpathSync(path)
    folders.push(statSync(real).isDirectory() ? real : dirname(real))
    if (folders[1] === real) folders.push(dirname(real))
  } catch {
    // Gone for now: the folder it lies in tells when it is back.
  }
  return folders.filter(each => identityOf(each) !== '')
}

/**
 * Tells a folder from one that was put in its place, which may have got the same inode; empty where there is
 * none.
 */
function identityOf(folder: string): string {
  const found = statSync(folder, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino} ${found.birthtimeMs}`
}
