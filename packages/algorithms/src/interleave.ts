/**
 * The table of a static round robin: as many slots as the weights add up to, each server in as many slots as it has
 * weight, evenly apart.
 *
 * Each slot credits each server with its weight, and costs the chosen one the sum of all. Chosen is, in the order
 * given, the first of those that are furthest behind, where "behind" is counted in whole turns and not in credit:
 * that is HAProxy's rule (src/lb_map.c gave the behaviour), and what makes each table begin with the first server
 * whatever the weights.
 *
 * HAProxy compares all servers for each slot. Here a server is touched only when it has fallen one more turn behind,
 * which happens at slots that can be told beforehand; those ready wait by number in a heap for each count of turns.
 *
 * Cost: O(s log n) for s slots and n servers, and 4 bytes a slot.
 */

/** A heap of whole numbers, the least on top. */
class Least {
  readonly #values: number[] = []

  top(): number {
    return this.#values[0] ?? -1
  }

  push(value: number): void {
    const values = this.#values
    let slot = values.push(value) - 1
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = values[above] as number
      if (parent <= value) break
      values[slot] = parent
      slot = above
    }
    values[slot] = value
  }

  pop(): void {
    const values = this.#values
    const last = values.pop() as number
    const size = values.length
    if (size === 0) return
    let slot = 0
    for (;;) {
      let below = 2 * slot + 1
      if (below >= size) break
      if (below + 1 < size && (values[below + 1] as number) < (values[below] as number)) below++
      if ((values[below] as number) >= last) break
      values[slot] = values[below] as number
      slot = below
    }
    values[slot] = last
  }
}

/**
 * @param weights whole numbers above 0, without a common divisor if the table is to be no larger than needed
 * @returns for each slot the place in `weights` of the server that has it
 */
export function interleave(weights: readonly number[]): Uint32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const slots = new Uint32Array(total)
  if (total === weights.length) return slots.map((_, slot) => slot)

  const taken = new Uint32Array(weights.length)
  const behind = new Uint32Array(weights.length).fill(1)
  // Who falls one more turn behind at a slot: a list for each slot, linked through `nextFalling`.
  const falling = new Int32Array(total).fill(-1)
  const nextFalling = new Int32Array(weights.length)
  const ready: Least[] = [new Least(), new Least()]

  const foresee = (server: number) => {
    const turns = (taken[server] as number) + (behind[server] as number)
    const slot = Math.ceil((turns * total) / (weights[server] as number)) - 1
    if (slot >= total) return
    nextFalling[server] = falling[slot] as number
    falling[slot] = server
  }
  for (let server = 0; server < weights.length; server++) {
    ready[1]?.push(server)
    foresee(server)
  }

  for (let slot = 0; slot < total; slot++) {
    let server = falling[slot] as number
    while (server >= 0) {
      const next = nextFalling[server] as number
      const turns = (behind[server] as number) + 1
      behind[server] = turns
      ready[turns] ??= new Least()
      ready[turns].push(server)
      foresee(server)
      server = next
    }
    let turns = ready.length - 1
    for (;;) {
      const heap = ready[turns] as Least
      server = heap.top()
      if (server < 0) turns--
      // What is said of a server that has been chosen, or has fallen further behind, since is out of date.
      else if (behind[server] !== turns) heap.pop()
      else break
    }
    ready[turns]?.pop()
    slots[slot] = server
    taken[server] = (taken[server] as number) + 1
    behind[server] = turns - 1
    if (turns > 1) ready[turns - 1]?.push(server)
  }
  return slots
}

/** The greatest number that divides both; `b` when `a` is 0. */
export function commonDivisor(a: number, b: number): number {
  let divisor = a
  let rest = b
  while (divisor !== 0) {
    const left = rest % divisor
    rest = divisor
    divisor = left
  }
  return rest
}
