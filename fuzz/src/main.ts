/** `npx pnpm@12 fuzz`: see README.md beside this folder, or `--help`. */
import { runCodec } from './codec/run.ts'
import { type Finding, findingText } from './finding.ts'
import { parseOptions, usage } from './options.ts'
import { runProxy } from './proxy/run.ts'

const say = (line: string): void => console.error(line)

async function main(): Promise<Finding | undefined> {
  const { command, messages, seed } = parseOptions(process.argv.slice(2))
  if (command === 'help') {
    console.log(usage)
    return undefined
  }
  say(`fuzz ${command}: ${messages} streams from seed ${seed}`)
  if (command === 'codec') return runCodec({ messages, seed, say })
  return runProxy({ seedAt: place => (place < messages ? (seed + place) >>> 0 : undefined), say })
}

try {
  const finding = await main()
  if (finding !== undefined) {
    console.log(findingText(finding))
    process.exitCode = 1
  }
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = 2
}
