/**
 * Names of headers that do not go on to the next hop, compiled once so that asking costs next to nothing: a bit for
 * each known name, and the others found by their length first.
 *
 * Invariant: names are matched whatever their case.
 * Source: RFC 9110, 7.6.1 (what ends at each hop).
 */
import { isToken } from './bytes.ts'
import { type HeaderLines, sameName } from './header-lines.ts'
import { Http1OptionError } from './limits.ts'
import { KNOWN_NAMES, OTHER } from './names.ts'

export class DropList {
  /** Bit `n` is set when lines with known name `n` are dropped. */
  readonly mask: number
  private readonly byLength: readonly (readonly string[] | undefined)[]

  /** @throws {Http1OptionError} `EVENER_INVALID_OPTION` for a name that no header can have */
  constructor(names: Iterable<string>) {
    let mask = 0
    const byLength: string[][] = []
    for (const given of names) {
      if (!isToken(given)) throw new Http1OptionError(`names: ${JSON.stringify(given)} is no header name`)
      const name = given.toLowerCase()
      const known = (KNOWN_NAMES as readonly string[]).indexOf(name)
      if (known > OTHER) mask |= 1 << known
      else {
        byLength[name.length] ??= []
        byLength[name.length]!.push(name)
      }
    }
    this.mask = mask
    this.byLength = byLength
  }

  /** Whether line `index` is dropped. */
  drops(lines: HeaderLines, index: number): boolean {
    const at = lines.marks[index * 3]!
    const known = lines.marks[index * 3 + 2]!
    if (known !== OTHER) return (this.mask & (1 << known)) !== 0
    const names = this.byLength[lines.marks[index * 3 + 1]! - at]
    if (names === undefined) return false
    for (const name of names) if (sameName(lines.text, at, name)) return true
    return false
  }

  /** Whether any line is dropped: when none is, the head may go on as the bytes that it came in. */
  dropsAny(lines: HeaderLines): boolean {
    if ((this.mask & lines.present) !== 0) return true
    if (this.byLength.length === 0) return false
    for (let index = 0; index < lines.count; index++) if (this.drops(lines, index)) return true
    return false
  }
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade'] as const

/**
 * What ends at every hop: connection, keep-alive, proxy-connection, te, upgrade. Not transfer-encoding, which goes on
 * with a chunked body that goes on as it is; whoever decodes adds it.
 */
export function hopByHop(...more: readonly string[]): DropList {
  return new DropList([...HOP_BY_HOP, ...more])
}
