/**
 * What a client says at the beginning of TLS, read without ending TLS here: for routing by name and protocol.
 *
 * Pure: gets all bytes that have come so far, says what they are, or that more are needed. Strict: every
 * length must fit into what holds it to the byte, an extension must not come twice, the name must be a host
 * name. The message may lie in any number of records. An error is told as soon as the bytes show it.
 *
 * Invariant: never throws; more bytes never change an answer that was given.
 * Cost: O(bytes) a call, from the beginning each time, so O(n²) for a client that sends byte by byte;
 * `maxBytes` bounds it (16 KiB: some 0.2 s of CPU in all at worst is more than an attacker gains by
 * handshakes).
 * Source: RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3 (SNI), RFC 7301 section 3.1 (ALPN), RFC 8701
 * (GREASE).
 * Not for: fingerprints of clients (JA3); the lists they need are not kept.
 */
import { isHostName } from './host-name.ts'

/** What a ClientHello says. */
export interface ClientHello {
  readonly kind: 'hello'
  /** The name asked for, in lower case; undefined where there is none. */
  readonly serverName: string | undefined
  /** The protocols offered, best first; those meant as noise (GREASE) left out. */
  readonly alpn: readonly string[]
  /** The versions offered, best first: `TLSv1.3`, `TLSv1.2`, …; unknown ones left out. */
  readonly versions: readonly string[]
  /** How many of the bytes it takes, records' heads included; what follows is not looked at. */
  readonly bytes: number
}

/**
 * Why bytes are no ClientHello.
 *
 * `not-tls`: they do not begin as TLS does. `too-large`: it would be more than `maxBytes`. `not-a-hello`:
 * TLS, but another message comes first. `malformed`: a length or a value that RFC 8446 does not allow.
 * `invalid-name`: the name is no host name.
 */
export type ClientHelloErrorCode = 'not-tls' | 'too-large' | 'not-a-hello' | 'malformed' | 'invalid-name'

/** Bytes that are no ClientHello, and never will be. */
export interface ClientHelloError {
  readonly kind: 'error'
  readonly code: ClientHelloErrorCode
  readonly message: string
}

export type ClientHelloResult = ClientHello | ClientHelloError

const RECORD_HEAD = 5
const MESSAGE_HEAD = 4
const MAX_RECORD = 16_384
const SERVER_NAME = 0
const ALPN = 16
const SUPPORTED_VERSIONS = 43
const VERSIONS: Record<number, string> = {
  768: 'SSLv3',
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
}

const error = (code: ClientHelloErrorCode, message: string): ClientHelloError => ({
  kind: 'error',
  code,
  message,
})
const malformed = (message: string): ClientHelloError => error('malformed', message)
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)

/**
 * Read a ClientHello.
 * @param bytes all that has come so far
 * @param end how many of the bytes count; all by default
 * @param maxBytes how many may be needed at most; 16,384 by default
 * @returns undefined where more bytes are needed
 */
export function readClientHello(
  bytes: Uint8Array,
  end: number = bytes.length,
  maxBytes = 16_384,
): ClientHelloResult | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(end, bytes.length))
  const parts: Buffer[] = []
  let have = 0
  let need = MESSAGE_HEAD
  let at = 0
  while (have < need) {
    const fault = recordFault(all, at)
    if (fault !== undefined) return fault
    if (all.length < at + RECORD_HEAD) return at + RECORD_HEAD > maxBytes ? tooLarge(maxBytes) : undefined
    const size = all.readUInt16BE(at + 3)
    const stop = at + RECORD_HEAD + size
    const part = all.subarray(at + RECORD_HEAD, stop)
    parts.push(part)
    have += part.length
    const head = have >= MESSAGE_HEAD ? joined(parts) : part
    if (parts.length === 1 && part[0] !== undefined && part[0] !== 1) {
      return error('not-a-hello', `the first message is of type ${part[0]}, not a ClientHello`)
    }
    if (have >= MESSAGE_HEAD) need = MESSAGE_HEAD + head.readUIntBE(1, 3)
    // Counted as if the rest came in one record.
    if (Math.max(stop, at + RECORD_HEAD + part.length + need - have) > maxBytes) return tooLarge(maxBytes)
    const last = have - part.length + size >= need
    if (last && have - part.length + size > need && have >= MESSAGE_HEAD) {
      return malformed('something follows the ClientHello in its record')
    }
    if (all.length < stop) return undefined
    at = stop
  }
  return readMessage(joined(parts).subarray(MESSAGE_HEAD), at)
}

const tooLarge = (maxBytes: number): ClientHelloError =>
  error('too-large', `the ClientHello takes more than ${maxBytes} bytes`)

const joined = (parts: Buffer[]): Buffer => (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))

/** What is wrong with the head of a record, as far as it is there. */
function recordFault(all: Buffer, at: number): ClientHelloError | undefined {
  const code = at === 0 ? 'not-tls' : 'malformed'
  const type = all[at]
  const major = all[at + 1]
  if (type !== undefined && type !== 22)
    return error(code, `a record of type ${type} in place of a handshake`)
  if (major !== undefined && major !== 3) return error(code, `a record of version ${major}`)
  const minor = all[at + 2]
  if (minor !== undefined && minor > 4) return error(code, `a record of version 3.${minor}`)
  if (all.length < at + RECORD_HEAD) return undefined
  const size = all.readUInt16BE(at + 3)
  return size === 0 || size > MAX_RECORD ? error(code, `a record of ${size} bytes`) : undefined
}

/**
 * Goes over bytes that are all there; once something does not fit, `bad` is set and everything else is
 * empty.
 */
class Reader {
  bad = false
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.bad || this.#at === this.#bytes.length
  }

  number(size: 1 | 2): number {
    const bytes = this.take(size)
    return this.bad ? 0 : bytes.readUIntBE(0, size)
  }

  take(size: number): Buffer {
    if (this.bad || this.#at + size > this.#bytes.length) {
      this.bad = true
      return Buffer.alloc(0)
    }
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  /** What a length of `size` bytes stands before: `least` to `most` bytes, in units of `unit`. */
  vector(size: 1 | 2, least: number, most: number, unit = 1): Buffer {
    const length = this.number(size)
    if (length < least || length > most || length % unit !== 0) this.bad = true
    return this.take(length)
  }
}

interface Extensions {
  serverName: string | undefined
  alpn: string[]
  versions: string[] | undefined
}

function readMessage(message: Buffer, bytes: number): ClientHelloResult {
  const reader = new Reader(message)
  const legacyVersion = reader.number(2)
  reader.take(32)
  reader.vector(1, 0, 32)
  reader.vector(2, 2, 65_534, 2)
  reader.vector(1, 1, 255)
  const found: Extensions = { serverName: undefined, alpn: [], versions: undefined }
  if (!reader.done) {
    const extensions = new Reader(reader.vector(2, 0, 65_535))
    const fault = readExtensions(extensions, found)
    if (fault !== undefined) return fault
  }
  if (reader.bad || !reader.done) return malformed('a length in the ClientHello does not fit')
  if (legacyVersion >> 8 !== 3) return malformed(`the version ${legacyVersion.toString(16)}`)
  const { serverName, alpn } = found
  const versions = found.versions ?? upTo(legacyVersion)
  return { kind: 'hello', serverName, alpn, versions, bytes }
}

/** Before TLS 1.3 a client named its best version alone. */
function upTo(version: number): string[] {
  const highest = Math.min(version, 0x0303)
  const versions: string[] = []
  for (let each = highest; each >= 0x0300; each--) versions.push(VERSIONS[each] as string)
  return versions
}

function readExtensions(reader: Reader, found: Extensions): ClientHelloError | undefined {
  const seen = new Set<number>()
  while (!reader.done) {
    const type = reader.number(2)
    const body = new Reader(reader.vector(2, 0, 65_535))
    if (reader.bad) break
    if (seen.has(type)) return malformed(`the extension ${type} comes twice`)
    seen.add(type)
    const fault = readExtension(type, body, found)
    if (fault !== undefined) return fault
  }
  return reader.bad ? malformed('the length of an extension does not fit') : undefined
}

function readExtension(type: number, body: Reader, found: Extensions): ClientHelloError | undefined {
  if (type === SERVER_NAME) {
    const list = new Reader(body.vector(2, 4, 65_535))
    const kind = list.number(1)
    const name = list.vector(2, 1, 65_535).toString('latin1')
    if (body.bad || list.bad || !body.done || !list.done || kind !== 0)
      return malformed('the server_name extension')
    if (!isHostName(name)) return error('invalid-name', 'the name in server_name is no host name')
    found.serverName = name.toLowerCase()
  } else if (type === ALPN) {
    const list = new Reader(body.vector(2, 2, 65_535))
    while (!list.done) {
      const name = list.vector(1, 1, 255)
      const noise = name.length === 2 && isGrease(name.readUInt16BE(0))
      if (!noise) found.alpn.push(name.toString('latin1'))
    }
    if (body.bad || list.bad || !body.done) return malformed('the ALPN extension')
  } else if (type === SUPPORTED_VERSIONS) {
    const list = new Reader(body.vector(1, 2, 254, 2))
    const versions: string[] = []
    while (!list.done) {
      const name = VERSIONS[list.number(2)]
      if (name !== undefined) versions.push(name)
    }
    if (body.bad || !body.done) return malformed('the supported_versions extension')
    found.versions = versions
  }
  return undefined
}
