import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const namesOf = (all: readonly { readonly name: string }[]): string[] => all.map(({ name }) => name)

test('without options every row is measured, five times', () => {
  const { rows, repeats, quick } = parseOptions([])
  expect(namesOf(rows)).toEqual(expect.arrayContaining(['small', 'idle', 'latency', 'express', 'fastify']))
  expect({ repeats, quick }).toEqual({ repeats: 5, quick: false })
})

test('a row named is the only one, and subjects keep the order of the tables', () => {
  const { rows, subjects } = parseOptions(['64k', '--subjects', 'http-proxy-3,haproxy'])
  expect(namesOf(rows)).toEqual(['64k'])
  expect(namesOf(subjects)).toEqual(['haproxy', 'http-proxy-3'])
})

test('a quick look takes fewer rows and subjects, once', () => {
  const { rows, repeats, seconds } = parseOptions(['--quick'])
  expect(rows.length).toBeLessThan(parseOptions([]).rows.length)
  expect(repeats).toBe(1)
  expect(seconds).toBeLessThan(1)
})

test('a quick look at one row is possible, for any row', () => {
  expect(namesOf(parseOptions(['--quick', 'latency']).rows)).toEqual(['latency'])
})

test('the algorithms alone are a row like others, without any load', () => {
  const { rows, algorithms } = parseOptions(['algorithms'])
  expect(namesOf(rows)).toEqual([])
  expect(namesOf(algorithms)).toEqual(expect.arrayContaining(['round-robin', 'naive-round-robin']))
  expect(namesOf(parseOptions(['algorithms', '--subjects', 'random-one']).algorithms)).toEqual(['random-one'])
})

test('the algorithms are measured with everything, and not with other rows or at a quick look at everything', () => {
  expect(parseOptions([]).algorithms.length).toBeGreaterThan(0)
  expect(parseOptions(['small']).algorithms).toEqual([])
  expect(parseOptions(['--quick']).algorithms).toEqual([])
  expect(parseOptions(['--quick', 'algorithms']).algorithms.length).toBeGreaterThan(0)
})

test('the checks are a row like that as well', () => {
  expect(namesOf(parseOptions(['checks']).checks)).toEqual([
    'evener-tcp',
    'haproxy-tcp',
    'evener-http',
    'haproxy-http',
  ])
  expect(namesOf(parseOptions(['checks', '--subjects', 'evener-tcp']).checks)).toEqual(['evener-tcp'])
  expect(parseOptions(['checks']).algorithms).toEqual([])
  expect(parseOptions(['--quick']).checks).toEqual([])
})

test.each([
  [['smal'], 'there is no row "smal"'],
  [['--subjects', 'apache'], 'there is no subject "apache"'],
  [['--repeats', '0'], '--repeats: 0 is not a number from 1'],
  [['--repeats', '1.5'], 'not a whole number'],
  [['--seconds', 'x'], '--seconds: x is not a number'],
  [['--quick', '--write'], '--write wants measurements'],
  [['--fast'], '--fast'],
])('%j is refused with its reason', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(reason)
})
