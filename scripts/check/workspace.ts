/** The packages of the workspace, read from the folders themselves so that a new one is checked from its first day. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './step.ts'

/** The fields of a package.json that the checks look at. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly license?: string
  readonly type?: string
  readonly description?: string
  readonly sideEffects?: unknown
  readonly packageManager?: string
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly publishConfig?: {
    readonly access?: string
    readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  /** The folder's own name, as in `core`. */
  readonly folder: string
  /** The absolute path of the folder. */
  readonly directory: string
  /** The path of package.json from the repository's root, for messages. */
  readonly file: string
  readonly manifest: Manifest
}

function read(pattern: string): WorkspacePackage[] {
  return globSync(pattern, { cwd: root, exclude: path => path.includes('node_modules') })
    .sort()
    .map(file => {
      const directory = dirname(join(root, file))
      return {
        folder: relative(dirname(directory), directory),
        directory,
        file,
        manifest: JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest,
      }
    })
}

/** The packages that are published. */
export const publishedPackages = (): WorkspacePackage[] =>
  read('packages/*/package.json').filter(({ manifest }) => manifest.private !== true)

/** Every package.json of the workspace, the root's own included. */
export const allPackages = (): WorkspacePackage[] =>
  [
    'package.json',
    '{packages,examples}/*/package.json',
    '{bench,fuzz,tests}/package.json',
    'scripts/*/package.json',
  ]
    .flatMap(read)
    .filter(({ directory }) => existsSync(directory))
