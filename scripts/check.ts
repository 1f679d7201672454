/**
 * `pnpm check`: everything but the tests that must hold before a change is taken.
 *
 *     npx pnpm@12 check                  every step
 *     npx pnpm@12 check layering docs    these steps
 *     npx pnpm@12 check --list           what there is
 *
 * The steps run side by side, in as many processes as there are processors. Each says in one line how it went; one
 * that failed is followed by all it had to say. Exit code: 0 all passed, 1 one failed, 2 no such step.
 */
import { performance } from 'node:perf_hooks'
import { docs } from './check/docs.ts'
import { packaging } from './check/packaging.ts'
import { policy } from './check/policy.ts'
import { program, type Report, type Step, Tools } from './check/step.ts'

/** The long ones first, so that the short ones fill the gaps. */
const steps: readonly Step[] = [
  packaging,
  docs,
  program('types', 'TypeScript agrees (strict, exact optional properties)', 'node', [
    ...['node_modules/typescript7/bin/tsc', '-p', '.', '--noEmit'],
  ]),
  program('layering', 'imports point down the floors and through front doors, no circles', 'depcruise', [
    ...['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', '.'],
  ]),
  program('unused', 'no unused file, export or dependency, none undeclared', 'knip', [
    ...['--no-progress', '--no-config-hints'],
  ]),
  program('format', 'formatting and lint (`npx pnpm@12 fix` mends most)', 'biome', [
    ...['ci', '--colors=off', '--max-diagnostics=200', '--error-on-warnings', '.'],
  ]),
  policy,
]

function chooseSteps(names: readonly string[]): readonly Step[] {
  const unknown = names.filter(name => !steps.some(step => step.name === name))
  if (unknown.length > 0) {
    const known = steps.map(({ name }) => name).join(', ')
    console.error(`check: no step named ${unknown.join(', ')}; there are ${known}`)
    process.exit(2)
  }
  return names.length === 0 ? steps : steps.filter(step => names.includes(step.name))
}

async function runStep(step: Step): Promise<boolean> {
  const tools = new Tools()
  let report: Report
  try {
    report = await step.run(tools)
  } catch (error) {
    report = { findings: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  const passed = report.findings === ''
  const seconds = (tools.elapsedMs() / 1000).toFixed(1).padStart(6)
  const said = passed ? (report.note ?? '') : step.about
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${step.name.padEnd(10)}${seconds} s  ${said}`.trimEnd())
  if (!passed) console.log(`\n${report.findings.trim()}\n`)
  return passed
}

const names = process.argv.slice(2).filter(name => name !== '--')
if (names.includes('--list')) {
  for (const { name, about } of steps) console.log(`${name.padEnd(10)} ${about}`)
} else {
  const startedAt = performance.now()
  const chosen = chooseSteps(names)
  const results = await Promise.all(chosen.map(runStep))
  const failed = results.filter(passed => !passed).length
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const outcome = failed === 0 ? 'all passed' : `${failed} failed`
  console.log(`${chosen.length} ${chosen.length === 1 ? 'step' : 'steps'} in ${seconds} s, ${outcome}`)
  process.exitCode = failed === 0 ? 0 : 1
}
