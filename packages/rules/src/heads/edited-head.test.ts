import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EditedHead, type FieldEdits, PairFields } from './edited-head.ts'
import { fieldName } from './field-text.ts'

const head = (...pairs: string[]) => new EditedHead(new PairFields(pairs))

describe('an edited head', () => {
  it('reads what came, as long as nothing is changed', () => {
    const came = head('Host', 'a', 'Accept', 'x', 'accept', 'y')
    expect(came.all('accept')).toEqual(['x', 'y'])
    expect(came.last('accept')).toBe('y')
    expect([came.has('host'), came.has('cookie')]).toEqual([true, false])
    expect([came.edited, came.edits()]).toEqual([false, undefined])
  })

  it('shows each edit to what reads it later', () => {
    const edited = head('X-A', '1', 'X-B', '2', 'X-A', '3')
    edited.add('x-a', '4')
    expect([edited.all('x-a'), edited.last('x-a')]).toEqual([['1', '3', '4'], '4'])
    edited.set('X-A', '5')
    expect([edited.all('x-a'), edited.last('x-a')]).toEqual([['5'], '5'])
    edited.delete('x-a')
    expect([edited.all('x-a'), edited.last('x-a'), edited.has('x-a')]).toEqual([[], undefined, false])
    edited.add('X-A', '6')
    expect(edited.pairs()).toEqual(['X-B', '2', 'X-A', '6'])
  })

  it('says what is taken out and what is added, in the form that heads are written from', () => {
    const edited = head('X-A', '1', 'X-B', '2')
    edited.set('X-A', '3')
    edited.add('X-C', '4')
    edited.delete('x-b')
    edited.delete('x-none')
    const { remove, append, lines } = edited.edits() as FieldEdits
    expect(remove).toEqual(['x-a', 'x-b'])
    expect(append).toEqual([
      ['X-A', '3'],
      ['X-C', '4'],
    ])
    expect(lines).toBe('X-A: 3\r\nX-C: 4\r\n')
  })

  it('percent-encodes what no value may hold, and counts it', () => {
    const edited = head()
    edited.set('X-User', 'a\r\nX-Admin: 1\0\x7f é €')
    expect(edited.last('x-user')).toBe('a%0D%0AX-Admin: 1%00%7F é %E2%82%AC')
    expect(edited.unsendable).toBe(1)
  })

  it('leaves framing alone, whoever would change it', () => {
    const edited = head('Content-Length', '3', 'Connection', 'close')
    edited.set('Content-Length', '0')
    edited.add('Transfer-Encoding', 'chunked')
    edited.delete('connection')
    expect([edited.edits(), edited.unsendable]).toEqual([undefined, 3])
    expect(() => fieldName('name', 'Transfer-Encoding')).toThrow('name is "Transfer-Encoding"')
    expect(() => fieldName('name', 'X Y')).toThrow('a token of RFC 9110')
    expect(fieldName('name', 'Host')).toBe('Host')
  })

  it('never gives a line that could be two, whatever the edits, and reads as a plain list would', () => {
    const name = fc.constantFrom('X-A', 'x-b', 'X-C')
    const step = fc.tuple(fc.constantFrom('set', 'add', 'delete'), name, fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.constantFrom('1', '2'))), fc.array(step), (came, steps) => {
        const edited = head(...came.flat())
        let plain = came.map(([key, value]): [string, string] => [key.toLowerCase(), value])
        for (const [kind, key, value] of steps) {
          const lowerName = key.toLowerCase()
          if (kind !== 'add') plain = plain.filter(([each]) => each !== lowerName)
          if (kind === 'set') edited.set(key, value)
          else if (kind === 'add') edited.add(key, value)
          else edited.delete(lowerName)
          if (kind !== 'delete') plain.push([lowerName, edited.last(lowerName) as string])
        }
        const names = ['x-a', 'x-b', 'x-c']
        const expected = names.map(each => plain.filter(([key]) => key === each).map(([, value]) => value))
        expect(names.map(each => edited.all(each))).toEqual(expected)
        expect(names.map(each => edited.last(each))).toEqual(expected.map(values => values.at(-1)))
        expect(names.map(each => edited.has(each))).toEqual(expected.map(values => values.length > 0))
        const sent = edited.edits()?.append.map(([, value]) => value) ?? []
        expect(sent.every(value => /^[\t\x20-\x7e\x80-\xff]*$/.test(value))).toBe(true)
      }),
    )
  })
})
