/**
 * A TLS ClientHello (RFC 8446 section 4.1.2) as far as rules ask for it, from the bytes that have come.
 *
 * Invariant: no length in it leads beyond those bytes; what does not fit together is no ClientHello.
 * Cost: one pass over its extensions.
 */

export interface Hello {
  /** 65536 times the major number and the minor. */
  readonly version: number
  readonly serverName: string | undefined
  /** The protocols that it offers, in its order. */
  readonly alpn: readonly string[]
  readonly hasCurves: boolean
  /** The length of the session ticket; -1 without the extension. */
  readonly ticketLength: number
  /** Its extensions fit together. Of those that do not, nothing is told. */
  readonly isWhole: boolean
}

export const needsMore = 'more'
export const notHello = 'none'

/** The ClientHello that these bytes begin with, or what is wrong. */
export function clientHello(bytes: Buffer): Hello | typeof needsMore | typeof notHello {
  if (bytes.length === 0) return needsMore
  if (bytes[0] !== 22) return notHello
  if (bytes.length < 5) return needsMore
  if (bytes[1] !== 3) return notHello
  const body = handshake(bytes)
  return typeof body === 'string' ? body : (readHello(body) ?? notHello)
}

/** The handshake message: of one record, or of several that carry it. */
function handshake(bytes: Buffer): Buffer | typeof needsMore | typeof notHello {
  const parts: Buffer[] = []
  let held = 0
  for (let at = 0; ; ) {
    if (bytes.length < at + 5) return needsMore
    if (bytes[at] !== 22) return notHello
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    const part = bytes.subarray(at + 5, Math.min(end, bytes.length))
    parts.push(part)
    held += part.length
    const message = parts.length === 1 ? part : Buffer.concat(parts, held)
    if (message.length > 0 && message[0] !== 1) return notHello
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3))
      return message.subarray(4, 4 + message.readUIntBE(1, 3))
    if (end > bytes.length) return needsMore
    at = end
  }
}

function readHello(body: Buffer): Hello | undefined {
  if (body.length < 2) return undefined
  const hello = {
    version: ((body[0] as number) << 16) | (body[1] as number),
    serverName: undefined as string | undefined,
    alpn: [] as readonly string[],
    hasCurves: false,
    ticketLength: -1,
    isWhole: true,
  }
  const start = extensionsStart(body)
  if (start === undefined || start + 2 > body.length) return { ...hello, isWhole: start !== undefined }
  const end = start + 2 + body.readUInt16BE(start)
  let at = start + 2
  while (at + 4 <= end && end <= body.length) {
    const type = body.readUInt16BE(at)
    const next = at + 4 + body.readUInt16BE(at + 2)
    if (next > end) break
    const data = body.subarray(at + 4, next)
    if (type === 0) hello.serverName = nameIn(data)
    else if (type === 10) hello.hasCurves = true
    else if (type === 16) hello.alpn = protocolsIn(data)
    else if (type === 35) hello.ticketLength = data.length
    at = next
  }
  hello.isWhole = at === end
  return hello
}

/** Behind the session's id, the ciphers and the compressions; undefined where these do not fit. */
function extensionsStart(body: Buffer): number | undefined {
  const session = 34
  if (body.length < session + 1) return undefined
  const ciphers = session + 1 + (body[session] as number)
  if (body.length < ciphers + 2) return undefined
  const compressions = ciphers + 2 + body.readUInt16BE(ciphers)
  if (body.length < compressions + 1) return undefined
  const start = compressions + 1 + (body[compressions] as number)
  return start > body.length ? undefined : start
}

/** The first name of type `host_name`. */
function nameIn(data: Buffer): string | undefined {
  for (let at = 2; at + 3 <= data.length; ) {
    const end = at + 3 + data.readUInt16BE(at + 1)
    if (end > data.length) return undefined
    if (data[at] === 0) return data.toString('latin1', at + 3, end)
    at = end
  }
  return undefined
}

function protocolsIn(data: Buffer): readonly string[] {
  const names: string[] = []
  for (let at = 2; at < data.length; ) {
    const end = at + 1 + (data[at] as number)
    if (end > data.length) return []
    names.push(data.toString('latin1', at + 1, end))
    at = end
  }
  return names
}
