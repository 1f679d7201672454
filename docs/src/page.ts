/**
 * The generated parts of docs/algorithms.md, and its pictures.
 *
 * The page's prose is written by hand. Between `<!-- begin NAME -->` and `<!-- end NAME -->` stands what is made here:
 * the summary, and for each scenario what happens in it, a table and a picture.
 */
import { compareSvg, type SimulationResult } from '@evener/testing'
import { algorithms } from './algorithms.ts'
import type { Judged } from './judge.ts'

/** A file of docs/, by its path there. */
export type Files = ReadonlyMap<string, string>

/** Milliseconds with the digits that say something. */
function ms(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 0 : 1)
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** How far the busiest server is above its due share. */
function mostOverDue({ servers }: SimulationResult): number {
  return Math.max(...servers.map(({ share, dueShare }) => (dueShare === 0 ? 0 : share / dueShare)))
}

function scenarioPart({ scenario, results }: Judged): string {
  const showsKeys = scenario.id === 'churn'
  const head = ['', 'mean', 'p50', 'p99', 'p99.9', 'longest line', 'busiest server', 'failed']
  const rows = Object.entries(results).map(([name, result]) => {
    const { latency, servers, failed, refused, keys } = result
    const figures = [latency.mean, latency.p50, latency.p99, latency.p999].map(ms)
    const line = String(Math.max(...servers.map(({ maxInFlight }) => maxInFlight)))
    const own = showsKeys ? [percent(keys.movedShare), percent(keys.sameServer)] : []
    return [name, ...figures, line, `${mostOverDue(result).toFixed(2)}×`, String(failed + refused), ...own]
  })
  if (showsKeys) head.push('keys moved', 'same server')
  return `${scenario.about}

${table(head, rows)}

![Latency of every algorithm: ${scenario.title}](pictures/${scenario.id}.svg)`
}

function summaryPart(judged: readonly Judged[]): string {
  const head = [
    'p99 in ms',
    ...judged.map(({ scenario }) => `[${scenario.short}](#${anchor(scenario.title)})`),
  ]
  const rows = Object.keys(algorithms).map(name => [
    name,
    ...judged.map(({ results }) => (results[name] === undefined ? '' : ms(results[name].latency.p99))),
  ])
  return table(head, rows)
}

/** As GitHub names a heading. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
}

/** Put a part between its marks. */
function replacePart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/algorithms.md has no ${begin} before ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

/** What docs/ must hold for these results, the page as it stands given. */
export function filesOf(judged: readonly Judged[], page: string): Files {
  const files = new Map<string, string>()
  let text = replacePart(page, 'summary', summaryPart(judged))
  for (const one of judged) {
    const { id, title } = one.scenario
    text = replacePart(text, id, scenarioPart(one))
    files.set(`pictures/${id}.svg`, compareSvg(one.results, title))
  }
  return files.set('algorithms.md', text)
}
