import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import type { ProxyHeader, ProxyHeaderContent, ProxyTls, ProxyTlvs } from './header.ts'
import { CLIENT, CLIENT6, readWhole } from './test-support.ts'
import { proxyHeaderV2 } from './write-v2.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const V4 = 'c000020ac6336414dc0401bb'
const V6 = '20010db800000000000000000000000a20010db800000001000000000000000bdc0401bb'
const hex = (header: Partial<ProxyHeaderContent>, options = {}) =>
  proxyHeaderV2({ ...CLIENT, ...header }, options).toString('hex')
const path = (text: string) => Buffer.from(text.padEnd(108, '\0')).toString('hex')
const UNIX = { family: 'unix-stream', sourceAddress: '/run/a.sock', destinationAddress: '@b' } as const

test.each([
  ['TCP over IPv4', {}, `2111000c${V4}`],
  ['UDP over IPv4', { family: 'udp4' }, `2112000c${V4}`],
  ['TCP over IPv6', CLIENT6, `21210024${V6}`],
  ['UDP over IPv6', { ...CLIENT6, family: 'udp6' }, `21220024${V6}`],
  [
    'IPv4 within IPv6',
    { ...CLIENT6, sourceAddress: '192.0.2.1' },
    `21210024${'0'.repeat(20)}ffffc0000201${V6.slice(32)}`,
  ],
  ['a zone, left out', { ...CLIENT6, sourceAddress: '2001:db8::a%eth0' }, `21210024${V6}`],
  ['unix stream', UNIX, `213100d8${path('/run/a.sock')}${path('\0b')}`],
  ['unix datagram', { ...UNIX, family: 'unix-datagram' }, `213200d8${path('/run/a.sock')}${path('\0b')}`],
  ['nothing known', { family: 'unknown' }, '21000000'],
  ['local', { command: 'local' }, '20000000'],
] as const)('%s', (_, header, rest) => {
  expect(hex(header)).toBe(SIGNATURE + rest)
})

test('extensions are written in a fixed order', () => {
  const tlvs: ProxyTlvs = {
    other: [
      { type: 0x04, value: Buffer.alloc(1) },
      { type: 0xe0, value: Buffer.from('x') },
    ],
    netns: 'n',
    tls: {
      tls: true,
      certificateOnConnection: true,
      certificateInSession: true,
      verified: false,
      verifyError: 10,
      version: 'v',
      commonName: 'c',
      cipher: 'i',
      signatureAlgorithm: 's',
      keyAlgorithm: 'k',
      group: 'g',
      signatureScheme: 'h',
      clientCertificate: Buffer.from('d'),
      other: [{ type: 0x99, value: Buffer.from('o') }],
    },
    uniqueId: Buffer.from([1, 2]),
    authority: 'ä',
    alpn: 'h2',
  }
  const subs = '21000176 22000163 23000169 24000173 2500016b 26000167 27000168 28000164 9900016f'
  const parts = `0100026832 020002c3a4 0500020102 200029 07 0000000a ${subs} 3000016e 04000100 e0000178`
  const bytes = parts.replaceAll(' ', '')
  expect(hex({ tlvs })).toBe(
    `${SIGNATURE}2111${(12 + bytes.length / 2).toString(16).padStart(4, '0')}${V4}${bytes}`,
  )
})

test('extensions may be left out', () => {
  const { tlvs: _, version: __, ...content } = CLIENT
  expect(proxyHeaderV2(content).toString('hex')).toBe(`${SIGNATURE}2111000c${V4}`)
})

test('a local header may have extensions', () => {
  expect(hex({ command: 'local', tlvs: { netns: 'n' } })).toBe(`${SIGNATURE}200000043000016e`)
})

test('the checksum comes first, and is that of the header with zeros in its place', () => {
  const bytes = proxyHeaderV2({ ...CLIENT, tlvs: { netns: 'n' } }, { crc32c: true })
  expect(bytes.subarray(28, 31).toString('hex')).toBe('030004')
  expect(bytes.subarray(35).toString('hex')).toBe('3000016e')
  const sum = bytes.readUInt32BE(31)
  bytes.fill(0, 31, 35)
  expect(crc32c(bytes)).toBe(sum)
})

test('a certificate that never came is not written as a verified one', () => {
  const tls = { tls: true, certificateOnConnection: false, certificateInSession: false, verified: false }
  expect(hex({ tlvs: { tls } }).slice(56)).toBe('2000050100000001')
  const verified = { ...tls, certificateInSession: true, verified: true }
  expect(hex({ tlvs: { tls: verified } }).slice(56)).toBe('2000050500000000')
})

test('the longest of everything is written and read', () => {
  const name = 'x'.repeat(255)
  const tlvs = { alpn: name, authority: name, netns: name, uniqueId: Buffer.alloc(128, 1) }
  const header: ProxyHeader = {
    ...CLIENT,
    ...UNIX,
    sourceAddress: '/'.repeat(108),
    sourcePort: 0,
    destinationPort: 0,
    tlvs,
  }
  expect(readWhole(proxyHeaderV2(header))).toEqual(header)
  const full = proxyHeaderV2({ ...CLIENT, tlvs: { other: [{ type: 0xe0, value: Buffer.alloc(65_520) }] } })
  expect(full).toHaveLength(65_551)
})

const TLS: ProxyTls = { tls: true, certificateOnConnection: true, certificateInSession: true, verified: true }
const tooLong = 'x'.repeat(256)
const text255 = 'a text of at most 255 bytes without control characters'
test.each([
  ['sourceAddress', { ...UNIX, sourceAddress: '/'.repeat(109) }, 'a path of at most 108 bytes'],
  ['sourceAddress', { ...UNIX, sourceAddress: 'ä'.repeat(55) }, 'a path of at most 108 bytes'],
  [
    'sourceAddress',
    { ...UNIX, sourceAddress: 7 },
    'sourceAddress is 7; allowed is a path of at most 108 bytes',
  ],
  ['destinationAddress', { ...UNIX, destinationAddress: '/a\0b' }, 'a path of at most 108 bytes'],
  ['destinationAddress', { ...UNIX, destinationAddress: '\ud800' }, 'a path of at most 108 bytes'],
  ['sourceAddress', { sourceAddress: '::1' }, 'an IPv4 address'],
  ['sourcePort', { sourcePort: 1.5 }, 'an integer from 0 to 65535'],
  ['command', { command: 'relay' }, 'proxy or local'],
  ['family', { family: 'toString' }, 'tcp4, udp4'],
  ['tlvs.alpn', { tlvs: { alpn: tooLong } }, text255],
  ['tlvs.alpn', { tlvs: { alpn: false } }, 'tlvs.alpn is false; allowed is a text'],
  ['tlvs.authority', { tlvs: { authority: tooLong } }, text255],
  ['tlvs.authority', { tlvs: { authority: 'a\r\nb' } }, text255],
  ['tlvs.authority', { tlvs: { authority: '\udc00' } }, text255],
  ['tlvs.netns', { tlvs: { netns: 'a\x7f' } }, text255],
  [
    'tlvs.uniqueId',
    { tlvs: { uniqueId: Buffer.alloc(129) } },
    'tlvs.uniqueId is 129 bytes; allowed is a Buffer of at most 128 bytes',
  ],
  ['tlvs.uniqueId', { tlvs: { uniqueId: 'id' } }, 'a Buffer of at most 128 bytes'],
  [
    'tlvs.other[1].type',
    {
      tlvs: {
        other: [
          { type: 9, value: Buffer.alloc(0) },
          { type: 256, value: Buffer.alloc(0) },
        ],
      },
    },
    'an integer from 0 to 255',
  ],
  [
    'tlvs.other[0].type',
    { tlvs: { other: [{ type: -1, value: Buffer.alloc(0) }] } },
    'an integer from 0 to 255',
  ],
  [
    'tlvs.other[0].type',
    { tlvs: { other: [{ type: 1.5, value: Buffer.alloc(0) }] } },
    'an integer from 0 to 255',
  ],
  ['tlvs.other[0].type', { tlvs: { other: [{ type: 3, value: Buffer.alloc(4) }] } }, 'no field of its own'],
  ['tlvs.other[0].type', { tlvs: { other: [{ type: 5, value: Buffer.alloc(4) }] } }, 'no field of its own'],
  ['tlvs.other[0].value', { tlvs: { other: [{ type: 0xe0 }] } }, 'a Buffer of at most 65535 bytes'],
  [
    'tlvs.other[0].value',
    { tlvs: { other: [{ type: 0xe0, value: {} }] } },
    'tlvs.other[0].value is an object; allowed',
  ],
  [
    'tlvs.other[0].value',
    { tlvs: { other: [{ type: 0xe0, value: Buffer.alloc(65_536) }] } },
    'a Buffer of at most 65535 bytes',
  ],
  [
    'tlvs',
    { tlvs: { other: [{ type: 0xe0, value: Buffer.alloc(65_521) }] } },
    'tlvs is "65524 bytes"; allowed is at most 65523',
  ],
  ['tlvs.tls.verified', { tlvs: { tls: { ...TLS, tls: false } } }, 'false where there is no TLS'],
  [
    'tlvs.tls.verified',
    { tlvs: { tls: { ...TLS, certificateOnConnection: false, certificateInSession: false } } },
    'or no certificate',
  ],
  ['tlvs.tls.verifyError', { tlvs: { tls: { ...TLS, verifyError: 10 } } }, 'where verified is false'],
  [
    'tlvs.tls.verifyError',
    { tlvs: { tls: { ...TLS, verified: false, verifyError: 0 } } },
    'an integer from 1',
  ],
  [
    'tlvs.tls.verifyError',
    { tlvs: { tls: { ...TLS, verified: false, verifyError: 1.5 } } },
    'an integer from 1',
  ],
  [
    'tlvs.tls.verifyError',
    { tlvs: { tls: { ...TLS, verified: false, verifyError: 2 ** 32 } } },
    'an integer from 1',
  ],
  ['tlvs.tls.commonName', { tlvs: { tls: { ...TLS, commonName: 'a\0' } } }, 'without control characters'],
  ['tlvs.tls.clientCertificate', { tlvs: { tls: { ...TLS, clientCertificate: 'pem' } } }, 'a Buffer'],
  [
    'tlvs.tls.other[0].type',
    { tlvs: { tls: { ...TLS, other: [{ type: 0x21, value: Buffer.alloc(0) }] } } },
    'no field of its own',
  ],
  [
    'tlvs.tls',
    { tlvs: { tls: { ...TLS, clientCertificate: Buffer.alloc(65_535) } } },
    'tlvs.tls is "65543 bytes"; allowed is at most 65535',
  ],
])('a wrong %s is refused (%#)', (field, header, message) => {
  expect(() => hex(header as never)).toThrow(
    expect.objectContaining({
      code: 'EVENER_PROXY_UNWRITABLE',
      field,
      message: expect.stringContaining(message),
    }),
  )
})

test('a long value is shown shortened in the message', () => {
  expect(() => hex({ tlvs: { authority: 'x'.repeat(10_000) } })).toThrow(
    /^tlvs.authority is "x{79}…; allowed is/,
  )
})

test.each([
  ['crc32c', { crc32c: 1 }],
  ['crc', { crc: true }],
])('a wrong option is refused: %s', (field, options) => {
  expect(() => hex({}, options)).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION', field }))
})
