import { describe, expect, test } from 'vitest'
import { type LineOptions, LineShape } from './line-shape.ts'

const at = new Date(2009, 1, 6, 12, 14, 14, 55).getTime()
const origin = { hostname: 'lb1', tag: 'evener', processId: 14_389, now: () => at }
const shape = (options: LineOptions = {}) => new LineShape('sink', { ...origin, ...options }, 'raw')
const iso = /2009-02-06T12:14:14\.055[+-]\d\d:\d\d/.source

describe('in front of a line stands what its format says', () => {
  test.each([
    ['rfc3164', /^<134>Feb {2}6 12:14:14 lb1 evener\[14389\]: line$/],
    ['local', /^<134>Feb {2}6 12:14:14 evener\[14389\]: line$/],
    ['rfc5424', new RegExp(`^<134>1 ${iso} lb1 evener 14389 - - line$`)],
    ['priority', /^<134>line$/],
    ['short', /^<6>line$/],
    ['timed', new RegExp(`^<6>${iso} line$`)],
    ['iso', new RegExp(`^${iso} line$`)],
    ['raw', /^line$/],
  ] as const)('%s', (format, expected) => {
    expect(shape({ format }).shaped('info', 'line')).toMatch(expected)
  })

  test('structured data has its place in RFC 5424', () => {
    expect(shape({ format: 'rfc5424' }).shaped('info', 'line', '[a@1 b="c"]')).toMatch(
      / - \[a@1 b="c"\] line$/,
    )
  })
})

test('the offset of the time is that of the place', () => {
  const zone = process.env.TZ
  try {
    for (const [name, offset] of [
      ['Asia/Kathmandu', '+05:45'],
      ['America/St_Johns', '-03:30'],
    ] as const) {
      process.env.TZ = name
      expect(shape({ format: 'iso', now: () => Date.UTC(2009, 1, 6) }).shaped('info', '')).toContain(offset)
    }
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('facility and level make the priority', () => {
  expect(shape({ format: 'priority', facility: 'mail' }).shaped('emerg', '')).toBe('<16>')
  expect(shape({ format: 'priority', facility: 'local7' }).shaped('debug', '')).toBe('<191>')
})

test('what is less than the level is not written, and what is worse than minLevel is written as that', () => {
  const some = shape({ format: 'priority', facility: 'kern', level: 'notice', minLevel: 'err' })
  expect((['info', 'notice', 'err', 'emerg'] as const).map(level => some.shaped(level, ''))).toEqual([
    undefined,
    '<5>',
    '<3>',
    '<3>',
  ])
})

test('a line is cut at its longest, the head included', () => {
  expect(shape({ maxLength: 80, format: 'priority' }).shaped('info', 'x'.repeat(100))).toBe(
    `<134>${'x'.repeat(75)}`,
  )
})

test('of a sample those lines are let through whose turn it is', () => {
  const taken = (sample: string) => {
    const some = shape({ sample })
    return Array.from({ length: 10 }, (_, index) =>
      some.shaped('info', '') === undefined ? '' : index + 1,
    ).join('')
  }
  expect(taken('1:10')).toBe('1')
  expect(taken('2:4')).toBe('26' + '10')
  expect(taken('1,3-4:5')).toBe('134689')
  expect(taken('1:1')).toBe('12345678910')
})

test('whatever is in a line, it is one line of bytes', () => {
  expect(shape().shaped('info', 'a\r\n\x7f\x1b[2Jb')).toBe('a#0D#0A#7F#1B[2Jb')
  expect(shape().shaped('info', 'é \xe9 …')).toBe('\xc3\xa9 \xc3\xa9 \xe2\x80\xa6')
  expect(shape().shaped('info', '\xe9')).toBe('\xe9')
})

test('dropped lines are told, whatever is let through', () => {
  const some = shape({ format: 'short', level: 'err', sample: '10:10' })
  expect(some.note(1)).toBe('<4>1 line of the log dropped')
  expect(some.note(7)).toBe('<4>7 lines of the log dropped')
})

test('wrong options are refused by name, with what is allowed', () => {
  const refused = (options: object) => () => shape(options)
  expect(refused({ level: 'verbose' })).toThrow("sink.level is 'verbose'; allowed is one of emerg, alert")
  expect(refused({ minLevel: 3 })).toThrow('sink.minLevel is 3')
  expect(refused({ facility: 'local8' })).toThrow('sink.facility is')
  expect(refused({ format: 'xml' })).toThrow('sink.format is')
  expect(refused({ maxLength: 79 })).toThrow('sink.maxLength is 79; allowed is an integer from 80 to 65535')
  expect(refused({ tag: 'a b' })).toThrow('sink.tag is')
  expect(refused({ hostname: '' })).toThrow('sink.hostname is')
  for (const sample of ['', '1', '0:1', '3:2', '2-1:3', '1,1:3', '1-2,2:3', '1:0', '1:99999', ' 1:2', 7]) {
    expect(refused({ sample })).toThrow('sink.sample is')
  }
})
