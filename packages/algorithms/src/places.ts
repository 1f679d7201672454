/**
 * The place of each member in the list of the last rebuild, so that what is known of members can lie in arrays.
 *
 * Feedback brings a member, and a look-up of it in a `Map` is two or three cache misses where there are thousands: as
 * much as all else that is done with it. A member that has a `slot` is found by that number, and whether it is really
 * the one is seen in the list. All others, those with the slot of another among them, are found by a `Map`.
 *
 * Invariant: `of(members[place])` is `place`, whatever the slots are.
 * Cost: O(1); 4 bytes a member with a slot of its own, some 45 for others. Rebuild: O(n).
 */
import type { Member } from './balancer.ts'

/** No place. */
export const nowhere = -1

export class Places {
  /** The list of the last rebuild. */
  members: readonly Member[] = []
  #bySlot = new Int32Array(0)
  #byMember = new Map<Member, number>()

  /** @returns {@link nowhere} for one that is not in the list */
  of(member: Member): number {
    const { slot } = member
    if (slot !== undefined) {
      const place = this.#bySlot[slot]
      if (place !== undefined && this.members[place] === member) return place
    }
    return this.#byMember.size === 0 ? nowhere : (this.#byMember.get(member) ?? nowhere)
  }

  /**
   * Take note of a new list, which is kept.
   * @returns for each place of the new list the one in the old: by the member itself, or else by its name, as a host may
   *   make new objects of the same servers. {@link nowhere} for one that is new.
   */
  rebuild(members: readonly Member[]): Int32Array {
    const before = new Int32Array(members.length)
    let byName: Map<string, number> | undefined
    for (let place = 0; place < members.length; place++) {
      const member = members[place] as Member
      let old = this.of(member)
      if (old === nowhere && this.members.length > 0) {
        byName ??= new Map(this.members.map(({ id }, at) => [id, at]))
        old = byName.get(member.id) ?? nowhere
      }
      before[place] = old
    }
    this.members = members
    this.#index()
    return before
  }

  #index(): void {
    const { members } = this
    // Slots of few members among many, as in a group, are spread; those that would take more than a Map are not for us.
    const most = 16 * members.length + 64
    let size = 0
    for (const { slot = -1 } of members) if (slot >= size && slot < most) size = slot + 1
    const bySlot = new Int32Array(size).fill(nowhere)
    const byMember = new Map<Member, number>()
    for (let place = 0; place < members.length; place++) {
      const member = members[place] as Member
      // A slot that is no index of the array reads as undefined.
      const { slot = -1 } = member
      if (bySlot[slot] === nowhere) bySlot[slot] = place
      else byMember.set(member, place)
    }
    this.#bySlot = bySlot
    this.#byMember = byMember
  }
}
