import { describe, expect, it } from 'vitest'
import type { Converter } from '../value.ts'
import { field, word } from './parts.ts'

const of = (converter: Converter<string, string>, text: string) => converter.apply(text, undefined)

// The text and most of the cases are those of HAProxy's manual, section 7.3.1.
const text = 'f1_f2_f3__f5'

describe('a field', () => {
  it.each([
    [1, 1, 'f1'],
    [4, 1, ''],
    [5, 1, 'f5'],
    [6, 1, undefined],
    [2, 0, 'f2_f3__f5'],
    [2, 2, 'f2_f3'],
    [5, 2, 'f5'],
    [-1, 1, 'f5'],
    [-2, 1, ''],
    [-5, 1, 'f1'],
    [-6, 1, undefined],
    [-2, 3, 'f2_f3_'],
    [-3, 0, 'f1_f2_f3'],
  ])('%i, %i of it', (index, count, expected) => {
    expect(of(field(index, '_', count), text)).toBe(expected)
  })
})

describe('a word', () => {
  it.each([
    [1, 1, 'f1'],
    [4, 1, 'f5'],
    [5, 1, undefined],
    [2, 0, 'f2_f3__f5'],
    [3, 2, 'f3__f5'],
    [-1, 1, 'f5'],
    [-4, 1, 'f1'],
    [-5, 1, undefined],
    [-2, 3, 'f1_f2_f3'],
    [-3, 0, 'f1_f2'],
  ])('%i, %i of it', (index, count, expected) => {
    expect(of(word(index, '_', count), text)).toBe(expected)
  })

  it('is not empty, whatever is around it', () => {
    expect([of(word(1, '/'), '//a/b//'), of(word(-1, '/'), '//a/b//')]).toEqual(['a', 'b'])
    expect([of(word(1, '/'), '//'), of(word(-1, '/'), '//')]).toEqual([undefined, undefined])
  })
})

describe('parts', () => {
  it('have a number, delimiters and a count', () => {
    expect(() => field(0, '/')).toThrow('field index is 0; allowed is from 1 on, or from -1 back')
    expect(() => word(1, '')).toThrow('word delimiters is ""; allowed is a text of at least one character')
    expect(() => word(1, '/', -1)).toThrow('word count is -1')
    expect([field(2, '/').text, word(2, '/', 0).text]).toEqual(['field(2,/)', 'word(2,/,0)'])
  })
})
