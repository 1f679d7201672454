/**
 * One process that shares a table by Redis: how many updates a second, each of four counters of a key of its own; and,
 * while 20,000 a second are made, how long a look-up takes that has to ask Redis. Writes one line of JSON.
 */
import { shareByRedis, stickTable } from '@evener/session'
import { createClient } from 'redis'

const port = Number(process.argv[2])
const repeats = Number(process.argv[3])
const pacedMs = Number(process.argv[4])
const store = {
  ...{ http_req_cnt: true, http_req_rate: { periodMs: 10_000 } },
  ...{ bytes_out_cnt: true, bytes_out_rate: { periodMs: 10_000 } },
} as const

const client = createClient({ socket: { host: '127.0.0.1', port }, disableOfflineQueue: true })
await client.on('error', () => undefined).connect()
const table = stickTable({ type: 'integer', size: 1_000_000, store })
const shared = shareByRedis({ table, client, cacheMs: 0, waitMs: 5_000 })

function update(key: number): void {
  const tracked = table.track(key)
  tracked?.count('http_req')
  tracked?.count('bytes_out', 1_000)
  tracked?.end()
}

let next = 0
async function rate(): Promise<number> {
  const updates = 50_000
  const began = performance.now()
  for (let done = 0; done < updates; done += 100) {
    for (let i = 0; i < 100; i++) update(next++)
    await new Promise(resolve => setImmediate(resolve))
  }
  if (!(await shared.flush(60_000))) throw new Error('Redis did not take the updates within a minute')
  return (updates * 1_000) / (performance.now() - began)
}

/** The delays of look-ups, in milliseconds, beside so many updates a second. */
async function delays(perSecond: number): Promise<number[]> {
  const found: number[] = []
  const asking: Promise<void>[] = []
  const began = performance.now()
  let made = 0
  while (performance.now() - began < pacedMs) {
    const due = ((performance.now() - began) * perSecond) / 1_000
    for (; made < due; made++) update(next++)
    const asked = performance.now()
    asking.push(
      Promise.resolve(table.find(next + 1_000_000)).then(() => {
        found.push(performance.now() - asked)
      }),
    )
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await Promise.all(asking)
  await shared.flush(60_000)
  return found.sort((a, b) => a - b)
}

await rate()
const rates: number[] = []
for (let i = 0; i < repeats; i++) rates.push(await rate())
const sorted = await delays(20_000)
const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number
const { keysDropped, lookupTimeouts, lookupsSkipped, batchErrors } = shared.counters
const lost = keysDropped + lookupTimeouts + lookupsSkipped + batchErrors
console.log(JSON.stringify({ rates, p50: quantile(0.5), p99: quantile(0.99), lookups: sorted.length, lost }))
await shared.close()
client.destroy()
