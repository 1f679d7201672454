/**
 * What has changed in the lines of the statistics since the last look, as text for the page: for each line that changed its
 * number, then pairs of a field's number and its value.
 *
 * ```text
 *   all     {"fields":["pxname",…],"rows":[["app","s1",…],…]}
 *   delta   [[7,14,120,18,4711],[9,9,"DOWN"]]       line 7: fields 14 and 18; line 9: field 9
 * ```
 * Cost: a comparison for each value, and text for those that changed only. Made once, for all who watch.
 */

import type { StatRow } from './columns.ts'
import { ageFields, pageFields, pageValues } from './page-fields.ts'

type Values = (string | number | null)[]

const identity = [0, 1, 2] as const

export class Delta {
  #rows: Values[] = []

  /** Take the lines of now, from `from` on; what they were is replaced. @returns the text of each line that changed */
  update(rows: readonly StatRow[], from: number, to: number): string[] {
    const texts: string[] = []
    for (let index = from; index < to; index++) {
      const values = pageValues(rows[index] as StatRow)
      const before = this.#rows[index]
      this.#rows[index] = values
      if (before === undefined) continue
      const text = changes(before, values)
      if (text !== '') texts.push(`[${index}${text}]`)
    }
    return texts
  }

  /** Whether these are the same servers in the same order; else what was sent before has no meaning any more. */
  fits(rows: readonly StatRow[]): boolean {
    return (
      rows.length === this.#rows.length &&
      this.#rows.every((values, index) =>
        identity.every(
          field => values[field] === (rows[index] as StatRow)[pageFields[field] as keyof StatRow],
        ),
      )
    )
  }

  /** Forget what was sent. */
  reset(): void {
    this.#rows = []
  }

  /** How many lines there are. */
  get size(): number {
    return this.#rows.length
  }

  /** All values of some lines, as text with commas between. */
  all(from: number, to: number): string {
    return this.#rows
      .slice(from, to)
      .map(values => JSON.stringify(values))
      .join(',')
  }
}

function changes(before: Values, values: Values): string {
  let text = ''
  let ages = ''
  for (let field = 0; field < values.length; field++) {
    const value = values[field] as Values[number]
    const old = before[field] as Values[number]
    if (value === old) continue
    const pair = `,${field},${typeof value === 'number' ? value : JSON.stringify(value)}`
    // One second more is what the page thinks anyway.
    if (!ageFields.has(field)) text += pair
    else if (typeof value === 'number' && typeof old === 'number' && value < old) text += pair
    else ages += pair
  }
  return text === '' ? '' : text + ages
}
