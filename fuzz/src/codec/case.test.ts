import { expect, test } from 'vitest'
import seeds from '../../seeds/codec.json' with { type: 'json' }
import { codecAccepts, codecCase, codecFinding } from './case.ts'
import { runCodec } from './run.ts'

test.each(seeds)('the codec and llhttp: $about', ({ side, requestMethod, text }) => {
  if (side !== 'request' && side !== 'response') throw new Error(`seeds/codec.json: side is ${side}`)
  expect(codecFinding({ side, requestMethod, bytes: Buffer.from(text, 'latin1'), seed: 1 })).toBeUndefined()
})

test('10,000 streams with fixed seeds go through the codec without a finding', () => {
  const lines: string[] = []
  expect(runCodec({ messages: 10_000, seed: 1_000_000, say: line => lines.push(line) })).toBeUndefined()
  expect(lines.at(-1)).toMatch(/^10000 streams/)
})

test('the streams are near enough to HTTP that many messages are accepted, and a seed gives the same one again', () => {
  let accepted = 0
  for (let seed = 0; seed < 1_000; seed++) accepted += codecAccepts(codecCase(seed))
  expect(accepted).toBeGreaterThan(400)
  expect(codecCase(7)).toEqual(codecCase(7))
})
