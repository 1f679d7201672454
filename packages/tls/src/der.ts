/**
 * Just enough DER (X.690) to look into an OCSP response and a certificate: elements with short tags and
 * definite lengths. Never throws; what is cut short or written otherwise is undefined.
 */

/** One element. */
export interface DerElement {
  readonly tag: number
  /** What it holds. */
  readonly content: Buffer
  /** The element itself, with tag and length. */
  readonly whole: Buffer
}

/** The element that `bytes` begin with. */
export function derElement(bytes: Buffer): DerElement | undefined {
  const tag = bytes[0]
  const first = bytes[1]
  if (tag === undefined || first === undefined) return undefined
  let size = first
  let start = 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count < 1 || count > 4 || bytes.length < 2 + count) return undefined
    size = bytes.readUIntBE(2, count)
    start += count
  }
  if (bytes.length < start + size) return undefined
  return { tag, content: bytes.subarray(start, start + size), whole: bytes.subarray(0, start + size) }
}

/** The elements one after the other; what comes before the first bad one. */
export function derElements(bytes: Buffer): DerElement[] {
  const found: DerElement[] = []
  let rest = bytes
  for (let next = derElement(rest); next !== undefined; next = derElement(rest)) {
    found.push(next)
    rest = rest.subarray(next.whole.length)
  }
  return found
}

/** A GeneralizedTime in UTC (`20260101000000Z`), in milliseconds since the epoch. */
export function derTime(element: DerElement | undefined): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(element?.content.toString('latin1') ?? '')
  if (element?.tag !== 0x18 || parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
