/**
 * The rules of the house that can be read off the manifests and the lock file: floors, dependencies, entries.
 *
 * A dependency is chosen, not collected: what users install with a package is named here, each with its reason.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import floors from './floors.json' with { type: 'json' }
import { root, type Step } from './step.ts'
import { allPackages, type Manifest, publishedPackages, type WorkspacePackage } from './workspace.ts'

/** Dependencies that a published package may bring to its users, and what for. */
const chosen: Readonly<Record<string, string>> = {
  eventemitter3: 'typed events, faster than node:events',
  'http-proxy-3': 'the compatible engine, for its options and its users',
  'lru-cache': 'who was let in by a password is known again for a while: bounded, with a time for each',
  re2js: 'regular expressions of rules in linear time, whatever a client sends',
  redis: 'an optional peer: stick tables that processes share; the host passes its own client',
}

const isOurs = (name: string): boolean => name.startsWith('@evener/')

function floorOf(folder: string): number | undefined {
  const entry = Object.entries(floors).find(([, folders]) => folders.includes(folder))
  return entry === undefined ? undefined : Number(entry[0])
}

type Entries = NonNullable<Manifest['exports']>

/**
 * The entries as publishing should have them: without the condition that leads to the sources, and without those
 * that have no other, which are front doors for this repository alone.
 */
function published(exports: Entries): Entries {
  const entries = Object.entries(exports).map(([entry, conditions]) => {
    const { '@evener/source': _, ...others } = conditions
    return [entry, others] as const
  })
  return Object.fromEntries(entries.filter(([, conditions]) => Object.keys(conditions).length > 0))
}

function dependencyComplaints({ folder, manifest }: WorkspacePackage): string[] {
  const found: string[] = []
  const floor = floorOf(folder)
  if (floor === undefined) found.push(`"${folder}" has no floor: give it one in scripts/check/floors.json`)
  const runtime = { ...manifest.dependencies, ...manifest.optionalDependencies }
  const foreign = Object.keys(runtime).filter(name => !isOurs(name))
  for (const name of foreign) {
    if (chosen[name] === undefined) {
      found.push(`dependency "${name}" is not among those chosen in scripts/check/policy.ts, with a reason`)
    }
  }
  if (floor === 1 && foreign.length > 1) {
    found.push(`a leaf has no dependency, or one; this has ${foreign.join(', ')}`)
  }
  // Those that a user need not have: what tests and contract suites use.
  const aside = { ...manifest.devDependencies, ...manifest.peerDependencies }
  for (const name of [...Object.keys(runtime), ...Object.keys(aside)].filter(isOurs)) {
    const below = floorOf(name.slice('@evener/'.length))
    const testingKit = name === '@evener/testing' && runtime[name] === undefined && floor === below
    if (floor !== undefined && below !== undefined && below >= floor && !testingKit) {
      found.push(`depends on ${name}, which is on floor ${below}, not below floor ${floor}`)
    }
  }
  return found
}

function manifestComplaints({ manifest, folder }: WorkspacePackage): string[] {
  const found: string[] = []
  if (manifest.name !== `@evener/${folder}`) found.push(`"name" should be "@evener/${folder}"`)
  if (manifest.type !== 'module') found.push('"type" should be "module"')
  if (manifest.sideEffects !== false) found.push('"sideEffects" should be false')
  if (manifest.engines?.node !== '>=22.18') found.push('"engines.node" should be ">=22.18"')
  if (!manifest.description) found.push('"description" is missing')
  if (manifest.publishConfig?.access !== 'public') found.push('"publishConfig.access" should be "public"')
  if (manifest.exports === undefined) return [...found, '"exports" is missing']

  const expected = published(manifest.exports)
  if (JSON.stringify(manifest.publishConfig?.exports) !== JSON.stringify(expected)) {
    found.push(
      `"publishConfig.exports" should be "exports" without "@evener/source": ${JSON.stringify(expected)}`,
    )
  }
  for (const [entry, conditions] of Object.entries(manifest.exports)) {
    const source = conditions['@evener/source']
    if (source === undefined) found.push(`"exports" has no "@evener/source" for "${entry}"`)
    else if (expected[entry] !== undefined && !manifest.scripts?.build?.includes(source.replace('./', ''))) {
      found.push(`"scripts.build" does not build ${source}, the entry "${entry}"`)
    }
  }
  return found
}

/** What holds for every package.json, published or not. */
function commonComplaints({ manifest }: WorkspacePackage): string[] {
  const found: string[] = []
  if (manifest.license !== 'MIT') found.push('"license" should be "MIT"')
  if (manifest.packageManager !== undefined) found.push('"packageManager" warns on every call: leave it out')
  const groups = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies]
  for (const [name, version] of groups.flatMap(group => Object.entries(group ?? {}))) {
    if (isOurs(name) && version !== 'workspace:*')
      found.push(`${name} should be "workspace:*", not "${version}"`)
    if (/^(?:https?|git|file|link):/.test(version)) found.push(`${name} comes from an address: "${version}"`)
  }
  return found
}

/** A lock file that names hosts installs only where those can be reached. */
function lockComplaints(): string[] {
  const lines = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8').split('\n')
  return lines.flatMap((line, index) =>
    /tarball:|https?:\/\//.test(line) ? [`pnpm-lock.yaml:${index + 1} names an address: ${line.trim()}`] : [],
  )
}

export const policy: Step = {
  name: 'policy',
  about: 'manifests, dependencies and the lock file keep to the rules of the house',
  async run() {
    const packages = allPackages()
    const forUsers = publishedPackages()
    const tell = (one: WorkspacePackage, complaints: readonly string[]): string[] =>
      complaints.map(complaint => `${one.file}: ${complaint}`)
    const folders = globSync('packages/*/', { cwd: root }).length
    const findings = [
      ...packages.flatMap(one => tell(one, commonComplaints(one))),
      ...forUsers.flatMap(one => tell(one, [...manifestComplaints(one), ...dependencyComplaints(one)])),
      ...lockComplaints(),
    ]
    if (folders === 0) findings.push('found no package to check')
    return { findings: findings.join('\n'), note: `${packages.length} manifests` }
  },
}
