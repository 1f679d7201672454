import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nobody, Tiers } from './tiers.ts'

/** All that are inside, in order. */
function inOrder(tiers: Tiers): number[] {
  const all: number[] = []
  for (let server = tiers.first(); server !== nobody; server = tiers.after(server)) all.push(server)
  return all
}

describe('tiers', () => {
  it('have nobody first when nobody is there', () => {
    expect(new Tiers().first()).toBe(nobody)
  })

  it('give back who came, by key, and of equal keys first in, first out, whatever comes, moves, goes and is renumbered', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('place', 'place', 'place', 'remove', 'renumber'), fc.nat(30), fc.nat(8)),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, all => {
        const tiers = new Tiers()
        tiers.renumber(new Int32Array(31).fill(nobody))
        let model: { readonly server: number; readonly key: number }[] = []
        for (const [step, server, key] of all) {
          if (step === 'renumber') {
            // The others move up by some numbers; those at the end go, and as many come at the beginning.
            tiers.renumber(Int32Array.from({ length: 31 }, (_, now) => (now < key ? nobody : now - key)))
            model = model
              .filter(one => one.server + key < 31)
              .map(one => ({ ...one, server: one.server + key }))
            expect(inOrder(tiers)).toEqual(model.map(one => one.server))
            continue
          }
          const before = model.find(one => one.server === server)
          if (step === 'remove') tiers.remove(server)
          else tiers.place(server, key)
          if (step === 'place' && before?.key === key) continue
          model = model.filter(one => one !== before)
          // A stable sort: who comes last is the last of its key.
          if (step === 'place') model = [...model, { server, key }].sort((a, b) => a.key - b.key)
          expect(inOrder(tiers)).toEqual(model.map(one => one.server))
        }
      }),
    )
  })

  it('hold one server once, though two numbers are said to have been its own', () => {
    const tiers = new Tiers()
    tiers.renumber(new Int32Array(1).fill(nobody))
    tiers.place(0, 5)
    tiers.renumber(Int32Array.of(0, 0))
    expect(inOrder(tiers)).toEqual([1])
  })
})
