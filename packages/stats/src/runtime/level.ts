/** How much who comes by a socket may do: HAProxy's levels, each with what is below it (manual, `stats socket … level`). */
export const levels = ['user', 'operator', 'admin'] as const

export type Level = (typeof levels)[number]

/** Whether this level is enough. */
export function isAtLeast(level: Level, needed: Level = 'user'): boolean {
  return levels.indexOf(level) >= levels.indexOf(needed)
}
