/**
 * What has changed in the lines of the statistics since the last look, as text for the page: for each line that changed its
 * number, then pairs of a field's number and its value.
 *
 * ```text
 *   all     {"fields":["pxname",…],"rows":[["app","s1",…],…]}
 *   delta   [[7,14,120,18,4711],[9,9,"DOWN"]]       line 7: fields 14 and 18; line 9: field 9
 * ```
 * Cost: a comparison for each value, and text for those that changed only; nothing that outlives the line. Made once, for all
 * who watch.
 */

import type { Column, StatRow } from './columns.ts'
import { ageFields, pageFields, pageValues } from './page-fields.ts'

type Values = (string | number | null)[]

export class Delta {
  #rows: Values[] = []
  #fits = true

  /** Take a line as it is now; what it was is replaced. @returns what changed, as text; empty for nothing, or for a first look */
  update(row: StatRow, index: number): string {
    const values = this.#rows[index]
    if (values === undefined || !isOfSame(row, values)) {
      this.#rows[index] = pageValues(row)
      this.#fits = false
      return ''
    }
    const text = replace(values, row)
    return text === '' ? '' : `[${index}${text}]`
  }

  /**
   * These were all lines.
   * @param count how many
   * @returns whether they are of the same as before, in the same order; else what was sent before has no meaning any more
   */
  taken(count: number): boolean {
    const fits = this.#fits && count === this.#rows.length
    this.#fits = true
    this.#rows.length = count
    return fits
  }

  /** Forget what was sent. */
  reset(): void {
    this.#rows = []
    this.#fits = true
  }

  /** How many lines there are. */
  get size(): number {
    return this.#rows.length
  }

  /** All values of a line, as text. */
  all(index: number): string {
    return JSON.stringify(this.#rows[index])
  }
}

function isOfSame({ pxname, svname, type }: StatRow, values: Values): boolean {
  return values[1] === svname && values[0] === pxname && values[2] === type
}

/** Have these values be those of the line. @returns what changed, as text */
function replace(values: Values, row: StatRow): string {
  let text = ''
  let ages = ''
  for (let field = 0; field < values.length; field++) {
    const value = row[pageFields[field] as Column] ?? null
    const old = values[field] as Values[number]
    if (value === old) continue
    values[field] = value
    const pair = `,${field},${typeof value === 'number' ? value : JSON.stringify(value)}`
    // One second more is what the page thinks anyway.
    if (!ageFields.has(field)) text += pair
    else if (typeof value === 'number' && typeof old === 'number' && value < old) text += pair
    else ages += pair
  }
  return text === '' ? '' : text + ages
}
