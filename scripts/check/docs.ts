/**
 * Do the examples in the documents work? Every ```ts block of every Markdown page is type-checked and run as a
 * module under Node on the sources; a ```ts test block is run by vitest.
 *
 * A block is written to a file that begins with as many empty lines as stand before it on its page, so that a line
 * in a message is the line of the page. `@evener/…` resolves through links that are made here for every package;
 * express, fastify and the like are dependencies of scripts/doc-examples.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CodeBlock, codeBlocks } from './markdown.ts'
import { root, type Step } from './step.ts'
import { publishedPackages } from './workspace.ts'

const home = join(root, 'scripts', 'doc-examples')
const generated = join(home, '.generated')
const timeoutMs = 20_000

/** Names of what is TypeScript or JavaScript all the same: under one of them a block would not be run. */
const otherNames = new Set(['typescript', 'javascript', 'js', 'mjs', 'cjs', 'mts', 'cts', 'tsx', 'jsx', ''])

/** Why a block is not as it should be, or nothing. */
function complaint({ language, rest }: CodeBlock): string | undefined {
  if (language === '') return 'names no language: ```ts for code, ```text for anything else'
  if (otherNames.has(language)) return `is \`\`\`${language}, which nothing runs: write it as \`\`\`ts`
  if (language === 'ts' && rest !== '' && rest !== 'test') {
    return `says \`\`\`ts ${rest}: only \`\`\`ts and \`\`\`ts test are known, and every block runs`
  }
  return undefined
}

interface Example {
  readonly where: string
  readonly file: string
  readonly isTest: boolean
}

/** Write one block so that its lines have the numbers of the page. */
function write(page: string, { code, line, rest }: CodeBlock): Example {
  const isTest = rest === 'test'
  const base = page.replace(/\.md$/, '').replaceAll(/[/\\]/g, '.')
  const file = join(generated, `${base}.line-${line}${isTest ? '.test' : ''}.ts`)
  // The export makes it a module even where it imports nothing, for top-level await.
  writeFileSync(file, `${'\n'.repeat(line)}${code}\nexport {}\n`)
  return { where: `${page}:${line}`, file, isTest }
}

function linkPackages(): void {
  for (const { manifest, directory } of publishedPackages()) {
    const link = join(generated, 'node_modules', manifest.name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(directory, link, 'junction')
  }
}

export const docs: Step = {
  name: 'docs',
  about: 'every code block of every Markdown page is type-checked and run',
  async run(tools) {
    const listed = await tools.run('git', [
      ...['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', '*.md'],
    ])
    if (!listed.ok) return { findings: listed.output }
    const pages = [...new Set(listed.output.split('\0'))]
      .filter(page => page !== '' && existsSync(join(root, page)))
      .sort()

    rmSync(generated, { recursive: true, force: true })
    mkdirSync(generated, { recursive: true })
    linkPackages()
    const findings: string[] = []
    const examples: Example[] = []
    for (const page of pages) {
      for (const block of codeBlocks(readFileSync(join(root, page), 'utf8'))) {
        const wrong = complaint(block)
        if (wrong !== undefined) findings.push(`${page}:${block.line}: the block ${wrong}\n`)
        else if (block.language === 'ts') examples.push(write(page, block))
      }
    }
    if (examples.length > 0) {
      const scripts = examples.filter(({ isTest }) => !isTest)
      const hasTests = scripts.length < examples.length
      const runs = await Promise.all([
        tools.run('node', [join(root, 'node_modules/typescript7/bin/tsc'), '-p', home]),
        ...(hasTests ? [tools.run('vitest', ['run', '--config', join(home, 'vitest.config.ts')])] : []),
        ...scripts.map(async ({ where, file }) => {
          const args = ['--conditions=@evener/source', '--disable-warning=ExperimentalWarning', file]
          const result = await tools.run('node', args, { cwd: generated, timeoutMs })
          return { ...result, output: `${where} failed:\n${result.output}` }
        }),
      ])
      findings.push(...runs.filter(({ ok }) => !ok).map(({ output }) => output))
    }
    // After a failure the files stay, so that the one in the message can be opened.
    if (findings.length === 0) rmSync(generated, { recursive: true, force: true })
    return { findings: findings.join('\n'), note: `${examples.length} examples on ${pages.length} pages` }
  },
}
