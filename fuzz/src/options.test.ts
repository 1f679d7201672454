import { expect, test } from 'vitest'
import { printable } from './finding.ts'
import { parseOptions } from './options.ts'

test('ten million streams for the codec and 200,000 end to end, unless told otherwise', () => {
  expect(parseOptions(['codec'], 5)).toEqual({ command: 'codec', messages: 10_000_000, seed: 5 })
  expect(parseOptions(['proxy', '--messages', '7', '--seed', '0'])).toEqual({
    command: 'proxy',
    messages: 7,
    seed: 0,
  })
})

test.each([
  [['frontend'], /"frontend" is not a command: there are codec and proxy/],
  [['codec', '--messages', '1.5'], /--messages: 1.5 is not a whole number/],
  [['codec', '--seed', '4294967296'], /--seed: .* from 0 to 4294967295/],
])('%j is refused', (args, words) => {
  expect(() => parseOptions(args)).toThrow(words)
})

test('bytes are printed a line of the wire to a line', () => {
  expect(printable(Buffer.from('a\r\n\x00\xff', 'latin1'))).toBe('    a\\r\\n\n    \\u0000\\xff')
})
