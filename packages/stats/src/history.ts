/** The rates of the last minutes, for the small curves of the page: one sample every few seconds for each door and backend. */
import type { StatRow } from './columns.ts'
import { rowTypes } from './rows.ts'

/** Samples kept, and every how many ticks one is taken. */
export const historyLength = 120

export class History {
  readonly #samples = new Map<string, number[]>()

  /** Take a sample. */
  add(rows: readonly StatRow[]): void {
    const seen = new Set<string>()
    for (const row of rows) {
      if (row.type === rowTypes.server) continue
      const key = `${row.pxname}/${row.svname}`
      seen.add(key)
      const samples = this.#samples.get(key) ?? []
      samples.push(Number(row.req_rate ?? row.rate ?? 0))
      if (samples.length > historyLength) samples.shift()
      this.#samples.set(key, samples)
    }
    for (const key of this.#samples.keys()) if (!seen.has(key)) this.#samples.delete(key)
  }

  /** By `proxy/FRONTEND` or `proxy/BACKEND`. */
  get text(): string {
    return JSON.stringify(Object.fromEntries(this.#samples))
  }
}
