/**
 * The state of a server in HAProxy's words, as its statistics show them (`status`), and how far it is on its way up or down.
 *
 * | words | when |
 * | --- | --- |
 * | `UP`, `UP 1/3`, `DOWN`, `DOWN 1/2` | as its checks find it; with what is missing on the way to the other |
 * | `NOLB` | up, and about to go (`disable-on-404`) |
 * | `DRAIN`, `MAINT`, `MAINT (via other/server)` | what its operator, its agent, or the server that it tracks wants |
 * | `DOWN (agent)` | its agent finds it down |
 * | `DOWN (ejected)`, `DOWN (circuit)` | out by outlier detection, or by its circuit breaker, which HAProxy has not |
 * | `no check` | up, and nobody looks |
 */
import type { Backend, Server } from '@evener/core'

/** How the checks of a server stand. */
export type Standing = NonNullable<ReturnType<Backend['checkStatus']>>

/** The words for its state. */
export function statusOf(server: Server, standing: Standing | undefined): string {
  const admin = server.adminInForce
  if (admin === 'maintenance') {
    const { tracked } = server
    const inherited = server.admin !== 'maintenance' && tracked?.adminInForce === 'maintenance'
    return inherited ? `MAINT (via ${tracked.fullName})` : 'MAINT'
  }
  if (server.health === 'down') {
    if (server.checkedHealth === 'up') return 'DOWN (agent)'
    const onItsWay = standing !== undefined && standing.health > 0 && standing.health < standing.rise
    return onItsWay ? `DOWN ${standing.health}/${standing.rise}` : 'DOWN'
  }
  if (server.ejected) return 'DOWN (ejected)'
  if (server.circuit === 'open') return 'DOWN (circuit)'
  if (admin === 'drain') return 'DRAIN'
  if (standing === undefined && server.tracked === undefined) return 'no check'
  const words = server.stopping ? 'NOLB' : 'UP'
  if (standing === undefined || standing.health >= standing.rise + standing.fall - 1) return words
  return `${words} ${standing.health - standing.rise + 1}/${standing.fall}`
}
