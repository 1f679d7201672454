/**
 * Who may be picked now: the primaries, or without them backups, or with too few of all the sorry servers.
 *
 * Source: HAProxy manual, `backup`, `option allbackups`; Keepalived manual, `quorum`, `sorry_server`.
 * Cost: O(n), when a membership, a weight or a state changed; never for a request.
 */
import type { Quorum } from '@evener/health'
import type { Server } from './server.ts'

export interface PoolRules {
  readonly allBackups: boolean
  readonly quorum: Quorum | undefined
}

/** The pool of these servers, in their order. */
export function choosePool(servers: readonly Server[], { allBackups, quorum }: PoolRules): readonly Server[] {
  const eligible = servers.filter(server => server.eligible)
  const regular = eligible.filter(server => !server.sorry)
  const sorry = eligible.filter(server => server.sorry && server.weight > 0)
  const primaries = regular.filter(server => !server.backup)
  if (quorum !== undefined) {
    const weight = primaries.reduce((sum, { configuredWeight }) => sum + configuredWeight, 0)
    // Without a sorry server those that are left do what they can.
    if (!quorum.update(weight) && sorry.length > 0) return sorry
  }
  if (primaries.some(server => server.weight > 0)) return primaries
  const backups = regular.filter(server => server.backup && server.weight > 0)
  if (backups.length > 0) return allBackups ? backups : backups.slice(0, 1)
  return sorry
}

/** The same with those that are down, for a balancer that wants to know of them. */
export function withDown(servers: readonly Server[], pool: readonly Server[]): readonly Server[] {
  const inPool = new Set(pool)
  const backup = pool[0]?.backup ?? false
  return servers.filter(
    server =>
      inPool.has(server) ||
      (server.admin === 'ready' && !server.up && !server.sorry && server.backup === backup),
  )
}
