/**
 * One server for all, as long as it is there: HAProxy's `balance sticky`, which it has for logs since 2.9.
 *
 * The first server takes everything. When it goes, the first of those that are left takes its place, and keeps it when
 * the other returns. (The manual says that a server that returns goes to the end of the list; what src/lb_ss.c does, and
 * this, is to take the first in the order of the configuration whenever one is to be chosen.)
 *
 * At its limit of connections it is waited for (`keyed`). A request that tried it goes on to the next in order, and
 * changes nothing for others.
 *
 * Invariant: the one that was chosen stays until a rebuild has it no more, or with weight 0; other weights do not matter.
 * Cost: O(1) a pick, O(n) where the server was tried. Rebuild: O(n).
 * Not for: sharing load, of which there is none: this is a primary and its stand-ins.
 */
import type { Balancer, Member } from './balancer.ts'

class Sticky implements Balancer<unknown> {
  readonly name = 'sticky'
  readonly keyed = true
  #members: Member[] = []
  #chosen: Member | undefined

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(member => member.weight > 0)
    const id = this.#chosen?.id
    this.#chosen = this.#members.find(member => member.id === id) ?? this.#members[0]
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const chosen = this.#chosen
    if (chosen === undefined || tried?.has(chosen) !== true) return chosen
    for (const member of this.#members) if (!tried.has(member)) return member
    return chosen
  }
}

/**
 * All requests to one server, until it goes: then to the next, for as long as that is there. For servers that only one
 * of shall be in use: a primary database, a writer.
 *
 * @returns a new balancer; it looks at nothing in the request
 */
export function sticky(): Balancer<unknown> {
  return new Sticky()
}
