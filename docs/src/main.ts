/**
 * Make the generated parts of docs/algorithms.md and its pictures anew: `npx pnpm@12 docs:algorithms`. A test holds that
 * they are what this makes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { judgeAll } from './judge.ts'
import { filesOf } from './page.ts'

const docs = join(import.meta.dirname, '..')
for (const [path, text] of filesOf(judgeAll(), readFileSync(join(docs, 'algorithms.md'), 'utf8'))) {
  mkdirSync(dirname(join(docs, path)), { recursive: true })
  writeFileSync(join(docs, path), text)
}
