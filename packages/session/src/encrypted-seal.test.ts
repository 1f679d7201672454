import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encryptedSeal } from './encrypted-seal.ts'

const SECRET = 'a secret of some length'
const OTHER = 'and one more of some length'

describe('an encrypted text', () => {
  const seal = encryptedSeal('SRV', [SECRET])

  test('cannot be read, and opens to what it was', () => {
    const sealed = seal.seal('app1|ZVPxA')
    expect(sealed).toMatch(/^[\w-]+$/)
    expect(Buffer.from(sealed, 'base64url').includes('app1')).toBe(false)
    expect(seal.open(sealed)).toEqual({ text: 'app1|ZVPxA', stale: false })
  })

  test('of any length opens to what it was, and shows its length in steps of 32', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,100}$/), text => {
        const sealed = seal.seal(text)
        expect(seal.open(sealed)?.text).toBe(text)
        expect((Buffer.from(sealed, 'base64url').length - 32) % 32).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  test('is never the same twice, but for the same salt', () => {
    expect(seal.seal('app1')).not.toBe(seal.seal('app1'))
    const still = encryptedSeal('SRV', [SECRET], bytes => Buffer.alloc(bytes, 7))
    expect(still.seal('app1')).toBe(still.seal('app1'))
  })

  test('opens to nothing once any of its characters is changed, added or taken away', () => {
    const text = seal.seal('app1')
    for (let at = 0; at < text.length; at++) {
      expect(seal.open(text.slice(0, at) + text.slice(at + 1))).toBeUndefined()
      for (const other of ['A', 'B', 'w', '=', '\u0141'])
        if (text[at] !== other)
          expect(seal.open(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined()
    }
  })

  test('opens to nothing for a cookie of another name, and for another secret', () => {
    const text = seal.seal('app1')
    expect(encryptedSeal('SRV2', [SECRET]).open(text)).toBeUndefined()
    expect(encryptedSeal('SRV', [OTHER]).open(text)).toBeUndefined()
  })

  test('opens with an older secret, and is told to be stale', () => {
    const rotated = encryptedSeal('SRV', [OTHER, SECRET])
    expect(rotated.open(seal.seal('app1'))).toEqual({ text: 'app1', stale: true })
    expect(rotated.open(rotated.seal('app1'))).toEqual({ text: 'app1', stale: false })
  })

  test('cannot be made of anything, by anyone without the secret', () => {
    const guess = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes).toString('base64url')),
      fc.uint8Array({ minLength: 64, maxLength: 64 }).map(bytes => Buffer.from(bytes).toString('base64url')),
    )
    fc.assert(fc.property(guess, text => seal.open(text) === undefined))
  })
})

test('secrets are checked as those of signatures are, under their own name', () => {
  expect(() => encryptedSeal('SRV', [])).toThrow(/^encryption\.secrets is not such a list/)
  expect(() => encryptedSeal('SRV', ['short'])).toThrow(/^encryption\.secrets\[0\] is 5 bytes long/)
})
