/** What the weight of a server was before an operator changed it here: percentages are of it (HAProxy's `iweight`). */
import type { Server } from '@evener/core'

const initial = new WeakMap<Server, number>()

/** To be asked before the weight is changed. */
export function initialWeight(server: Server): number {
  const known = initial.get(server) ?? server.configuredWeight
  initial.set(server, known)
  return known
}
