import { describe, expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import type { ProxyHeader } from './header.ts'
import { CLIENT, readWhole, tlv, withTlvs } from './test-support.ts'

/** The first extension of {@link withTlvs} is here. */
const FIRST = 28
const tlvsOf = (...tlvs: Buffer[]) => (readWhole(withTlvs(...tlvs)) as ProxyHeader).tlvs
const flags = (client: number, verify: number) =>
  Buffer.from([client, (verify >>> 24) & 255, (verify >>> 16) & 255, (verify >>> 8) & 255, verify & 255])
const tlsTlv = (client: number, verify: number, ...parts: Buffer[]) =>
  tlv(0x20, Buffer.concat([flags(client, verify), ...parts]))

/** With a sum of its own at the front that `change` may spoil. */
function summed(rest: Buffer, change = 0): Buffer {
  const bytes = withTlvs(tlv(3, Buffer.alloc(4)), rest)
  bytes.writeUInt32BE((crc32c(bytes) ^ change) >>> 0, FIRST + 3)
  return bytes
}

test('every extension gets its field', () => {
  const tlvs = tlvsOf(
    tlv(1, 'h2'),
    tlv(2, 'www.exämple.org'.normalize(), Buffer.byteLength('www.exämple.org')),
    tlv(4, 'padding'),
    tlv(5, Buffer.from([0, 1, 255])),
    tlv(0x30, 'blue'),
    tlv(0xe0, 'custom'),
    tlv(4, ''),
    tlv(0x21, 'not within TLS'),
    tlv(0xe0, ''),
  )
  expect(tlvs).toStrictEqual({
    alpn: 'h2',
    authority: 'www.exämple.org',
    uniqueId: Buffer.from([0, 1, 255]),
    netns: 'blue',
    other: [
      { type: 0xe0, value: Buffer.from('custom') },
      { type: 0x21, value: Buffer.from('not within TLS') },
      { type: 0xe0, value: Buffer.alloc(0) },
    ],
  })
})

test('an empty extension is not a missing one', () => {
  expect(tlvsOf(tlv(2, ''), tlv(5, ''))).toStrictEqual({ authority: '', uniqueId: Buffer.alloc(0) })
})

test('padding alone leaves nothing', () => {
  expect(tlvsOf(tlv(4, 'xxxx'))).toStrictEqual({})
})

test('what is read has no part in the bytes it was read from', () => {
  const bytes = withTlvs(tlv(5, 'id'), tlsTlv(0, 0, tlv(0x28, 'der'), tlv(0x99, 'sub')), tlv(0xe0, 'custom'))
  const header = readWhole(bytes) as ProxyHeader
  bytes.fill(0)
  expect(header.tlvs.uniqueId?.toString()).toBe('id')
  expect(header.tlvs.other?.[0]?.value.toString()).toBe('custom')
  expect(header.tlvs.tls?.clientCertificate?.toString()).toBe('der')
  expect(header.tlvs.tls?.other?.[0]?.value.toString()).toBe('sub')
})

describe('the checksum', () => {
  test('is accepted where it is right, at the front and at the end', () => {
    expect(readWhole(summed(tlv(2, 'a.example')))).toStrictEqual({
      ...CLIENT,
      tlvs: { authority: 'a.example' },
    })
    const last = withTlvs(tlv(2, 'a.example'), tlv(3, Buffer.alloc(4)))
    last.writeUInt32BE(crc32c(last), last.length - 4)
    expect(readWhole(last)).toStrictEqual({ ...CLIENT, tlvs: { authority: 'a.example' } })
  })

  test('does not cover what comes behind the header', () => {
    expect(readWhole(Buffer.concat([summed(tlv(2, 'a')), Buffer.from('GET /')]))).toMatchObject({
      family: 'tcp4',
    })
  })

  test('finds every single bit that is wrong, save in the type that says there is a checksum', () => {
    const sound = summed(tlv(5, 'id'))
    for (let bit = 16 * 8; bit < sound.length * 8; bit++) {
      if (bit >> 3 === FIRST) continue
      const spoilt = Buffer.from(sound)
      spoilt[bit >> 3]! ^= 1 << (bit & 7)
      expect(readWhole(spoilt), `bit ${bit}`).toHaveProperty('code')
    }
    expect(readWhole(summed(tlv(5, 'id'), 1))).toMatchObject({ code: 'EVENER_PROXY_V2_CRC', offset: FIRST })
  })
})

describe('the TLS extension', () => {
  test('gives all its facts', () => {
    const parts = [
      'TLSv1.3',
      'client 1',
      'TLS_AES_128_GCM_SHA256',
      'RSA-SHA256',
      'RSA2048',
      'X25519',
      'ed25519',
    ]
    const subs = parts.map((value, index) => tlv(0x21 + index, value))
    expect(tlvsOf(tlsTlv(7, 0, ...subs, tlv(0x28, 'der'), tlv(0x99, 'new')))).toStrictEqual({
      tls: {
        tls: true,
        certificateOnConnection: true,
        certificateInSession: true,
        verified: true,
        version: 'TLSv1.3',
        commonName: 'client 1',
        cipher: 'TLS_AES_128_GCM_SHA256',
        signatureAlgorithm: 'RSA-SHA256',
        keyAlgorithm: 'RSA2048',
        group: 'X25519',
        signatureScheme: 'ed25519',
        clientCertificate: Buffer.from('der'),
        other: [{ type: 0x99, value: Buffer.from('new') }],
      },
    })
  })

  test.each([
    ['TLS without a certificate', 1, 0, false],
    ['no TLS, and yet a certificate', 6, 0, false],
    ['a certificate on this connection', 3, 0, true],
    ['a certificate earlier in the session', 5, 0, true],
    ['a certificate that failed', 7, 10, false],
    ['flags of the future', 0xff, 0, true],
  ])('%s', (_, client, verify, verified) => {
    const { tls } = tlvsOf(tlsTlv(client, verify))
    expect(tls).toStrictEqual({
      tls: (client & 1) !== 0,
      certificateOnConnection: (client & 2) !== 0,
      certificateInSession: (client & 4) !== 0,
      verified,
      ...(verify === 0 ? {} : { verifyError: verify }),
    })
  })

  test('the reason of a failed verification is an unsigned number', () => {
    expect(tlvsOf(tlsTlv(7, 0xffff_ffff)).tls?.verifyError).toBe(0xffff_ffff)
  })
})

describe('refused', () => {
  const second = (first: Buffer) => FIRST + first.length
  const id = tlv(5, 'id')
  const name = tlv(2, 'a.example')
  const tls = tlsTlv(1, 0)
  const long = 'x'.repeat(256)
  test.each([
    ['an extension of one byte', [Buffer.from([5])], 'TLV_TRUNCATED', FIRST],
    ['an extension of two bytes', [name, Buffer.from([5, 0])], 'TLV_TRUNCATED', second(name)],
    ['a value longer than the header', [tlv(0xe0, 'ab', 3)], 'TLV_TRUNCATED', FIRST],
    ['a value of 65,535 bytes that are not there', [name, tlv(5, '', 65_535)], 'TLV_TRUNCATED', second(name)],
    [
      'a value that is shorter than said, so that the next one is cut',
      [tlv(5, 'id', 1), name],
      'TLV_TRUNCATED',
      FIRST + 4,
    ],
    ['a protocol of 256 bytes', [tlv(1, long)], 'TLV_LENGTH', FIRST],
    ['a host name of 256 bytes', [tlv(2, long)], 'TLV_LENGTH', FIRST],
    ['a namespace of 256 bytes', [tlv(0x30, long)], 'TLV_LENGTH', FIRST],
    ['a checksum of 3 bytes', [tlv(3, 'abc')], 'TLV_LENGTH', FIRST],
    ['a checksum of 5 bytes', [tlv(3, 'abcde')], 'TLV_LENGTH', FIRST],
    ['an empty checksum', [tlv(3, '')], 'TLV_LENGTH', FIRST],
    ['a unique id of 129 bytes', [tlv(5, 'x'.repeat(129))], 'TLV_LENGTH', FIRST],
    ['a TLS extension of 4 bytes', [tlv(0x20, Buffer.alloc(4))], 'TLV_LENGTH', FIRST],
    ['an empty TLS extension', [name, tlv(0x20, '')], 'TLV_LENGTH', second(name)],
    ['two protocols', [tlv(1, 'h2'), tlv(1, 'h2')], 'TLV_DUPLICATE', FIRST + 5],
    ['two host names, the first one empty', [tlv(2, ''), name], 'TLV_DUPLICATE', FIRST + 3],
    ['two unique ids', [id, id], 'TLV_DUPLICATE', second(id)],
    ['two unique ids, the first one empty', [tlv(5, ''), id], 'TLV_DUPLICATE', FIRST + 3],
    ['two TLS extensions', [tls, tls], 'TLV_DUPLICATE', second(tls)],
    ['two namespaces', [tlv(0x30, 'a'), tlv(0x30, 'b')], 'TLV_DUPLICATE', FIRST + 4],
    ['a wrong checksum', [tlv(3, 'abcd')], 'CRC', FIRST],
    ['a line break in a host name', [tlv(2, 'a\r\nX: y')], 'TLV_TEXT', FIRST],
    ['NUL in a protocol', [tlv(1, 'h2\0')], 'TLV_TEXT', FIRST],
    ['a namespace that is no UTF-8', [tlv(0x30, Buffer.from([0xc0, 0x80]))], 'TLV_TEXT', FIRST],
    ['half of a part of TLS', [tlsTlv(1, 0, Buffer.from([0x21, 0]))], 'SUB_TLV_TRUNCATED', FIRST + 8],
    [
      'a part of TLS that is longer than TLS',
      [tlsTlv(1, 0, tlv(0x21, 'TLS', 4)), name],
      'SUB_TLV_TRUNCATED',
      FIRST + 8,
    ],
    ['two names of a cipher', [tlsTlv(1, 0, tlv(0x23, 'a'), tlv(0x23, 'a'))], 'TLV_DUPLICATE', FIRST + 12],
    ['two client certificates', [tlsTlv(1, 0, tlv(0x28, ''), tlv(0x28, ''))], 'TLV_DUPLICATE', FIRST + 11],
    ['a line break in a common name', [tlsTlv(1, 0, tlv(0x22, 'a\nb'))], 'TLV_TEXT', FIRST + 8],
  ])('%s', (_, tlvs, code, offset) => {
    expect(readWhole(withTlvs(...tlvs))).toMatchObject({ code: `EVENER_PROXY_V2_${code}`, offset })
  })

  test('two checksums, both right', () => {
    const zero = tlv(3, Buffer.alloc(4))
    const bytes = withTlvs(zero, zero)
    bytes.writeUInt32BE(crc32c(bytes), FIRST + 3)
    expect(readWhole(bytes)).toMatchObject({ code: 'EVENER_PROXY_V2_TLV_DUPLICATE', offset: FIRST + 7 })
  })
})
