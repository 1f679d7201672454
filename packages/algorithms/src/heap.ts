/**
 * A binary heap whose nodes know where they are, so that any of them can be moved or taken out.
 *
 * The least key is on top; of equal keys, the least `rank`; of these, the least `order`. Whoever inserts gives each
 * node an `order` of its own, which makes the heap a queue among equals: first in, first out, unlike a textbook heap.
 *
 * Invariant: `nodes[node.slot] === node` for each node inside, and `slot` is -1 for each outside.
 * Cost: O(log n) to insert, move or remove, O(1) to look at the top; no allocation beyond the array's growth.
 */
export interface HeapNode {
  key: number
  rank: number
  order: number
  /** Its place in the heap, kept by the heap; -1 outside. */
  slot: number
}

function before(a: HeapNode, b: HeapNode): boolean {
  if (a.key !== b.key) return a.key < b.key
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank
}

export class Heap<N extends HeapNode> {
  readonly #nodes: N[] = []

  get size(): number {
    return this.#nodes.length
  }

  /** The least node; undefined when there is none. */
  top(): N | undefined {
    return this.#nodes[0]
  }

  /** Put in a node that is outside. */
  insert(node: N): void {
    this.#nodes.push(node)
    this.#rise(node, this.#nodes.length - 1)
  }

  /** The key or order of a node inside has changed: bring it to its place. */
  moved(node: N): void {
    this.#rise(node, node.slot)
    this.#sink(node, node.slot)
  }

  /** Take out a node that is inside. */
  remove(node: N): void {
    const slot = node.slot
    const last = this.#nodes.pop() as N
    node.slot = -1
    if (last === node) return
    last.slot = slot
    this.#nodes[slot] = last
    this.moved(last)
  }

  #rise(node: N, from: number): void {
    const nodes = this.#nodes
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = nodes[above] as N
      if (!before(node, parent)) break
      nodes[slot] = parent
      parent.slot = slot
      slot = above
    }
    nodes[slot] = node
    node.slot = slot
  }

  #sink(node: N, from: number): void {
    const nodes = this.#nodes
    const size = nodes.length
    let slot = from
    for (;;) {
      let below = 2 * slot + 1
      if (below >= size) break
      if (below + 1 < size && before(nodes[below + 1] as N, nodes[below] as N)) below++
      const child = nodes[below] as N
      if (!before(child, node)) break
      nodes[slot] = child
      child.slot = slot
      slot = below
    }
    nodes[slot] = node
    node.slot = slot
  }
}
