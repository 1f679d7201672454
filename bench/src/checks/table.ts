/** What the checks cost, as a table in Markdown. */
import type { CheckResults, CheckSample } from './run.ts'

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN

/** Each figure by its median, with the least and the most; one above its bar is printed in bold. */
export function checksTable(results: readonly CheckResults[]): string {
  const rows = results.map(({ subject, samples }) => {
    const bars = subject as { readonly atMostPercent?: number; readonly atMostBytes?: number }
    const cell = (
      figure: (sample: CheckSample) => number | undefined,
      digits: number,
      bar?: number,
    ): string => {
      const values = samples.map(figure).filter(value => value !== undefined)
      if (values.length === 0) return '–'
      const middle = median(values)
      const text = `${middle.toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`
      if (bar === undefined) return text
      return middle > bar ? `**${text}** > ${bar}` : `${text} ≤ ${bar}`
    }
    return [
      `\`${subject.name}\``,
      cell(({ percent }) => percent, 1, bars.atMostPercent),
      cell(({ microsPerCheck }) => microsPerCheck, 1),
      cell(({ checksPerSecond }) => checksPerSecond, 0),
      cell(({ bytesPerTarget }) => bytesPerTarget, 0, bars.atMostBytes),
    ]
  })
  const head = ['subject', '% of a core', 'µs a check', 'checks a second', 'bytes a target']
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
