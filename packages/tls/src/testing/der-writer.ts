/** Just enough DER (X.690) to write certificates, CRLs and OCSP responses for tests. */

const length = (size: number): Buffer => {
  if (size < 0x80) return Buffer.from([size])
  const bytes = Buffer.from(size.toString(16).padStart(size > 0xff ? (size > 0xffff ? 6 : 4) : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

/** One element: a tag and what it holds. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), length(body.length), body])
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content)
export const set = (...content: readonly Uint8Array[]): Buffer => element(0x31, ...content)
/** `[number]`, constructed. */
export const tagged = (number: number, ...content: readonly Uint8Array[]): Buffer =>
  element(0xa0 | number, ...content)
export const octets = (bytes: Uint8Array): Buffer => element(0x04, bytes)
export const bits = (bytes: Uint8Array): Buffer => element(0x03, Buffer.from([0]), bytes)
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text))

/** A positive integer, in hexadecimal. */
export function integer(hex: string): Buffer {
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  return element(0x02, (bytes[0] as number) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes)
}

/** An object identifier, dotted. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const number of rest) {
    const groups = [number & 0x7f]
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return element(0x06, Buffer.from(bytes))
}

/** A GeneralizedTime of whole seconds. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  return element(0x18, Buffer.from(digits))
}
