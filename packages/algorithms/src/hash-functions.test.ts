import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { avalanche, type HashFunctionName, hashFunctions, hashText } from './hash-functions.ts'

const hashOf = (name: HashFunctionName, text: string) => hashText(hashFunctions[name], text) >>> 0

/** The hash functions in the words of their authors, on numbers of any size. */
const models: Record<'sdbm' | 'djb2', (bytes: readonly number[]) => number> = {
  sdbm: bytes => Number(bytes.reduce((hash, byte) => (hash * 65_599n + BigInt(byte)) & 0xffffffffn, 0n)),
  djb2: bytes => Number(bytes.reduce((hash, byte) => (hash * 33n + BigInt(byte)) & 0xffffffffn, 5381n)),
}

const bytes = fc.array(fc.nat(255), { maxLength: 100 })
const textOf = (values: readonly number[]) => String.fromCharCode(...values)

describe('hash functions', () => {
  it('sdbm and djb2 are what their authors say, for any bytes', () => {
    fc.assert(
      fc.property(bytes, values => {
        expect(hashOf('sdbm', textOf(values))).toBe(models.sdbm(values))
        expect(hashOf('djb2', textOf(values))).toBe(models.djb2(values))
      }),
    )
  })

  it('crc32 is that of zlib, for any bytes', () => {
    fc.assert(
      fc.property(bytes, values => {
        expect(hashOf('crc32', textOf(values))).toBe(crc32(Uint8Array.from(values)))
      }),
    )
  })

  it('wt6 gives the numbers that HAProxy gives', () => {
    expect(hashOf('wt6', '')).toBe((0xa53c965a ^ 0x5ca6953a) >>> 0)
    expect(
      ['a', 'abc', '/index.html', '\xff\x00\x80'].map(text => hashOf('wt6', text)),
    ).toMatchInlineSnapshot(`
      [
        1900802597,
        2483038440,
        822151038,
        704788743,
      ]
    `)
  })

  it('none takes the key as a number, as far as it is one', () => {
    const cases: [string, number][] = [
      ['0', 0],
      ['42', 42],
      ['+42', 42],
      ['-1', 0xffffffff],
      ['12x3', 12],
      ['x', 0],
      ['', 0],
      ['4294967297', 1],
      ['9223372036854775807', 0xffffffff],
      ['99999999999999999999999', 0xffffffff],
      ['-9223372036854775808', 0],
      ['-99999999999999999999999', 0],
    ]
    for (const [text, number] of cases) expect([text, hashOf('none', text)]).toEqual([text, number])
  })

  it('text beyond one byte a character is hashed as UTF-8', () => {
    const encoded = [...new TextEncoder().encode('日本é')]
    expect(hashOf('sdbm', '日本é')).toBe(models.sdbm(encoded))
    expect(hashOf('sdbm', 'é')).toBe(models.sdbm([0xe9]))
  })

  it('long keys are hashed whole', () => {
    for (const length of [255, 256, 257, 65_536, 65_537, 100_000]) {
      expect(hashOf('crc32', 'x'.repeat(length))).toBe(crc32('x'.repeat(length)))
    }
  })

  it('a part of a text is hashed as if it stood alone', () => {
    expect(hashText(hashFunctions.djb2, 'xxabcxx', 2, 5)).toBe(hashText(hashFunctions.djb2, 'abc'))
  })

  it('the avalanche keeps different numbers different, and flips about half of the bits for one', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => {
        if (a !== b) expect(avalanche(a)).not.toBe(avalanche(b))
      }),
    )
    let flipped = 0
    for (let value = 0; value < 1000; value++) {
      let changed = avalanche(value) ^ avalanche(value ^ 1)
      for (; changed !== 0; changed &= changed - 1) flipped++
    }
    expect(flipped / 1000).toBeGreaterThan(10)
    expect(flipped / 1000).toBeLessThan(22)
  })
})
