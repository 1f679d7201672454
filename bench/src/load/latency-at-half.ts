/**
 * Latency at half of the maximum rate: first wrk finds the rate, then a client of the bench's own sends at half of it.
 *
 * wrk has no rate limit, and a client that waits for answers sends less while a proxy stalls, so that it hardly sees
 * the stall ("coordinated omission", Gil Tene). Here every request has a time at which it is due, and latency counts
 * from then on, whether it could be sent or not.
 */
import { ask, startNode } from '../machine/node-child.ts'
import type { Load } from '../row.ts'
import type { ConstantRateOrder, ConstantRateResult } from './constant-rate-client.ts'
import { measured } from './measured.ts'
import { runWrk } from './wrk.ts'

export interface LatencyOptions {
  readonly path: '/small'
  readonly connections: number
}

export function latencyAtHalf({ path, connections }: LatencyOptions): Load {
  return async (target, settings) => {
    const { keeper, cores, durationMs } = settings
    const halfTime = { ...settings, durationMs: Math.max(500, durationMs / 2) }
    const { requestsPerSecond } = await runWrk(target, { path, connections, close: false }, halfTime)
    const file = new URL('./constant-rate-client.ts', import.meta.url)
    const client = startNode(keeper, file, [], cores)
    const order: ConstantRateOrder = {
      port: target.port,
      path,
      connections,
      requestsPerSecond: requestsPerSecond / 2,
      warmUpMs: 500,
      durationMs,
    }
    try {
      return await measured(target.process.pid, async () => {
        const result = await ask<ConstantRateResult>(client, order)
        if (result.failure !== undefined) throw new Error(result.failure)
        const { answers, requests, p50Ms, p99Ms, late99Ms } = result
        return {
          requests,
          sample: { rate: (answers / durationMs) * 1_000, p50: p50Ms, p99: p99Ms, late: late99Ms },
        }
      })
    } finally {
      await keeper.stop(client)
    }
  }
}
