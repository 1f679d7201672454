/**
 * The first server, in the order of the configuration, that has room: HAProxy's `balance first`.
 *
 * It fills servers one after another, so that those at the end stay idle and may be switched off. Weights do not
 * matter, but for 0.
 *
 * Cost: one step for each server that is passed over: O(1) while the first has room, O(n) when all are full. An
 * index of those with room is not kept, since a server's limit may change without notice.
 * Not for: servers without a connection limit, of which the first would take everything.
 */
import type { Balancer, Member } from './balancer.ts'

class First implements Balancer<unknown> {
  readonly name = 'first'
  #members: Member[] = []

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(member => member.weight > 0)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    let avoided: Member | undefined
    let saturated: Member | undefined
    for (const member of this.#members) {
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) avoided ??= member
      else return member
    }
    return avoided ?? saturated
  }
}

/**
 * The first server with room, in the order given. Give each server a limit of connections: without one, the first
 * takes everything.
 *
 * @returns a new balancer; it looks at nothing in the request
 */
export function first(): Balancer<unknown> {
  return new First()
}
