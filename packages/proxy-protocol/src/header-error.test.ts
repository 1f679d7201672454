import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ProxyHeaderError, type ProxyHeaderErrorCode, proxyHeaderErrorCodes } from './header-error.ts'
import { ProxyHeaderReader } from './reader.ts'
import { readWhole, tlv, v2, withTlvs } from './test-support.ts'

const line = (text: string) => Buffer.from(text)
const path = (text: string) => Buffer.from(text.padEnd(216, '\0'))

/** Bytes for every code. */
const SAMPLES: Record<ProxyHeaderErrorCode, Buffer> = {
  EVENER_PROXY_SIGNATURE: line('GET'),
  EVENER_PROXY_VERSION_REFUSED: line('PROXY UNKNOWN\r\n'),
  EVENER_PROXY_TRUNCATED: line('PROXY UNKNOWN'),
  EVENER_PROXY_V1_TOO_LONG: line(`PROXY ${'x'.repeat(200)}`),
  EVENER_PROXY_V1_LINE_END: line('PROXY UNKNOWN\n'),
  EVENER_PROXY_V1_PROTOCOL: line('PROXY SCTP\r\n'),
  EVENER_PROXY_V1_FIELDS: line('PROXY TCP4\r\n'),
  EVENER_PROXY_V1_ADDRESS: line('PROXY TCP4 a b 1 2\r\n'),
  EVENER_PROXY_V1_PORT: line('PROXY TCP4 1.2.3.4 1.2.3.4 x 2\r\n'),
  EVENER_PROXY_V2_VERSION: v2(0x10, 0, path('')),
  EVENER_PROXY_V2_COMMAND: v2(0x2e, 0, path('')),
  EVENER_PROXY_V2_FAMILY: v2(0x21, 0x51, path('')),
  EVENER_PROXY_V2_TRANSPORT: v2(0x21, 0x15, path('')),
  EVENER_PROXY_V2_TOO_LONG: v2(0x21, 0x11, path(''), 65_535),
  EVENER_PROXY_V2_TOO_SHORT: v2(0x21, 0x11, path(''), 8),
  EVENER_PROXY_V2_PATH: v2(0x21, 0x31, path('\n')),
  EVENER_PROXY_V2_TLV_TRUNCATED: withTlvs(tlv(5, '', 1)),
  EVENER_PROXY_V2_TLV_LENGTH: withTlvs(tlv(3, '')),
  EVENER_PROXY_V2_TLV_DUPLICATE: withTlvs(tlv(5, ''), tlv(5, '')),
  EVENER_PROXY_V2_TLV_TEXT: withTlvs(tlv(2, '\n')),
  EVENER_PROXY_V2_CRC: withTlvs(tlv(3, 'abcd')),
  EVENER_PROXY_V2_SUB_TLV_TRUNCATED: withTlvs(tlv(0x20, Buffer.from([0, 0, 0, 0, 0, 0x21]))),
}

test('there is a sample for every code, and a row in the manual', () => {
  expect(Object.keys(SAMPLES)).toEqual(proxyHeaderErrorCodes)
  const manual = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const code of proxyHeaderErrorCodes) expect(manual).toContain(`| \`${code}\` |`)
})

test.each(Object.entries(SAMPLES))('%s is a plain value that says where', (code, bytes) => {
  const reader = new ProxyHeaderReader(code === 'EVENER_PROXY_VERSION_REFUSED' ? { versions: [2] } : {})
  const error = reader.read(bytes) ?? reader.end()
  expect(error).toBeInstanceOf(ProxyHeaderError)
  expect(error).not.toBeInstanceOf(Error)
  expect(error).toMatchObject({ kind: 'error', code })
  const { message, offset } = error as ProxyHeaderError
  expect(message).toMatch(new RegExp(`\\(byte ${offset} of the PROXY header\\)$`))
})

test('a message holds nothing of what was sent', () => {
  expect(readWhole(line('PROXY TCP4 <script> b 1 2\r\n'))).toHaveProperty(
    'message',
    'the address is not one of its family (byte 11 of the PROXY header)',
  )
})
