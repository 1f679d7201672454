import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { nowhere, Places } from './places.ts'

const member = (id: string, slot?: number): Member => ({ id, weight: 1, load: 0, saturated: false, slot })

describe('the places of members', () => {
  it('are those of the last list, whatever slots the members say they have', () => {
    const slot = fc.oneof(
      fc.constant(undefined),
      fc.integer({ min: -2, max: 6 }),
      fc.constantFrom(0.5, 1e9, Number.NaN),
    )
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 8 }), fc.array(fc.boolean()), (slots, kept) => {
        const all = slots.map((of, at) => member(`m${at}`, of))
        const places = new Places()
        places.rebuild(all)
        expect(all.map(one => places.of(one))).toEqual(all.map((_, at) => at))
        const some = all.filter((_, at) => kept[at] === true).reverse()
        const before = places.rebuild(some)
        expect([...before]).toEqual(some.map(one => all.indexOf(one)))
        expect(all.map(one => places.of(one))).toEqual(all.map(one => some.indexOf(one)))
      }),
    )
  })

  it('are nowhere for a member that was never in the list, though it has the slot and the id of one that is', () => {
    const places = new Places()
    places.rebuild([member('a', 0)])
    expect(places.of(member('a', 0))).toBe(nowhere)
    expect(places.of(member('a'))).toBe(nowhere)
  })

  it('are told by the name where all members are new objects', () => {
    const places = new Places()
    places.rebuild([member('a', 0), member('b')])
    expect([...places.rebuild([member('b', 0), member('c', 1), member('a', 2)])]).toEqual([1, nowhere, 0])
  })
})
