import { describe, expect, test } from 'vitest'
import { readCommandLine } from './command-line.ts'

describe('a line', () => {
  test.each([
    ['show stat', [['show', 'stat']], undefined],
    ['  show\t stat  ', [['show', 'stat']], undefined],
    ['a;b c;;  ; d', [['a'], ['b', 'c'], ['d']], undefined],
    ['', [], undefined],
    ['a\\;b \\ c \\\\', [['a;b', ' c', '\\']], undefined],
    ['ends with \\', [['ends', 'with', '\\']], undefined],
    ['add map m <<', [['add', 'map', 'm']], ''],
    ['add map m <<END', [['add', 'map', 'm']], 'END'],
    ['<<', [], ''],
    ['a<<', [['a<<']], undefined],
    [`a <<${'x'.repeat(65)}`, [['a', `<<${'x'.repeat(65)}`]], undefined],
  ] as const)('%j', (line, commands, payloadEnd) => {
    expect(readCommandLine(line)).toEqual({ commands, payloadEnd })
  })
})
