/**
 * Changes to one entry that Redis has not heard of yet. Counts are increments, so changes of any number of requests are
 * one: what waits is bounded by the number of keys, not by how much happens to them.
 */
import type { EventColumns, Layout } from '../data-types.ts'

export class Pending {
  readonly counts: Float64Array
  readonly rates: Float64Array
  tags: Record<string, number> | undefined
  server: string | undefined
  found: string | undefined
  deleted = false
  /** Who waits for Redis to have heard. */
  waiting: (() => void)[] | undefined
  #counted = false

  constructor(events: number) {
    this.counts = new Float64Array(events)
    this.rates = new Float64Array(events)
  }

  add({ index }: EventColumns, by: number, rated: boolean): void {
    this.counts[index]! += by
    if (rated) this.rates[index]! += by
    this.#counted = true
  }

  tag(index: number, value: number): void {
    this.tags ??= {}
    this.tags[index] = value
  }

  bind(serverId: string, found: string | undefined): void {
    // What was found before the first of several bindings is what Redis may have.
    if (this.server === undefined) this.found = found
    this.server = serverId
  }

  /** Forget what was there, and all that was to come. */
  delete(): void {
    this.counts.fill(0)
    this.rates.fill(0)
    this.tags = undefined
    this.server = undefined
    this.deleted = true
  }

  /** As {@link script} reads it. */
  text({ events }: Layout): string {
    const { tags, server, found, deleted } = this
    const kept = (numbers: Float64Array, column: 'count' | 'rate') =>
      this.#counted
        ? events.filter(event => event[column] !== -1).map(event => numbers[event.index]!)
        : undefined
    return JSON.stringify({
      counts: kept(this.counts, 'count'),
      rates: kept(this.rates, 'rate'),
      tags,
      server,
      found,
      ...(deleted && { deleted }),
    })
  }

  /** Redis has heard, or never will. */
  settle(): void {
    for (const done of this.waiting ?? []) done()
    this.waiting = undefined
  }
}
