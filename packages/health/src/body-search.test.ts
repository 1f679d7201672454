import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodySearch } from './body-search.ts'

/** Search in pieces as they would come; the number is how many pieces were read. */
function search(expected: string | RegExp, pieces: readonly string[], maxBytes = 100): [boolean, number] {
  const asked = bodySearch(expected, maxBytes)
  for (const [index, piece] of pieces.entries()) {
    const found = asked.push(Buffer.from(piece))
    if (found !== undefined) return [found, index + 1]
  }
  return [asked.end(), pieces.length]
}

describe('searching a body', () => {
  it('a text is found in one piece', () => {
    expect(search('ready', ['I am ready to go'])).toEqual([true, 1])
  })
  it('a text is found across pieces', () => {
    expect(search('ready', ['I am r', 'ea', 'd', 'y to go'])).toEqual([true, 4])
  })
  it('a text ends the reading where it is found', () => {
    expect(search('ready', ['ready', 'and', 'more'])).toEqual([true, 1])
  })
  it('a text that is not there is missed at the end', () => {
    expect(search('ready', ['rea', 'd'])).toEqual([false, 2])
  })
  it('a text beyond the limit is not found, and the reading ends at the limit', () => {
    expect(search('ready', ['12345678', 'ready', 'ready'], 10)).toEqual([false, 2])
  })
  it('a text of several bytes a letter is found', () => {
    expect(search('bereit für Größe', ['ganz bereit für Größeres'])).toEqual([true, 1])
  })
  it('an expression is asked of the whole body', () => {
    expect(search(/^ok$/, ['o', 'k'])).toEqual([true, 2])
    expect(search(/^ok$/, ['ok', 'ay'])).toEqual([false, 2])
  })
  it('an expression is asked of no more than the limit', () => {
    expect(search(/^aaaa$/, ['aa', 'aaaa', 'aa'], 4)).toEqual([true, 2])
  })
  it('an expression meets an empty body', () => {
    expect(search(/^$/, [])).toEqual([true, 0])
  })

  it('the pieces never matter to the answer', () => {
    const body = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 30 })
    const needle = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 })
    const cuts = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 })
    fc.assert(
      fc.property(body, needle, cuts, fc.integer({ min: 1, max: 30 }), (text, wanted, lengths, maxBytes) => {
        const pieces: string[] = []
        let at = 0
        for (const length of lengths) {
          if (at < text.length) pieces.push(text.slice(at, at + length))
          at += length
        }
        if (at < text.length) pieces.push(text.slice(at))
        const seen = text.slice(0, maxBytes)
        expect(search(wanted, pieces, maxBytes)[0]).toBe(seen.includes(wanted))
        expect(search(new RegExp(wanted), pieces, maxBytes)[0]).toBe(seen.includes(wanted))
      }),
    )
  })
})
