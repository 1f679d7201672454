import type { Member } from './balancer.ts'

/** How a hash becomes a server: what {@link StaticMap} and {@link Ring} have in common. */
export interface HashTable {
  /** The only member that can be chosen, when there is no more than one. */
  readonly only: Member | undefined
  rebuild(members: readonly Member[]): void
  /**
   * The member for a hash, one that was not tried if there is any; undefined when the table is empty. Saturated or
   * not: who hashes wants this server and no other.
   * @param hash a 32-bit number, with or without sign
   */
  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined
  /** Those in the table by turns, for requests without a key: with room and not tried, as far as there are any. */
  next(tried: ReadonlySet<Member> | undefined): Member | undefined
}

/** Which members a look-up by hash passes over for their load. */
export interface Skipping {
  skips(member: Member): boolean
}

/** Whether any of the members has not been tried. Saves walking a large table in vain. */
export function anyUntried(members: readonly Member[], tried: ReadonlySet<Member>): boolean {
  if (tried.size < members.length) return true
  for (const member of members) if (!tried.has(member)) return true
  return false
}
