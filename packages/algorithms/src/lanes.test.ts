import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lanes, type Queued, WeightClass } from './lanes.ts'

class Item implements Queued {
  key = 0
  rank = 0
  order = 0
  readonly weightClass: WeightClass
  ahead: this | undefined
  behind: this | undefined

  constructor(weightClass: WeightClass) {
    this.weightClass = weightClass
  }
}

const inOrder = (a: Item, b: Item) => a.key - b.key || a.rank - b.rank || a.order - b.order

describe('lanes', () => {
  it('give back what came, by key and rank, and of equal ones first in, first out, whatever the order of arrival and who gets another key', () => {
    const classes = [1, 2, 3].map(weight => new WeightClass(weight, 1))
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom('insert', 'insert', 'turn', 'turn', 'first', 'any'),
        fc.nat(2),
        fc.nat(9),
        fc.nat(2),
      ),
      {
        maxLength: 200,
      },
    )
    fc.assert(
      fc.property(steps, all => {
        const lanes = new Lanes<Item>(0)
        let model: Item[] = []
        const remove = (item: Item) => {
          lanes.remove(item)
          model = model.filter(other => other !== item)
        }
        for (const [step, weight, key, rank] of all) {
          const first = lanes.first()
          expect(first).toBe(model[0])
          if (step === 'insert') {
            const item = new Item(classes[weight] as WeightClass)
            lanes.insert(item, key, rank)
            model.push(item)
            model.sort(inOrder)
          } else if (step === 'turn' && first !== undefined) {
            lanes.turn(first, first.key + key, rank)
            model.sort(inOrder)
          } else if (step === 'first' && first !== undefined) remove(first)
          else if (model.length > 0) remove(model[(key * 7) % model.length] as Item)
        }
        while (model.length > 0) {
          expect(lanes.first()).toBe(model[0])
          remove(model[0] as Item)
        }
        expect(lanes.first()).toBeUndefined()
      }),
    )
  })
})
