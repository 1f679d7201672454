import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Received } from './received.ts'

it('what was received is the pieces in a row, up to a limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 })),
      fc.integer({ min: 1, max: 700 }),
      (pieces, max) => {
        const received = new Received(max)
        for (const piece of pieces) received.append(piece)
        const whole = Buffer.concat(pieces)
        expect(received.bytes().equals(whole.subarray(0, max))).toBe(true)
        expect(received.full).toBe(whole.length >= max)
        received.clear()
        expect(received.length).toBe(0)
      },
    ),
  )
})
