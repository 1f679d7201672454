/**
 * Is what a user would install sound? Every package is built, packed as for publishing, and judged as a tarball:
 * only there are `publishConfig.exports` and `workspace:` versions in the form that a user gets.
 *
 * publint looks at the manifest and the files it names, attw at the types as a consumer's compiler resolves them.
 * Then each entry is imported from the built files, without the condition that leads to the sources.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Step, Tools } from './step.ts'
import { publishedPackages, type WorkspacePackage } from './workspace.ts'

/** The pnpm that started this check; another of its kind where the check was started without. */
function pnpm(args: readonly string[]): [string, string[]] {
  const self = process.env.npm_execpath
  if (self === undefined || !basename(self).startsWith('pnpm')) {
    return ['npx', ['--yes', 'pnpm@12', ...args]]
  }
  return /\.[cm]?js$/.test(self) ? [process.execPath, [self, ...args]] : [self, [...args]]
}

async function judgeTarball(
  tools: Tools,
  { directory, folder }: WorkspacePackage,
  into: string,
): Promise<string[]> {
  const path = join(into, `${folder}.tgz`)
  const packed = await tools.run(...pnpm(['pack', '--out', path]), { cwd: directory })
  if (!packed.ok) return [packed.output]

  const [contents, manifest, publint, attw] = await Promise.all([
    tools.run('tar', ['-tzf', path]),
    tools.run('tar', ['-xzOf', path, 'package/package.json']),
    tools.run('publint', ['run', path, '--strict']),
    tools.run('attw', [path, '--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii']),
  ])
  const findings = [contents, manifest, publint, attw].filter(({ ok }) => !ok).map(({ output }) => output)
  const files = contents.output.split('\n')
  for (const file of ['README.md', 'LICENSE']) {
    if (!files.includes(`package/${file}`)) findings.push(`the tarball has no ${file}\n`)
  }
  for (const file of files.filter(name => /\.test\.|package\/src\//.test(name))) {
    findings.push(`the tarball carries ${file}, which is not for users\n`)
  }
  for (const inside of ['workspace:', '@evener/source']) {
    if (manifest.output.includes(inside)) findings.push(`the packed package.json still says "${inside}"\n`)
  }
  return findings
}

async function importEntries(tools: Tools, { directory, manifest }: WorkspacePackage): Promise<string[]> {
  const entries = Object.keys(manifest.publishConfig?.exports ?? {}).filter(entry => !entry.endsWith('.json'))
  const results = await Promise.all(
    entries.map(async entry => {
      const specifier = join(manifest.name, entry)
      const source = `await import(${JSON.stringify(specifier)})`
      const result = await tools.run('node', ['--input-type=module', '--eval', source], {
        cwd: directory,
        timeoutMs: 20_000,
      })
      return result.ok ? '' : `${specifier} cannot be imported as built:\n${result.output}`
    }),
  )
  return results.filter(text => text !== '')
}

export const packaging: Step = {
  name: 'packaging',
  about: 'every package builds, and its tarball passes publint and attw',
  async run(tools) {
    const packages = publishedPackages()
    const into = await mkdtemp(join(tmpdir(), 'evener-pack-'))
    const findings: string[] = []
    const tell = ({ manifest }: WorkspacePackage, texts: readonly string[]): void => {
      for (const text of texts) findings.push(`${manifest.name}: ${text}`)
    }
    try {
      const built = await Promise.all(
        packages.map(async one => {
          const build = await tools.run(...pnpm(['run', 'build']), { cwd: one.directory })
          if (!build.ok) tell(one, [build.output])
          else tell(one, await judgeTarball(tools, one, into))
          return build.ok
        }),
      )
      // A package's built files import those of others, so all must be there first.
      if (built.every(Boolean)) {
        await Promise.all(packages.map(async one => tell(one, await importEntries(tools, one))))
      }
    } finally {
      await rm(into, { recursive: true, force: true })
    }
    return { findings: findings.join('\n'), note: `${packages.length} packages` }
  },
}
