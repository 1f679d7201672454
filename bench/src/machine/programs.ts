/** The programs of this machine that the bench can use: where they are, and what version they say they are. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'

/** Where Debian keeps daemons: not on every user's PATH. */
const furtherFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** The path of a program, or undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), ...furtherFolders]
  return folders
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Why a program cannot be used, or undefined where it can. */
export const missingProgram = (name: string): string | undefined =>
  findProgram(name) === undefined ? `the program ${name} is not installed` : undefined

/** The first number with a dot that a program says when asked for its version. */
export function programVersion(name: string, ...args: string[]): string {
  const { stdout = '', stderr = '' } = spawnSync(findProgram(name) ?? name, args, { encoding: 'utf8' })
  return /\d+\.\d+[\w.]*/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'unknown'
}

/** The version of an npm package as the bench has it installed, or undefined where it is not. */
export function packageVersion(name: string): string | undefined {
  try {
    const file = findPackageJSON(name, import.meta.url)
    return file && (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  } catch {
    return undefined
  }
}
