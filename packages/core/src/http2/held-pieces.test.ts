import { array, assert, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { HeldPieces } from './held-pieces.ts'

test('what comes out is what went in, in its order', () => {
  assert(
    property(array(uint8Array({ maxLength: 2_000 })), pieces => {
      const held = new HeldPieces()
      for (const piece of pieces) held.add(Buffer.from(piece))
      const whole = Buffer.concat(pieces)
      expect(held.length).toBe(whole.length)
      expect(held.take().equals(whole)).toBe(true)
      expect(held.length).toBe(0)
    }),
  )
})

test('what was taken is not written over', () => {
  const held = new HeldPieces()
  held.add(Buffer.from('first'))
  const taken = held.take()
  held.add(Buffer.from('other'))
  expect(taken.toString()).toBe('first')
})
