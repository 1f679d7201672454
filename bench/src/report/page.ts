/** RESULTS.md: the machine, the picture, a table for each row, and those of the algorithms. */
import { algorithmTables } from '../algorithms/tables.ts'
import { checksTable } from '../checks/table.ts'
import type { AlgorithmsResult, ChecksResult, RowResult } from './results.ts'
import { rowTable, table } from './table.ts'

const day = (date: string): string => date.slice(0, 10)

function subjectsTable(rows: readonly RowResult[]): string {
  const seen = new Map<string, string[]>()
  for (const { name, version, about } of rows.flatMap(({ subjects }) => subjects)) {
    seen.set(name, [name, version, about])
  }
  return table(['subject', 'version', 'as measured'], [...seen.values()])
}

const described = ({ processor, cores, memoryGiB, kernel, node }: RowResult['machine']): string =>
  `- ${processor}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}`

/** How a row was measured; said once for rows that agree. */
function circumstances({ machine, date, commit, repeats, seconds, quick, origin, load }: RowResult): string {
  return [
    described(machine),
    `- ${machine.pinning}`,
    `- servers: ${origin}; load: ${load}`,
    `- ${day(date)}, Evener at ${commit}; ${repeats} repeats of ${seconds} s, interleaved${quick ? ' (a quick look)' : ''}`,
    '',
  ].join('\n')
}

function algorithmsSection({ machine, date, commit, repeats, results }: AlgorithmsResult): string {
  return `
## \`algorithms\`: what choosing a server costs

${described(machine)}
- ${day(date)}, Evener at ${commit}; ${repeats} repeats, interleaved

A decision is \`pick\`, \`began\` and \`ended\` together. \`loop\` is the measurement itself, which is in all the figures. The
bars hold at 10,000 servers; multiples of the naive way to do the same are taken at 1,000.

${algorithmTables(results)}`
}

function checksSection({ machine, date, commit, repeats, results }: ChecksResult): string {
  return `
## \`checks\`: what health checks cost

${described(machine)}
- ${machine.pinning}
- ${day(date)}, Evener at ${commit}; ${repeats} repeats, interleaved

10,000 targets, each checked every 2 s. Of HAProxy the bytes are all that is resident, of Evener what the heap grew by.

${checksTable(results)}
`
}

export function resultsPage(
  rows: readonly RowResult[],
  plotFile: string,
  algorithms?: AlgorithmsResult,
  checks?: ChecksResult,
): string {
  const groups = new Map<string, RowResult[]>()
  for (const row of rows) {
    const how = circumstances(row)
    groups.set(how, [...(groups.get(how) ?? []), row])
  }
  const measured = [...groups].map(([how, group]) =>
    groups.size === 1 ? how : `Rows ${group.map(({ name }) => `\`${name}\``).join(', ')}:\n\n${how}`,
  )
  const sections = rows.map(row => `## \`${row.name}\`: ${row.title}\n\n${rowTable(row)}`)
  return `# Results of the bench

Written by \`npx pnpm@12 bench --write\`; the method is in [README.md](README.md). Medians, with the least and the most
of the repeats in brackets. Multiples are taken repeat by repeat, within one run.

${measured.join('\n')}
![Bars for each row](${plotFile})

${subjectsTable(rows)}
${sections.join('\n')}${algorithms === undefined ? '' : algorithmsSection(algorithms)}${checks === undefined ? '' : checksSection(checks)}`
}
