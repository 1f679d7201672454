/** A full table in a process of its own: bytes for each entry, and what an update costs. Writes one line of JSON. */
import { stickTable } from '@evener/session'

const entries = Number(process.argv[2])
const repeats = Number(process.argv[3])
/** What is counted for each key: four numbers. */
const store = {
  ...{ http_req_cnt: true, http_req_rate: { periodMs: 10_000 } },
  ...{ bytes_out_cnt: true, bytes_out_rate: { periodMs: 10_000 } },
} as const

const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined)
function memory(): number {
  for (let i = 0; i < 3; i++) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const addressOf = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
/** As texts come from the network: each made anew. */
const texts = (count: number, order: (at: number) => number): string[] =>
  Array.from({ length: count }, (_, at) => Buffer.from(addressOf(order(at))).toString('latin1'))

const keys = texts(entries, at => at)
const before = memory()
const table = stickTable({ type: 'ip', size: entries, expireMs: 3_600_000, store })
for (const key of keys) table.count(key, 'http_req')
/** The table's own copy of the key included. */
const bytes = (memory() - before) / entries
// Not to be collected before now, or they would count as memory that the table gave back.
if (keys.length !== table.used) throw new Error(`${table.used} of ${keys.length} keys have an entry`)

let state = 1
const random = (): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state % entries
}

/** So many keys are made at a time: a key that came from the network is still in the processor's caches. */
const atOnce = 10_000

/** Time of the processor for each update, in nanoseconds: others on this machine take turns, and do not count. */
function cost(order: () => number): number {
  let spentUs = 0
  for (let done = 0; done < entries; done += atOnce) {
    const asked = texts(atOnce, order)
    const used = process.cpuUsage()
    for (const key of asked) {
      const tracked = table.track(key)
      tracked?.count('http_req')
      tracked?.count('bytes_out', 1_000)
      tracked?.end()
    }
    const { user, system } = process.cpuUsage(used)
    spentUs += user + system
  }
  return (spentUs * 1_000) / entries
}

const hot = () => random() % 1_000
cost(hot)
const all: number[] = []
const few: number[] = []
for (let i = 0; i < repeats; i++) {
  all.push(cost(random))
  few.push(cost(hot))
}
console.log(JSON.stringify({ bytes, all, few }))
