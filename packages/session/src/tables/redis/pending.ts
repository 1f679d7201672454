/**
 * Changes to one entry that Redis has not heard of yet. Counts are increments, so changes of any number of requests are
 * one: what waits is bounded by the number of keys, not by how much happens to them.
 */
import type { EventColumns } from '../data-types.ts'
import type { Fields } from './script.ts'

/** What is said of an entry beside its increments, where there is anything. */
interface More {
  tags?: Record<string, number> | undefined
  server?: string | undefined
  found?: string | undefined
  deleted?: true | undefined
}

export class Pending {
  /** Increments of counts, then of rates, as {@link Fields} has them. */
  readonly numbers: number[]
  more: More | undefined
  readonly #fields: Fields
  /** Who waits for Redis to have heard. */
  #waiting: (() => void)[] | undefined

  constructor(fields: Fields) {
    this.#fields = fields
    this.numbers = new Array<number>(fields.width).fill(0)
  }

  /** What Redis does not keep, or could not add, is nothing to tell it. */
  add({ index }: EventColumns, by: number, rated: boolean): void {
    if (!Number.isFinite(by)) return
    const { countAt, rateAt } = this.#fields
    const count = countAt[index]!
    const rate = rateAt[index]!
    if (count !== -1) this.numbers[count]! += by
    if (rated && rate !== -1) this.numbers[rate]! += by
  }

  tag(index: number, value: number): void {
    this.more ??= {}
    this.more.tags ??= {}
    this.more.tags[index] = value
  }

  bind(serverId: string, found: string | undefined): void {
    this.more ??= {}
    // What was found before the first of several bindings is what Redis may have.
    if (this.more.server === undefined) this.more.found = found
    this.more.server = serverId
  }

  /** Forget what was there, and all that was to come. */
  delete(): void {
    this.numbers.fill(0)
    this.more = { deleted: true }
  }

  /** As the script reads it. */
  changes(): readonly unknown[] {
    return this.more === undefined ? this.numbers : [...this.numbers, this.more]
  }

  /** Until Redis has heard, or never will. */
  settled(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting ??= []
      this.#waiting.push(resolve)
    })
  }

  settle(): void {
    for (const done of this.#waiting ?? []) done()
    this.#waiting = undefined
  }
}
