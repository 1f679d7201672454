/**
 * Several results beside each other: a table as text, and an SVG document with a line for each, from the median to
 * one in a thousand, on a logarithmic scale.
 */
import { escapeXml, figure, pixel } from './picture-words.ts'
import type { SimulationResult } from './result.ts'

/** Results by the names that they are shown under. */
export type NamedResults = Readonly<Record<string, SimulationResult>>

/** The results as a table for a terminal: a line for each, in their order, times in milliseconds. */
export function compareText(results: NamedResults): string {
  const rows = Object.entries(results).map(([name, { latency, failed, refused, servers }]) => [
    name,
    ...[latency.mean, latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(figure),
    String(Math.max(...servers.map(({ maxInFlight }) => maxInFlight))),
    String(failed + refused),
  ])
  const table = [['', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max', 'longest line', 'lost'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map(row => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))).join('  ')
  return table.map(line).join('\n')
}

const width = 720
const labelWidth = 150
const valueWidth = 60
const plotWidth = width - labelWidth - valueWidth - 16
const rowHeight = 20
const headHeight = 52
const footHeight = 28
const marks = [
  ['p50', '#2f9e6e'],
  ['p90', '#3b6fb6'],
  ['p99', '#c0392b'],
  ['p999', '#b4bac2'],
] as const

/** Powers of ten, and twice and five times each, from `least` to `most`. */
function ticks(least: number, most: number): number[] {
  const found: number[] = []
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** power
      if (value >= least && value <= most) found.push(value)
    }
  }
  return found
}

/** The results as a picture, an SVG document: the first above. */
export function compareSvg(results: NamedResults, title: string): string {
  const rows = Object.entries(results)
  const values = rows
    .flatMap(([, { latency }]) => marks.map(([name]) => latency[name]))
    .filter(value => value > 0)
  const least = Math.min(...values, 1e9) * 0.9
  const most = Math.max(...values, least) * 1.1
  const x = (value: number) => {
    const place = Math.log(Math.max(value, least) / least) / Math.log(most / least)
    return pixel(labelWidth + place * plotWidth)
  }
  const height = headHeight + rows.length * rowHeight + footHeight
  const grid = ticks(least, most).map(
    value =>
      `<line x1="${x(value)}" x2="${x(value)}" y1="${headHeight - 4}" y2="${height - footHeight}" stroke="#eee"/><text x="${x(value)}" y="${height - 10}" text-anchor="middle" fill="#555">${figure(value)}</text>`,
  )
  const lines = rows.map(([name, { latency }], at) => {
    const y = headHeight + at * rowHeight + rowHeight / 2
    const dots = marks.map(
      ([mark, colour]) => `<circle cx="${x(latency[mark])}" cy="${y}" r="4" fill="${colour}"/>`,
    )
    const stroke = `<line x1="${x(latency.p50)}" x2="${x(latency.p999)}" y1="${y}" y2="${y}" stroke="#b4bac2" stroke-width="2"/>`
    const label = `<text x="${labelWidth - 12}" y="${y + 4}" text-anchor="end">${escapeXml(name)}</text>`
    const value = `<text x="${width - 8}" y="${y + 4}" text-anchor="end">${figure(latency.p99)}</text>`
    return label + stroke + dots.join('') + value
  })
  const legend = marks.map(([mark, colour], at) => {
    const left = labelWidth + at * 70
    const name = mark === 'p999' ? 'p99.9' : mark
    return `<circle cx="${left}" cy="34" r="4" fill="${colour}"/><text x="${left + 8}" y="38">${name}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="20" font-size="14" font-weight="600">${escapeXml(title)}</text>
${legend.join('')}<text x="${width - 8}" y="38" text-anchor="end" fill="#555">p99, ms</text>
${grid.join('\n')}
${lines.join('\n')}
</svg>
`
}
