import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProxyHeaderError, proxyHeaderErrorCodes } from './header-error.ts'
import { ProxyHeaderReader } from './reader.ts'
import { anyHeader, CLIENT, readInPieces, readWhole, splits, tlv, withTlvs } from './test-support.ts'
import { proxyHeaderV1 } from './write-v1.ts'
import { proxyHeaderV2 } from './write-v2.ts'

const LINE = Buffer.from('PROXY TCP4 192.0.2.10 198.51.100.20 56324 443\r\n')

describe('what belongs to the header', () => {
  test.each([
    ['version 1', LINE],
    ['version 2', withTlvs(tlv(2, 'a.example'))],
  ])('in one chunk with what follows: %s', (_, header) => {
    const reader = new ProxyHeaderReader()
    expect(reader.read(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n')]))).toHaveProperty(
      'family',
      'tcp4',
    )
    expect(reader.consumed).toBe(header.length)
  })

  test.each([
    ['version 1', LINE],
    ['version 2', withTlvs(tlv(2, 'a.example'))],
  ])('in two chunks, wherever the cut is: %s', (_, header) => {
    const bytes = Buffer.concat([header, Buffer.from('\r\nmore')])
    for (let cut = 0; cut < header.length; cut++) {
      const reader = new ProxyHeaderReader()
      expect(reader.read(bytes.subarray(0, cut))).toBeUndefined()
      expect(reader.consumed).toBe(cut)
      expect(reader.read(bytes.subarray(cut))).toHaveProperty('family', 'tcp4')
      expect(reader.consumed).toBe(header.length - cut)
    }
  })

  test('is settled once: what comes later is none of it', () => {
    const reader = new ProxyHeaderReader()
    const header = reader.read(LINE)
    expect(reader.read(LINE)).toBe(header)
    expect(reader.consumed).toBe(0)
  })

  test('is nothing where it was refused, now and later', () => {
    const reader = new ProxyHeaderReader()
    expect(reader.read(Buffer.from('PROX'))).toBeUndefined()
    const error = reader.read(Buffer.from('IES\r\n'))
    expect(error).toStrictEqual(new ProxyHeaderError('EVENER_PROXY_SIGNATURE', 4))
    expect(reader.consumed).toBe(0)
    expect(reader.read(LINE)).toBe(error)
    expect(reader.consumed).toBe(0)
  })
})

test.each([
  ['GET / HTTP/1.1', 0],
  ['\x16\x03\x01', 0],
  ['PROXY\t', 5],
  ['PROXIED', 4],
  ['\r\n\r\n\r\n', 4],
  ['\r\n\r\n\0\r\nQUIT\r', 11],
])('%j is no PROXY header, which is found at the first wrong byte', (text, offset) => {
  const bytes = Buffer.from(text, 'latin1')
  expect(readWhole(bytes)).toMatchObject({ code: 'EVENER_PROXY_SIGNATURE', offset })
  const untilWrong = Array.from({ length: offset }, (_, index) => index + 1)
  expect(readInPieces(bytes.subarray(0, offset + 1), untilWrong).outcome).toMatchObject({ offset })
  expect(readWhole(bytes.subarray(0, offset))).toBeUndefined()
})

test('only the versions that are wanted are accepted', () => {
  const binary = proxyHeaderV2(CLIENT)
  expect(readWhole(LINE, { versions: [1] })).toMatchObject({ version: 1 })
  expect(readWhole(binary, { versions: [2] })).toMatchObject({ version: 2 })
  expect(readWhole(LINE, { versions: [2] })).toMatchObject({
    code: 'EVENER_PROXY_VERSION_REFUSED',
    offset: 0,
  })
  expect(readWhole(binary, { versions: [1] })).toMatchObject({
    code: 'EVENER_PROXY_VERSION_REFUSED',
    offset: 0,
  })
})

describe('the end', () => {
  test('within a header is an error that says how far it came', () => {
    const reader = new ProxyHeaderReader()
    expect(reader.read(LINE.subarray(0, 20))).toBeUndefined()
    expect(reader.end()).toStrictEqual(new ProxyHeaderError('EVENER_PROXY_TRUNCATED', 20))
    expect(reader.read(LINE)).toHaveProperty('code', 'EVENER_PROXY_TRUNCATED')
  })

  test('before anything came is one as well', () => {
    expect(new ProxyHeaderReader().end()).toStrictEqual(new ProxyHeaderError('EVENER_PROXY_TRUNCATED', 0))
  })

  test('after a header is none', () => {
    const reader = new ProxyHeaderReader()
    reader.read(LINE)
    expect(reader.end()).toBeUndefined()
  })

  test('after an error is that error', () => {
    const reader = new ProxyHeaderReader()
    const error = reader.read(Buffer.from('HELO'))
    expect(reader.end()).toBe(error)
  })
})

test('one reader reads one datagram after another', () => {
  const reader = new ProxyHeaderReader({ versions: [2] })
  const datagram = Buffer.concat([proxyHeaderV2({ ...CLIENT, family: 'udp4' }), Buffer.from('query')])
  for (const [bytes, payload] of [
    [datagram, 'query'],
    [datagram.subarray(0, 20), undefined],
    [Buffer.from('query'), undefined],
    [datagram, 'query'],
  ] as const) {
    reader.reset()
    const header = reader.read(bytes) ?? reader.end()
    if (payload === undefined) expect(header).toBeInstanceOf(ProxyHeaderError)
    else expect(bytes.subarray(reader.consumed).toString()).toBe(payload)
  }
})

describe('for any bytes', () => {
  /** Much that is nearly a header, and some that is not. */
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 120 }).map(rest => Buffer.concat([Buffer.from('PROXY TCP4 '), rest])),
    fc
      .string({
        unit: fc.constantFrom(' ', '1.2.3.4', '::1', 'TCP4', 'TCP6', '\r', '\n', '\r\n', '80', 'UNKNOWN'),
      })
      .map(text => Buffer.from(`PROXY ${text}`)),
    fc
      .tuple(
        anyHeader,
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      )
      .map(([header, crc32c, changes]) => {
        const bytes = proxyHeaderV2(header, { crc32c })
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte
        return bytes
      }),
  )

  test('the outcome is a header, an error or a wish for more, the same for every split, and nothing is thrown', () => {
    const given = anyBytes.chain(bytes => fc.tuple(fc.constant(bytes), splits(bytes.length)))
    const codes = new Set<string>()
    fc.assert(
      fc.property(given, ([bytes, ends]) => {
        const whole = readInPieces(bytes, [])
        expect(readInPieces(bytes, ends)).toStrictEqual(whole)
        if (whole.outcome instanceof ProxyHeaderError) {
          codes.add(whole.outcome.code)
          expect(proxyHeaderErrorCodes).toContain(whole.outcome.code)
          expect(whole.outcome.offset).toBeLessThanOrEqual(bytes.length)
        } else if (whole.outcome === undefined) expect(whole.consumed).toBe(bytes.length)
      }),
      { numRuns: 2000 },
    )
    expect(codes.size, 'the bytes get past the signature').toBeGreaterThan(5)
  })

  test('what follows a header changes nothing in it', () => {
    fc.assert(
      fc.property(anyBytes, fc.uint8Array({ maxLength: 40 }), (bytes, more) => {
        const alone = readInPieces(bytes, [])
        if (alone.outcome === undefined) return
        expect(readInPieces(Buffer.concat([bytes, more]), [])).toStrictEqual(alone)
      }),
    )
  })
})

describe('what is written is read', () => {
  test('in version 2, every field', () => {
    fc.assert(
      fc.property(anyHeader, fc.boolean(), (header, crc32c) => {
        const bytes = proxyHeaderV2(header, { crc32c })
        // Undefined fields are left out by the reader.
        expect(readWhole(bytes)).toEqual(header)
        // And once more: what was read is written as it came.
        expect(proxyHeaderV2(readWhole(bytes) as typeof header, { crc32c })).toStrictEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  test('in version 1, addresses and ports of TCP', () => {
    fc.assert(
      fc.property(anyHeader, header => {
        const said = header.family === 'tcp4' || header.family === 'tcp6'
        const nothing = {
          family: 'unknown',
          sourceAddress: '',
          sourcePort: 0,
          destinationAddress: '',
          destinationPort: 0,
        }
        expect(readWhole(proxyHeaderV1(header))).toStrictEqual({
          ...header,
          ...(said ? {} : nothing),
          version: 1,
          tlvs: {},
        })
      }),
    )
  })
})

describe('an option that cannot work is refused at once', () => {
  test.each([
    ['versions', { versions: [] }, 'versions is a list of 0; allowed is a list of 1, 2 or both'],
    ['versions', { versions: [3] }, 'versions is a list of 1; allowed is a list of 1, 2 or both'],
    ['versions', { versions: 2 }, 'versions is 2; allowed is a list of 1, 2 or both'],
    ['maxBytes', { maxBytes: 231 }, 'maxBytes is 231; allowed is an integer from 232 to 65551'],
    ['maxBytes', { maxBytes: 65_552 }, 'maxBytes is 65552; allowed is an integer from 232 to 65551'],
    ['maxBytes', { maxBytes: 1000.5 }, 'maxBytes is 1000.5; allowed is an integer from 232 to 65551'],
    [
      'maxLength',
      { maxLength: 1 },
      'ProxyHeaderReader has no option "maxLength" (value 1); it has versions, maxBytes',
    ],
    ['ProxyHeaderReader options', null, 'ProxyHeaderReader options is null; allowed is an object'],
    ['ProxyHeaderReader options', [1], 'ProxyHeaderReader options is a list of 1; allowed is an object'],
  ])('%s: %j', (field, options, message) => {
    expect(() => new ProxyHeaderReader(options as never)).toThrow(
      expect.objectContaining({ name: 'ProxyOptionError', code: 'EVENER_INVALID_OPTION', field, message }),
    )
  })
})
