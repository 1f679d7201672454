import { array, assert, constantFrom, integer, property, record, string, tuple, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEY } from './data-types.ts'
import { KeyIndex } from './key-index.ts'

/** With room for three characters in a row. */
function indexOf(rows: number, keyCells = 1): KeyIndex {
  const stride = KEY + keyCells
  return new KeyIndex(new Uint32Array(rows * stride), stride, keyCells, rows)
}

describe('an index', () => {
  test('finds what was added, and nothing else', () => {
    const index = indexOf(4)
    index.add('a', 3)
    index.add('ab', 0)
    expect(['a', 'ab', 'b', 'abc', ''].map(key => index.find(key))).toEqual([3, 0, -1, -1, -1])
    expect([index.keyOf(3), index.keyOf(0)]).toEqual(['a', 'ab'])
  })

  test('forgets one key and keeps the others', () => {
    const index = indexOf(4)
    for (const [row, key] of ['a', 'b', 'c', 'd'].entries()) index.add(key, row)
    index.delete(1)
    expect(['a', 'b', 'c', 'd'].map(key => index.find(key))).toEqual([0, -1, 2, 3])
    index.add('e', 1)
    expect(index.find('e')).toBe(1)
  })

  test.each([
    ['that fits just so', 'abc'],
    ['that is longer than a row has room for', 'abcd'],
    ['of 254 characters', 'x'.repeat(254)],
    ['of 255 characters', 'x'.repeat(255)],
    ['of 65,536 characters', 'x'.repeat(65_536)],
    ['with a character beyond Latin-1', 'ā'],
    ['with half a character', '\ud800'],
    ['of zeros', '\0\0'],
  ])('has a key %s', (_, key) => {
    for (const keyCells of [1, 16, 200]) {
      const index = indexOf(2, keyCells)
      index.add(key, 0)
      expect([index.find(key), index.keyOf(0)]).toEqual([0, key])
      expect(index.find(`${key.slice(0, -1)}y`)).toBe(-1)
      expect(index.find(`${key}\0`)).toBe(-1)
      index.delete(0)
      index.add('y', 0)
      expect([index.find(key), index.find('y'), index.keyOf(0)]).toEqual([-1, 0, 'y'])
    }
  })

  test('does what a Map does, however full it is and whatever comes and goes', () => {
    const key = string({ unit: constantFrom('a', 'b', 'é', 'ā'), minLength: 1, maxLength: 5 })
    assert(
      property(array(record({ key, adds: integer({ min: 0, max: 2 }) }), { maxLength: 200 }), steps => {
        const index = indexOf(16)
        const model = new Map<string, number>()
        const free = Array.from({ length: 16 }, (_, row) => row)
        for (const { key, adds } of steps) {
          const row = model.get(key)
          if (row !== undefined && adds === 0) {
            index.delete(row)
            model.delete(key)
            free.push(row)
          } else if (row === undefined && free.length > 0) {
            model.set(key, free.pop()!)
            index.add(key, model.get(key)!)
          }
          expect(index.find(key)).toBe(model.get(key) ?? -1)
        }
        for (const [key, row] of model) expect([index.find(key), index.keyOf(row)]).toEqual([row, key])
      }),
    )
  })

  test('tells keys of any bytes apart', () => {
    const bytes = uint8Array({ minLength: 1, maxLength: 12 })
    assert(
      property(tuple(bytes, bytes), pair => {
        const [one, other] = pair.map(key => Buffer.from(key).toString('latin1')) as [string, string]
        const index = indexOf(1, 2)
        index.add(one, 0)
        expect(index.find(other)).toBe(one === other ? 0 : -1)
      }),
    )
  })
})
