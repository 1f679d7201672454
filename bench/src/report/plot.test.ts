import { expect, test } from 'vitest'
import { escapeXml, plot } from './plot.ts'
import { rowOf, subjectOf } from './test-support.ts'

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="\d+".*? width="([\d.]+)"/g)].map(([, w]) => Number(w))

test('bars are as long as the multiples of HAProxy', () => {
  const [haproxy, other] = widths(
    plot([rowOf('small', [subjectOf('haproxy', [10]), subjectOf('other', [40])])]),
  )
  expect(other).toBeCloseTo((haproxy as number) * 4, 0)
})

test('without HAProxy the figures themselves are shown', () => {
  expect(plot([rowOf('small', [subjectOf('other', [40])])])).toContain('40 µs')
})

test('a subject that failed has no bar', () => {
  const svg = plot([rowOf('small', [subjectOf('haproxy', [10]), subjectOf('bad', [40], 'broken')])])
  expect(widths(svg)).toHaveLength(1)
  expect(svg).toContain('FAILED')
})

test('every row has its panel, and names cannot break the picture', () => {
  const svg = plot(['a', 'b', '<c>'].map(name => rowOf(name, [subjectOf('haproxy', [1])])))
  expect(svg.match(/<g /g)).toHaveLength(3)
  expect(svg).toContain('&lt;c&gt;')
  expect(escapeXml('a & "b"')).toBe('a &amp; &quot;b&quot;')
})
