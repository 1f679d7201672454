import { expect, test } from 'vitest'
import { followsPattern, patternBytes, patternPiece } from './pattern.ts'

test('pieces from anywhere fit together to the whole', () => {
  const whole = patternBytes(300_000)
  expect(patternPiece(70_000, 5000).equals(whole.subarray(70_000, 75_000))).toBe(true)
  expect(patternPiece(0, 100_000)).toHaveLength(65_536)
  expect(followsPattern(whole)).toBe(true)
  expect(followsPattern(whole.subarray(123_456), 123_456)).toBe(true)
})

test('a byte changed, a piece lost, a piece doubled, and two swapped are noticed', () => {
  const whole = patternBytes(300_000)
  const changed = Buffer.from(whole)
  changed[250_000]! ^= 1
  const piece = (from: number) => whole.subarray(from, from + 65_536)
  expect(followsPattern(changed)).toBe(false)
  expect(followsPattern(Buffer.concat([piece(0), piece(131_072)]))).toBe(false)
  expect(followsPattern(Buffer.concat([piece(0), piece(0)]))).toBe(false)
  expect(followsPattern(Buffer.concat([piece(65_536), piece(0)]))).toBe(false)
})
