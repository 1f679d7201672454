/**
 * What an algorithm keeps of each member from one rebuild to the next: found by the member itself, which costs less
 * than by its name and is what feedback brings; by its name where a host makes new objects of the same servers.
 */
import type { Member } from './balancer.ts'

/** What is kept of a member. */
export interface Kept {
  member: Member
}

/** All that is kept, in the order of the last rebuild. */
export type Roster<K extends Kept> = ReadonlyMap<Member, K>

/**
 * The roster after a rebuild; what was kept of a member stays, and knows its new object.
 *
 * @param make gives what is to be kept of a member that was not in the pool
 * @param left is called for each that is no longer in it
 */
export function nextRoster<K extends Kept>(
  before: Roster<K>,
  members: readonly Member[],
  make: (member: Member) => K,
  left: (kept: K) => void,
): Roster<K> {
  const after = new Map<Member, K>()
  let byName: Map<string, K> | undefined
  for (const member of members) {
    let kept = before.get(member)
    if (kept === undefined && before.size > 0) {
      byName ??= namesOf(before)
      kept = byName.get(member.id)
    }
    kept ??= make(member)
    kept.member = member
    after.set(member, kept)
  }
  for (const kept of before.values()) if (after.get(kept.member) !== kept) left(kept)
  return after
}

function namesOf<K extends Kept>(roster: Roster<K>): Map<string, K> {
  const names = new Map<string, K>()
  for (const kept of roster.values()) names.set(kept.member.id, kept)
  return names
}
