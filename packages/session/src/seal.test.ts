import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainSeal, signedSeal } from './seal.ts'

const SECRET = 'a secret of some length'
const OTHER = 'and one more of some length'

describe('a signed text', () => {
  test('is readable, and opens to what it was', () => {
    const seal = signedSeal('SRV', [SECRET])
    expect(seal.seal('app1')).toMatch(/^app1\.[\w-]{22}$/)
    expect(seal.open(seal.seal('app1'))).toEqual({ text: 'app1', stale: false })
  })

  test('is the same on every process with the secret, given as text or as bytes', () => {
    expect(signedSeal('SRV', [Buffer.from(SECRET)]).seal('app1')).toBe(
      signedSeal('SRV', [SECRET]).seal('app1'),
    )
  })

  test('opens to nothing once any of its characters is changed, added or taken away', () => {
    const seal = signedSeal('SRV', [SECRET])
    const text = seal.seal('app1')
    for (let at = 0; at < text.length; at++) {
      expect(seal.open(text.slice(0, at) + text.slice(at + 1))).toBeUndefined()
      for (const other of ['A', 'B', 'w', '.', '\u0000', '\u0141', '\u{1f600}']) {
        if (text[at] !== other)
          expect(seal.open(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined()
        expect(seal.open(text.slice(0, at) + other + text.slice(at))).toBeUndefined()
      }
    }
  })

  test('opens to nothing for a cookie of another name, and for another secret', () => {
    const text = signedSeal('SRV', [SECRET]).seal('app1')
    expect(signedSeal('SRV2', [SECRET]).open(text)).toBeUndefined()
    expect(signedSeal('SRV', [OTHER]).open(text)).toBeUndefined()
  })

  test('opens with an older secret, and is told to be stale', () => {
    const old = signedSeal('SRV', [SECRET]).seal('app1')
    const rotated = signedSeal('SRV', [OTHER, SECRET])
    expect(rotated.open(old)).toEqual({ text: 'app1', stale: true })
    expect(rotated.open(rotated.seal('app1'))).toEqual({ text: 'app1', stale: false })
    expect(signedSeal('SRV', [OTHER]).open(rotated.seal('app1'))).toBeDefined()
  })

  test('cannot be made of anything, by anyone without the secret', () => {
    const seal = signedSeal('SRV', [SECRET])
    const guess = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[a-z0-9]{0,8}\.[\w-]{22}$/),
      fc.string({ unit: 'binary', minLength: 22, maxLength: 22 }).map(end => `app1.${end}`),
    )
    fc.assert(
      fc.property(guess, text => {
        expect(seal.open(text)).toBeUndefined()
      }),
    )
  })
})

describe('secrets', () => {
  test.each([undefined, [], 'a secret of some length', new Array(17).fill(SECRET)])(
    'cannot be %j',
    secrets => {
      expect(() => signedSeal('SRV', secrets as never)).toThrow(
        /^signing\.secrets is not such a list; allowed is/,
      )
    },
  )

  test('are named by their place when they will not do', () => {
    expect(() => signedSeal('SRV', [SECRET, 7 as never])).toThrow('signing.secrets[1] is of type number')
  })

  test('are long enough, and never shown', () => {
    expect(() => signedSeal('SRV', ['short secret'])).toThrow(/secrets\[0\] is 12 bytes long; .* 16 bytes/)
    expect(() => signedSeal('SRV', ['short secret'])).not.toThrow(/short secret/)
  })
})

test('a plain seal leaves a text as it is', () => {
  expect(plainSeal.open(plainSeal.seal('app1'))).toEqual({ text: 'app1', stale: false })
})
