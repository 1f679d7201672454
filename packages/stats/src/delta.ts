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
import { ageFields, pageValues } from './page-fields.ts'

type Values = (string | number | null)[]

export class Delta {
  #rows: Values[] = []

  /** Take a line as it is now; what it was is replaced. @returns what changed, as text; empty for nothing, or for a first look */
  update(row: StatRow, index: number): string {
    const values = pageValues(row)
    const before = this.#rows[index]
    this.#rows[index] = values
    const text = before === undefined ? '' : changes(before, values)
    return text === '' ? '' : `[${index}${text}]`
  }

  /** Whether this line is of the same server as before; else what was sent before has no meaning any more. */
  fits({ pxname, svname, type }: StatRow, index: number): boolean {
    const before = this.#rows[index]
    return before !== undefined && before[1] === svname && before[0] === pxname && before[2] === type
  }

  /** Forget what was sent. */
  reset(): void {
    this.#rows = []
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
