/** HTTP/2 frames made by hand, for what no client of HTTP/2 would send. */

/** Frame types (RFC 9113 section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const

/** One frame. Flags: 1 ends the stream, 4 the head. */
export function frame(
  type: keyof typeof frameTypes,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = frameTypes[type]
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields in HPACK, each as a literal that is not remembered (RFC 7541 section 6.2.2), whatever bytes they have. */
export function fieldBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]))
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const long = bytes.length - 127
  const length = long < 0 ? [bytes.length] : [127, (long & 127) | 128, long >> 7]
  return Buffer.concat([Buffer.of(...length), bytes])
}

/** What a client says first. */
export const greeting = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame('settings', 0, 0),
])

/** The frames in these bytes, those that are whole. */
export function* framesIn(
  bytes: Buffer,
): Iterable<{ type: number; flags: number; stream: number; payload: Buffer }> {
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) return
    const [type = 0, flags = 0] = bytes.subarray(at + 3)
    yield { type, flags, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, end) }
    at = end
  }
}
