/**
 * TLS handshakes: each request on a connection of its own, all of them new, or all resumed.
 *
 * The clients are Node and cost more than what they load, so on few cores they are the limit of the rate. Processor
 * time of the proxy for each handshake holds all the same. It includes the one small request.
 */
import { parseCoreList } from '../machine/cores.ts'
import { ask, startNode } from '../machine/node-child.ts'
import type { Load } from '../row.ts'
import type { HandshakesOrder, HandshakesResult } from './handshakes-client.ts'
import { measured } from './measured.ts'

export interface HandshakesOptions {
  readonly resumed: boolean
  /** Connections at a time, over all clients. */
  readonly atATime: number
}

const mostClients = 4

export function handshakes({ resumed, atATime }: HandshakesOptions): Load {
  return async ({ port, process }, { keeper, cores, durationMs }) => {
    const file = new URL('./handshakes-client.ts', import.meta.url)
    const count = Math.min(mostClients, cores === undefined ? 1 : parseCoreList(cores).length)
    const clients = Array.from({ length: count }, () => startNode(keeper, file, [], cores))
    const order = { port, resumed, atATime: Math.ceil(atATime / count) }
    const askAll = async (durationMs: number): Promise<number> => {
      const told: HandshakesOrder = { ...order, durationMs }
      const results = await Promise.all(clients.map(client => ask<HandshakesResult>(client, told)))
      const failure = results.find(result => result.failure !== undefined)?.failure
      if (failure !== undefined) throw new Error(failure)
      return results.reduce((sum, result) => sum + result.handshakes, 0)
    }
    try {
      // Sessions to resume are got here, so that their new handshakes are not measured.
      await askAll(Math.min(200, durationMs))
      return await measured(process.pid, async () => {
        const began = performance.now()
        const requests = await askAll(durationMs)
        return { requests, sample: { rate: (requests / (performance.now() - began)) * 1_000 } }
      })
    } finally {
      await Promise.all(clients.map(client => keeper.stop(client)))
    }
  }
}
