/**
 * All who have a say in whether a server gets traffic, each kept apart: what one says is not lost when another speaks.
 *
 * ```text
 *   operator   ready, drain, maintenance      ─┐
 *   agent      up, down; ready, drain, maint  ─┤
 *   checks     up, down; stopping (L7OKC)     ─┼─► health     up where checks and agent say so
 *   tracked    the state of another server    ─┤   usable     clients that belong to it may come
 *   outliers   in, ejected                    ─┤   eligible   new clients may come
 *   circuit    closed, open, half-open        ─┘
 * ```
 * Invariant: `health`, `usable` and `eligible` are what `decide` made of the rest; whoever changes the rest calls it.
 * Cost: reading is a field; deciding a few comparisons, when something changed.
 */
import type { CircuitState } from '@evener/health'

/** What the operator, or the agent, wants of a server. */
export type AdminState = 'ready' | 'drain' | 'maintenance'

/** What its checks, or its agent, found. */
export type HealthState = 'up' | 'down'

export class ServerState {
  operator: AdminState
  agentAdmin: AdminState = 'ready'
  /** Of the server that it tracks. */
  inheritedAdmin: AdminState = 'ready'
  checks: HealthState = 'up'
  agent: HealthState = 'up'
  /** Checks find it on its way out: HAProxy's NOLB, of `disable-on-404`. */
  stopping = false
  ejected = false
  circuit: CircuitState = 'closed'
  /** A server that is down keeps its clients: Keepalived's `inhibit_on_failure`. */
  readonly #inhibits: boolean

  /** Decided. */
  health: HealthState = 'up'
  admin: AdminState
  usable = true
  eligible = true

  constructor(operator: AdminState, inhibits: boolean) {
    this.operator = operator
    this.admin = operator
    this.#inhibits = inhibits
    this.decide()
  }

  /** Make the decisions anew. */
  decide(): void {
    this.health = this.checks === 'up' && this.agent === 'up' ? 'up' : 'down'
    this.admin = strictest(this.operator, this.agentAdmin, this.inheritedAdmin)
    const barred = this.admin === 'maintenance' || this.ejected || this.circuit === 'open'
    this.usable = !barred && (this.health === 'up' || this.#inhibits)
    this.eligible = !barred && this.health === 'up' && this.admin === 'ready' && !this.stopping
  }
}

function strictest(...states: readonly AdminState[]): AdminState {
  if (states.includes('maintenance')) return 'maintenance'
  return states.includes('drain') ? 'drain' : 'ready'
}
