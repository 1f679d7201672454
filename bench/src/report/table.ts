/** A row's results as a Markdown table, which reads well on a terminal too. */
import { type FigureName, figureNames, figures, multiple, references } from './figures.ts'
import { type RowResult, type SubjectResult, valuesOf } from './results.ts'
import { ratios, type Spread, spreadOf } from './statistics.ts'

/** Figures that say enough by their median alone. */
const medianOnly: ReadonlySet<FigureName> = new Set(['held', 'late', 'memory', 'peak', 'p50'])

/** Columns padded to their widest cell; the first to the left, the others to the right. */
export function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((cell, i) =>
    Math.max(3, cell.length, ...lines.map(line => (line[i] ?? '').length)),
  )
  const pad = (cell: string, i: number): string => {
    const width = widths[i] as number
    return i === 0 ? cell.padEnd(width) : cell.padStart(width)
  }
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const all = [header.map(pad), rule, ...lines.map(line => header.map((_, i) => pad(line[i] ?? '', i)))]
  return `${all.map(cells => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

function withSpread(spread: Spread | undefined, print: (value: number) => string, plain: boolean): string {
  if (spread === undefined) return ''
  const { median, min, max } = spread
  // What does not differ in print has no spread worth a reader's time.
  if (plain || print(min) === print(max)) return print(median)
  return `${print(median)} (${print(min)}–${print(max)})`
}

/** The table of one row: a line for each subject, with medians, spreads, and multiples of the references. */
export function rowTable({ compared, subjects }: RowResult): string {
  const has = (figure: FigureName): boolean => subjects.some(one => valuesOf(one, figure).length > 0)
  const others = figureNames.filter(figure => figure !== compared && has(figure))
  const compareWith = references.filter(name => valuesOf(named(subjects, name), compared).length > 0)
  const header = [
    'subject',
    figures[compared].title,
    ...compareWith.map(name => `× ${name}`),
    ...others.map(figure => figures[figure].title),
  ]
  const lines = subjects.map(subject => {
    if (subject.failure !== undefined) return [subject.name, '**FAILED**']
    const cell = (figure: FigureName): string =>
      withSpread(spreadOf(valuesOf(subject, figure)), figures[figure].print, medianOnly.has(figure))
    return [
      subject.name,
      cell(compared),
      ...compareWith.map(name => {
        const reference = valuesOf(named(subjects, name), compared)
        return withSpread(ratios(valuesOf(subject, compared), reference), multiple, name === subject.name)
      }),
      ...others.map(cell),
    ]
  })
  const failures = subjects
    .filter(({ failure }) => failure !== undefined)
    .map(({ name, failure }) => `- ${name} FAILED: ${failure}\n`)
  return table(header, lines) + (failures.length > 0 ? `\n${failures.join('')}` : '')
}

const named = (subjects: readonly SubjectResult[], name: string): SubjectResult | undefined =>
  subjects.find(subject => subject.name === name)
