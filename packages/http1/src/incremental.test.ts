/** What must hold for the codec as a whole, whatever the bytes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenerReading, requestStream, responseStream, seeded } from './testing/index.ts'

const side = fc.constantFrom('request' as const, 'response' as const)
const requestMethod = fc.constantFrom('GET', 'HEAD', 'CONNECT')
const seed = fc.integer({ min: 0, max: 2 ** 31 })

test('any bytes give messages or an error, never a throw', () => {
  fc.assert(
    fc.property(side, fc.uint8Array({ maxLength: 200 }), (of, bytes) => {
      expect(() => evenerReading(of, Buffer.from(bytes))).not.toThrow()
    }),
    { seed: 4, numRuns: 3000 },
  )
})

test('however a stream is cut, it is read the same, and refused at the same byte for the same reason', () => {
  const limits = { maxHeadBytes: 300, maxStartLineBytes: 60, maxLineBytes: 120, maxHeaders: 6 }
  let accepted = 0
  fc.assert(
    fc.property(side, seed, requestMethod, fc.boolean(), (of, number, method, limited) => {
      const random = seeded(number)
      const bytes = of === 'request' ? requestStream(random) : responseStream(random)
      const options = { requestMethod: method, ...(limited && { limits }) }
      const whole = evenerReading(of, bytes, options)
      accepted += whole.messages.length
      expect(evenerReading(of, bytes, { ...options, random })).toEqual(whole)
    }),
    { seed: 5, numRuns: 4000 },
  )
  expect(accepted).toBeGreaterThan(800)
})
