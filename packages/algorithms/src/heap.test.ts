import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heap, type HeapNode } from './heap.ts'

interface Node extends HeapNode {
  readonly name: number
}

describe('a heap of nodes that know their place', () => {
  it('is empty at first', () => {
    expect(new Heap().top()).toBeUndefined()
  })

  it('holds the same order as a sorted list, whatever is inserted, moved and removed', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('insert', 'move', 'remove'), fc.nat(1000), fc.nat(20), fc.nat(2)),
      {
        maxLength: 300,
      },
    )
    fc.assert(
      fc.property(steps, all => {
        const heap = new Heap<Node>()
        let model: Node[] = []
        let order = 0
        for (const [step, which, key, rank] of all) {
          const node = model[which % Math.max(1, model.length)]
          if (step === 'insert' || node === undefined) {
            const added: Node = { name: order, key, rank, order: order++, slot: -1 }
            heap.insert(added)
            model.push(added)
          } else if (step === 'move') {
            node.key = key
            node.rank = rank
            node.order = order++
            heap.moved(node)
          } else {
            heap.remove(node)
            expect(node.slot).toBe(-1)
            model = model.filter(other => other !== node)
          }
          model.sort((a, b) => a.key - b.key || a.rank - b.rank || a.order - b.order)
          expect(heap.top()).toBe(model[0])
          expect(heap.size).toBe(model.length)
        }
        for (const node of model) {
          expect(heap.top()).toBe(node)
          heap.remove(node)
        }
      }),
    )
  })
})
