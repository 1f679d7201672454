import { expect, test } from 'vitest'
import { keyHash } from './key-hash.ts'

/** The bytes 0, 1, 2, … of so many characters, two to each. */
const counting = (characters: number): string =>
  String.fromCharCode(...Array.from({ length: characters }, (_, at) => 2 * at + 256 * (2 * at + 1)))

test('it is HalfSipHash-1-3, by the vectors that Linux tests its own with', () => {
  const key = { low: 0x03020100, high: 0x07060504 }
  expect(Array.from({ length: 11 }, (_, characters) => keyHash(counting(characters), key))).toEqual([
    0x5814c896, 0xbc4b0e30, 0x7e059ea6, 0xa0080b65, 0x577999b1, 0xe4fa32cf, 0x6b28096c, 0x16658a7c,
    0x8b31d501, 0x06712339, 0x911bb605,
  ])
})

test('another process has other places for the same keys', () => {
  const [one, other] = [
    { low: 1, high: 2 },
    { low: 1, high: 3 },
  ]
  const texts = Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`)
  const same = texts.filter(text => (keyHash(text, one) & 255) === (keyHash(text, other) & 255))
  expect(same.length).toBeLessThan(20)
})

test('keys that differ a little fall everywhere', () => {
  const places = new Array<number>(64).fill(0)
  for (let at = 0; at < 6_400; at++) places[keyHash(`10.0.${at >> 8}.${at & 255}`) & 63]!++
  expect(Math.min(...places)).toBeGreaterThan(50)
  expect(Math.max(...places)).toBeLessThan(160)
})
