/** What the tests share: sample headers, any header, headers made by hand, any split. */
import { SocketAddress } from 'node:net'
import fc from 'fast-check'
import type { ProxyFamily, ProxyHeader, ProxyTls, ProxyTlvs } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { ProxyHeaderReader, type ProxyHeaderReaderOptions } from './reader.ts'

/** A client of documentation's networks. */
export const CLIENT: ProxyHeader = {
  version: 2,
  command: 'proxy',
  family: 'tcp4',
  sourceAddress: '192.0.2.10',
  sourcePort: 56324,
  destinationAddress: '198.51.100.20',
  destinationPort: 443,
  tlvs: {},
}

export const CLIENT6: ProxyHeader = {
  ...CLIENT,
  family: 'tcp6',
  sourceAddress: '2001:db8::a',
  destinationAddress: '2001:db8:0:1::b',
}

/** A version 2 header byte by byte; the length is that of the rest, unless told. */
export function v2(
  versionAndCommand: number,
  family: number,
  rest: Uint8Array,
  length = rest.length,
): Buffer {
  const fixed = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
  return Buffer.concat([Buffer.from([...fixed, versionAndCommand, family, length >> 8, length & 0xff]), rest])
}

/** 192.0.2.10:56324 to 198.51.100.20:443. */
export const V4_ADDRESSES = Buffer.from('c000020ac6336414dc0401bb', 'hex')

/** A version 2 header for {@link CLIENT} with these extensions, which begin at byte 28. */
export function withTlvs(...tlvs: Uint8Array[]): Buffer {
  return v2(0x21, 0x11, Buffer.concat([V4_ADDRESSES, ...tlvs]))
}

/** An extension; the length is that of the value, unless told. */
export function tlv(type: number, value: Uint8Array | string, length = value.length): Buffer {
  return Buffer.concat([Buffer.from([type, length >> 8, length & 0xff]), Buffer.from(value as string)])
}

/** Read all the bytes in pieces that end at `ends`: the outcome, and how many bytes were taken for the header. */
export function readInPieces(
  bytes: Buffer,
  ends: readonly number[],
  options?: ProxyHeaderReaderOptions,
): { outcome: ProxyHeader | ProxyHeaderError | undefined; consumed: number } {
  const reader = new ProxyHeaderReader(options)
  let from = 0
  let consumed = 0
  for (const end of [...ends, bytes.length]) {
    // A copy of its own, so that what is returned cannot point into the others.
    const chunk = Buffer.from(bytes.subarray(from, end))
    const outcome = reader.read(chunk)
    consumed += reader.consumed
    chunk.fill(0xee)
    if (outcome !== undefined)
      return { outcome, consumed: outcome instanceof ProxyHeaderError ? 0 : consumed }
    from = end
  }
  return { outcome: undefined, consumed }
}

/** Read all the bytes at once. */
export function readWhole(bytes: Buffer, options?: ProxyHeaderReaderOptions) {
  return readInPieces(bytes, [], options).outcome
}

/** Places to split `length` bytes at, in ascending order. */
export function splits(length: number): fc.Arbitrary<number[]> {
  return fc.oneof(
    fc.array(fc.integer({ min: 0, max: length }), { maxLength: 8 }).map(ends => ends.sort((a, b) => a - b)),
    fc.constant(Array.from({ length }, (_, index) => index)),
  )
}

const text = (maxBytes: number) =>
  fc
    .string({ unit: 'grapheme', maxLength: 40 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no text may have
    .map(given => given.toWellFormed().replace(/[\u0000-\u001f\u007f]/g, '.'))
    .filter(given => Buffer.byteLength(given) <= maxBytes)
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(given => Buffer.from(given))
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined })
const others = (own: readonly number[]) =>
  maybe(
    fc.array(
      fc.record({
        type: fc.integer({ min: 0, max: 255 }).filter(type => !own.includes(type)),
        value: bytes(60),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )

const anyTls: fc.Arbitrary<ProxyTls> = fc
  .record({
    tls: fc.boolean(),
    certificateOnConnection: fc.boolean(),
    certificateInSession: fc.boolean(),
    verified: fc.boolean(),
    verifyError: fc.integer({ min: 1, max: 0xffff_ffff }),
    version: maybe(text(255)),
    commonName: maybe(text(255)),
    cipher: maybe(text(255)),
    signatureAlgorithm: maybe(text(255)),
    keyAlgorithm: maybe(text(255)),
    group: maybe(text(255)),
    signatureScheme: maybe(text(255)),
    clientCertificate: maybe(bytes(400)),
    other: others([0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28]),
  })
  .map(tls => {
    const certificate = tls.certificateOnConnection || tls.certificateInSession
    const verified = tls.verified && tls.tls && certificate
    return { ...tls, verified, verifyError: verified ? undefined : tls.verifyError }
  })

export const anyTlvs: fc.Arbitrary<ProxyTlvs> = fc.record({
  alpn: maybe(text(255)),
  authority: maybe(text(255)),
  uniqueId: maybe(bytes(128)),
  netns: maybe(text(255)),
  tls: maybe(anyTls),
  // 4 is padding, which a reader leaves out.
  other: others([0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30]),
})

const port = fc.integer({ min: 0, max: 0xffff })
const path = text(107).map(given => given.replace(/^@$/, ''))
/** As Node writes it. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map(groups => groups.map(group => group.toString(16)).join(':'))
  .map(address => new SocketAddress({ address, family: 'ipv6' }).address)

function withFamily(family: ProxyFamily, address: fc.Arbitrary<string>, hasPort: boolean) {
  return fc.record({
    version: fc.constant(2 as const),
    command: fc.constant('proxy' as const),
    family: fc.constant(family),
    sourceAddress: address,
    sourcePort: hasPort ? port : fc.constant(0),
    destinationAddress: address,
    destinationPort: hasPort ? port : fc.constant(0),
    tlvs: anyTlvs,
  })
}

const ipv4 = fc.ipV4()
/** Any header of version 2 that says something of addresses. */
export const anyHeader: fc.Arbitrary<ProxyHeader> = fc.oneof(
  withFamily('tcp4', ipv4, true),
  withFamily('udp4', ipv4, true),
  withFamily('tcp6', ipv6, true),
  withFamily('udp6', ipv6, true),
  withFamily('unix-stream', path, false),
  withFamily('unix-datagram', path, false),
)
