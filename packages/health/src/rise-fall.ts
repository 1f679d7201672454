/**
 * Up or down out of a row of findings: HAProxy's health counter.
 *
 * One integer from 0 to `rise + fall - 1`; from `rise` on the target is up. A success steps up, a failure steps
 * down, and crossing over goes straight to the far end, so that it takes `fall` failures *in a row* to go down
 * and `rise` successes in a row to come up: one finding of the other kind starts the count anew.
 *
 * Cost: O(1). Source: HAProxy manual, `rise`, `fall`, `init-state`, `inter`.
 * Not for: judging by a rate of errors; this sees only what comes in a row.
 */

/** What the rest of the application wants to know of a target. */
export type HealthState = 'up' | 'down'

/**
 * A place on the scale, in the words of HAProxy's `init-state`: `fully-up` takes `fall` failures to go down,
 * `up` only one; `down` takes one success to come up, `fully-down` takes `rise`.
 */
export type HealthLevel = 'fully-up' | 'up' | 'down' | 'fully-down'

export const HEALTH_LEVELS: readonly HealthLevel[] = ['fully-up', 'up', 'down', 'fully-down']

/** The counter's value at a level. */
export function healthAt(level: HealthLevel, rise: number, fall: number): number {
  if (level === 'fully-up') return rise + fall - 1
  if (level === 'up') return rise
  return level === 'down' ? rise - 1 : 0
}

/** The counter after one more finding. */
export function healthAfter(health: number, ok: boolean, rise: number, fall: number): number {
  const top = rise + fall - 1
  if (ok) return health + 1 >= rise ? top : health + 1
  return health - 1 < rise ? 0 : health - 1
}

export function stateOf(health: number, rise: number): HealthState {
  return health >= rise ? 'up' : 'down'
}

/** How sure the counter is: at its top, at its bottom, or on its way from one to the other. */
export function certaintyOf(health: number, rise: number, fall: number): 'up' | 'down' | 'transition' {
  if (health === rise + fall - 1) return 'up'
  return health === 0 ? 'down' : 'transition'
}
