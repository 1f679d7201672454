/**
 * Reading a PROXY header as it arrives: in one piece, as nearly always, or a byte at a time.
 *
 * The outcome does not depend on how the bytes were split. A header that comes whole in the first chunk is read in
 * place; one that does not is gathered in a buffer of its own length.
 *
 * Invariant: no more than `maxBytes` (107 for version 1) are ever held, and none behind the header is looked at.
 * Cost: O(length of the header); for version 1 a byte at a time O(length²), with a length of 107 at most.
 *
 * Not for finding out whether there is a header: who may send one is decided by where the connection comes from, and
 * from there it must come (specification, 2: "MUST not try to guess").
 *
 * Source: PROXY protocol specification; HAProxy's src/connection.c for what receivers put up with.
 */
import type { ProxyHeader } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { checkNames, refuseOption } from './options.ts'
import { readV1, v1LineEnd } from './read-v1.ts'
import { readV2, v2Length } from './read-v2.ts'
import {
  V1_MAX_BYTES,
  V1_PREFIX,
  V2_FIXED_BYTES,
  V2_MAX_BARE_BYTES,
  V2_MAX_BYTES,
  V2_SIGNATURE,
} from './wire.ts'

/** The options of {@link ProxyHeaderReader}. */
export interface ProxyHeaderReaderOptions {
  /** The versions to accept; both by default. A header of another is refused. */
  readonly versions?: readonly (1 | 2)[] | undefined
  /**
   * The longest header of version 2 to accept, in bytes, all of it counted: 232 to 65,551; 4,096 by default, room for
   * every usual extension, a client certificate among them. This much a connection may hold until its header is
   * complete. Version 1 has its own bound, 107.
   */
  readonly maxBytes?: number | undefined
}

/**
 * Reads the header of one connection, or of one datagram after another.
 *
 * Give it what arrives until it answers with a header or an error; pass on what lies behind `consumed`. It never
 * throws for what it is given, and knows no time: whoever owns the connection limits how long it may take.
 */
export class ProxyHeaderReader {
  /**
   * How many bytes of the last chunk belong to the header: all of them while more is needed, none where the header
   * was refused or complete before.
   */
  consumed = 0
  readonly #versions: readonly (1 | 2)[]
  readonly #maxBytes: number
  /** What has come so far, `#length` bytes; undefined while that is nothing. */
  #held: Buffer | undefined
  #length = 0
  /** How many bytes it takes at least to get further. */
  #wanted = 1
  /** How long the header turned out to be. */
  #headerBytes = 0
  #outcome: ProxyHeader | ProxyHeaderError | undefined

  /** @throws {ProxyOptionError} `EVENER_INVALID_OPTION` */
  constructor(options: ProxyHeaderReaderOptions = {}) {
    checkNames('ProxyHeaderReader', options, ['versions', 'maxBytes'])
    const { versions = [1, 2], maxBytes = 4096 } = options
    if (!Array.isArray(versions) || versions.length === 0 || versions.some(one => one !== 1 && one !== 2))
      refuseOption('versions', versions, 'a list of 1, 2 or both')
    if (!Number.isInteger(maxBytes) || maxBytes < V2_MAX_BARE_BYTES || maxBytes > V2_MAX_BYTES)
      refuseOption('maxBytes', maxBytes, `an integer from ${V2_MAX_BARE_BYTES} to ${V2_MAX_BYTES}`)
    this.#versions = versions
    this.#maxBytes = maxBytes
  }

  /**
   * Read on.
   * @param chunk what arrived; it is not changed, and not kept
   * @returns the header, why it was refused, or undefined where more is needed; once it is settled, the same again
   */
  read(chunk: Buffer): ProxyHeader | ProxyHeaderError | undefined {
    this.consumed = 0
    if (this.#outcome !== undefined) return this.#outcome

    const before = this.#length
    let taken = 0
    let step = before === 0 ? this.#attempt(chunk) : this.#wanted
    while (typeof step === 'number') {
      taken += this.#hold(chunk, taken, step)
      if (this.#length < step) {
        this.#wanted = step
        this.consumed = taken
        return undefined
      }
      step = this.#attempt((this.#held as Buffer).subarray(0, this.#length))
    }
    if (!(step instanceof ProxyHeaderError)) this.consumed = this.#headerBytes - before
    this.#held = undefined
    this.#outcome = step
    return step
  }

  /**
   * Nothing more will come: the connection has ended, or the datagram has.
   * @returns why that is an error; undefined where a header was complete
   */
  end(): ProxyHeaderError | undefined {
    this.consumed = 0
    this.#outcome ??= new ProxyHeaderError('EVENER_PROXY_TRUNCATED', this.#length)
    this.#held = undefined
    return this.#outcome instanceof ProxyHeaderError ? this.#outcome : undefined
  }

  /** Forget everything and begin anew: for the next datagram. */
  reset(): void {
    this.consumed = 0
    this.#held = undefined
    this.#length = 0
    this.#outcome = undefined
  }

  /** Add from the chunk what is missing to `wanted` bytes, or what there is; how many bytes that were. */
  #hold(chunk: Buffer, from: number, wanted: number): number {
    const count = Math.min(wanted - this.#length, chunk.length - from)
    if (this.#held === undefined || this.#held.length < wanted) {
      const larger = Buffer.allocUnsafe(Math.max(wanted, V1_MAX_BYTES))
      this.#held?.copy(larger, 0, 0, this.#length)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#length, from, from + count)
    this.#length += count
    return count
  }

  /** The outcome, or how many bytes it takes at least to get further. */
  #attempt(bytes: Buffer): ProxyHeader | ProxyHeaderError | number {
    if (bytes.length === 0) return 1
    const version = bytes[0] === V1_PREFIX[0] ? 1 : 2
    const prefix = version === 1 ? V1_PREFIX : V2_SIGNATURE
    const known = Math.min(bytes.length, prefix.length)
    for (let at = 0; at < known; at++)
      if (bytes[at] !== prefix[at]) return new ProxyHeaderError('EVENER_PROXY_SIGNATURE', at)
    if (known < prefix.length) return bytes.length + 1
    if (!this.#versions.includes(version)) return new ProxyHeaderError('EVENER_PROXY_VERSION_REFUSED', 0)
    return version === 1 ? this.#attemptV1(bytes) : this.#attemptV2(bytes)
  }

  #attemptV1(bytes: Buffer): ProxyHeader | ProxyHeaderError | number {
    const end = v1LineEnd(bytes)
    if (typeof end !== 'number') return end
    if (end < 0) return bytes.length + 1
    this.#headerBytes = end + 2
    return readV1(bytes, end)
  }

  #attemptV2(bytes: Buffer): ProxyHeader | ProxyHeaderError | number {
    if (bytes.length < V2_FIXED_BYTES) return V2_FIXED_BYTES
    const length = v2Length(bytes, this.#maxBytes)
    if (typeof length !== 'number' || bytes.length < length) return length
    this.#headerBytes = length
    return readV2(bytes, length)
  }
}
