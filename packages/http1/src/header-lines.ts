/**
 * The header lines of one head (or the trailers of one body) as positions in its text: nothing is cut out
 * until someone asks for it, and an outgoing head is built from slices of the text (see `write.ts`).
 *
 * Invariant: line `i` is `text.slice(marks[3i], marks[3i + 3])`, its CRLF included; `marks[3i + 1]` is its colon,
 * `marks[3i + 2]` the number of its name where that is a known one. The text is latin1: one character, one byte.
 * Cost: a look-up by name is one comparison of lengths for each line, and of letters where those agree.
 */
import { latin1, SPACE, TAB } from './bytes.ts'
import { KNOWN_NAMES, recognise } from './names.ts'
import type { SectionScanner } from './scanner.ts'

export class HeaderLines {
  /** The head's bytes as latin1, from its first byte to the empty line, that included. */
  readonly text: string
  /** Number of lines. */
  readonly count: number
  /** Bit `n` is set when a line with known name `n` is there; see `names.ts`. For the writer. */
  readonly present: number
  /** Positions, as the invariant above says. For the writer; not to be changed. */
  readonly marks: readonly number[]

  constructor(text: string, marks: readonly number[], present: number) {
    this.text = text
    this.marks = marks
    this.count = (marks.length - 1) / 3
    this.present = present
  }

  /** Where the first line starts in `text`. */
  get start(): number {
    return this.marks[0]!
  }

  /** Where the last line ends in `text`; the empty line follows. */
  get end(): number {
    return this.marks[this.marks.length - 1]!
  }

  /** The name of line `index`, as it was spelt. */
  name(index: number): string {
    return this.text.slice(this.marks[index * 3], this.marks[index * 3 + 1])
  }

  /** Where the value of line `index` starts in `text`, the white space before it passed over. */
  valueStart(index: number): number {
    let from = this.marks[index * 3 + 1]! + 1
    const to = this.marks[index * 3 + 3]! - 2
    while (from < to && isBlank(this.text.charCodeAt(from))) from++
    return from
  }

  /** Where the value of line `index`, which starts at `from`, ends in `text`, the white space after it left out. */
  valueEnd(index: number, from: number): number {
    let to = this.marks[index * 3 + 3]! - 2
    while (to > from && isBlank(this.text.charCodeAt(to - 1))) to--
    return to
  }

  /** The value of line `index`, without the white space around it. */
  value(index: number): string {
    const from = this.valueStart(index)
    return this.text.slice(from, this.valueEnd(index, from))
  }

  /** Index of the first line named `name` (lower case) at or after line `from`, or -1. */
  indexOf(name: string, from = 0): number {
    const { marks } = this
    for (let index = from; index < this.count; index++) {
      const at = marks[index * 3]!
      if (marks[index * 3 + 1]! - at === name.length && sameName(this.text, at, name)) return index
    }
    return -1
  }

  /** True when a line named `name` (lower case) is there. */
  has(name: string): boolean {
    return this.indexOf(name) >= 0
  }

  /**
   * The value of the header `name` (lower case); the values of several lines joined with `, ` (RFC 9110, 5.3),
   * of cookie lines with `; `. `undefined` when there is none. Not for `set-cookie`, which must not be joined:
   * see `all`.
   */
  get(name: string): string | undefined {
    const first = this.indexOf(name)
    if (first < 0) return undefined
    const next = this.indexOf(name, first + 1)
    return next < 0 ? this.value(first) : this.all(name).join(name === 'cookie' ? '; ' : ', ')
  }

  /** The values of all lines named `name` (lower case), in order. */
  all(name: string): string[] {
    const values: string[] = []
    for (let index = this.indexOf(name); index >= 0; index = this.indexOf(name, index + 1)) {
      values.push(this.value(index))
    }
    return values
  }

  /** Names and values in turn, as they came, like `rawHeaders` of node:http. Made anew at each call. */
  pairs(): string[] {
    const pairs: string[] = []
    for (let index = 0; index < this.count; index++) pairs.push(this.name(index), this.value(index))
    return pairs
  }

  /** Index of the first line with the known name `number`, or -1. For this package: `present` answers most. */
  indexOfKnown(number: number, from = 0): number {
    if ((this.present & (1 << number)) === 0) return -1
    for (let index = from; index < this.count; index++) {
      if (this.marks[index * 3 + 2] === number) return index
    }
    return -1
  }

  /** Where the last line with the known name `number` starts: of two that should be one, the one at fault. */
  offsetOfLast(number: number): number {
    let offset = this.end
    for (let index = 0; index < this.count; index++) {
      if (this.marks[index * 3 + 2] === number) offset = this.marks[index * 3]!
    }
    return offset
  }

  /** The joined value of a known header, '' when absent. */
  known(number: number): string {
    const first = this.indexOfKnown(number)
    if (first < 0) return ''
    return this.indexOfKnown(number, first + 1) < 0 ? this.value(first) : this.get(KNOWN_NAMES[number]!)!
  }
}

/** The lines that a scanner has found: one string made of their bytes, the known names marked. */
export function linesOf(scanner: SectionScanner): HeaderLines {
  const { bytes, origin, marks } = scanner
  let present = 0
  for (let index = 0; index < marks.length - 1; index += 3) {
    const known = recognise(bytes, origin + marks[index]!, origin + marks[index + 1]!)
    if (known === 0) continue
    marks[index + 2] = known
    present |= 1 << known
  }
  return new HeaderLines(latin1(bytes, origin, origin + scanner.length), marks, present)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** True when the letters of `text` from `at` are those of `name` (lower case), whatever their case. */
export function sameName(text: string, at: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    let code = text.charCodeAt(at + index)
    if (code >= 0x41 && code <= 0x5a) code |= 0x20
    if (code !== name.charCodeAt(index)) return false
  }
  return true
}
