/**
 * The results as a picture: an SVG with a panel for each row, in it a bar for each subject.
 *
 * A bar is the median of the multiples of HAProxy, a thin line the spread over the repeats. Where a row has no
 * HAProxy, bars are the figures themselves.
 */
import { figures, multiple, references } from './figures.ts'
import { type RowResult, valuesOf } from './results.ts'
import { ratios, type Spread, spreadOf } from './statistics.ts'

const panelWidth = 480
const barHeight = 14
const barGap = 6
const labelWidth = 140
const valueWidth = 70
const headHeight = 44
const margin = 16
const columns = 2

interface Bar {
  readonly name: string
  /** Undefined where the subject failed. */
  readonly spread: Spread | undefined
  readonly text: string
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function barsOf({ compared, subjects }: RowResult): { readonly bars: Bar[]; readonly unit: string } {
  const reference = valuesOf(
    subjects.find(({ name }) => name === references[0]),
    compared,
  )
  const isRelative = reference.length > 0
  const print = isRelative ? multiple : figures[compared].print
  const bars = subjects.map(subject => {
    const values = valuesOf(subject, compared)
    const spread = isRelative ? ratios(values, reference) : spreadOf(values)
    return { name: subject.name, spread, text: spread === undefined ? 'FAILED' : print(spread.median) }
  })
  return { bars, unit: figures[compared].title + (isRelative ? `, as a multiple of ${references[0]}` : '') }
}

function colourOf(name: string): string {
  if (name === references[0]) return '#3b6fb6'
  return name.includes('evener') ? '#2f9e6e' : '#b4bac2'
}

function panel(row: RowResult, x: number, y: number): string {
  const { bars, unit } = barsOf(row)
  const most = Math.max(0, ...bars.map(({ spread }) => spread?.max ?? 0)) || 1
  const room = panelWidth - labelWidth - valueWidth
  const scale = (value: number): number => Math.round(Math.max(0, value / most) * room * 10) / 10
  const lines = bars.map(({ name, spread, text }, i) => {
    const top = headHeight + i * (barHeight + barGap)
    const middle = top + barHeight / 2
    const label = `<text x="${labelWidth - 6}" y="${middle + 4}" text-anchor="end">${escapeXml(name)}</text>`
    const value = (at: number): string =>
      `<text x="${at}" y="${middle + 4}" class="value">${escapeXml(text)}</text>`
    if (spread === undefined) return label + value(labelWidth + 4)
    const bar = `<rect x="${labelWidth}" y="${top}" width="${scale(spread.median)}" height="${barHeight}" fill="${colourOf(name)}"/>`
    const whisker = `<line x1="${labelWidth + scale(spread.min)}" x2="${labelWidth + scale(spread.max)}" y1="${middle}" y2="${middle}" stroke="#222" stroke-width="1"/>`
    return label + bar + whisker + value(labelWidth + scale(Math.max(spread.median, spread.max)) + 6)
  })
  return `<g transform="translate(${x} ${y})">
<text x="0" y="16" class="title">${escapeXml(`${row.name}: ${row.title}`)}</text>
<text x="0" y="32" class="unit">${escapeXml(unit)}</text>
${lines.join('\n')}
</g>`
}

const panelHeight = ({ subjects }: RowResult): number => headHeight + subjects.length * (barHeight + barGap)

/** The picture of these rows, as the text of an SVG file. */
export function plot(rows: readonly RowResult[]): string {
  const panels: string[] = []
  let y = margin
  for (let i = 0; i < rows.length; i += columns) {
    const line = rows.slice(i, i + columns)
    for (const [column, row] of line.entries())
      panels.push(panel(row, margin + column * (panelWidth + margin), y))
    y += Math.max(...line.map(panelHeight)) + margin
  }
  const width = margin + columns * (panelWidth + margin)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="system-ui, sans-serif" font-size="12">
<title>Results of the bench, a panel for each row</title>
<style>.title { font-weight: 600; font-size: 13px } .unit, .value { fill: #555 }</style>
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`
}
