/**
 * The same server for the same key: each key has an order of preference of its own among all servers, and gets the
 * first of it that is there. Rendezvous hashing, or highest random weight.
 *
 * When a server leaves, its keys, and no others, go to the second of their orders: to all others by weight, not to a
 * neighbour. A server that was tried is passed over the same way, so a retry goes where the key will be once that server
 * is gone.
 *
 * Two forms: every server is looked at (rendezvous-scan.ts), in which balancers that know the same servers agree,
 * whatever came before; or seats are drawn (rendezvous-seats.ts), which is O(1) for any number of servers, and in which
 * they agree if they were told the same changes in the same order.
 *
 * With `balanceFactor` a server that has used up its share of all requests under way is passed over as well
 * (V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2016; bounded-load.ts), and its
 * overflow goes by each key's own order to all others. On a ring, as with HAProxy's `hash-balance-factor`, it goes to
 * the one neighbour and fills that next, the cascade that this avoids (J. Chen, B. Coleman, A. Shrivastava, "Revisiting
 * consistent hashing with bounded loads", AAAI 2021).
 *
 * Invariant: removing a server moves its keys and no others; but for those that its load had sent elsewhere.
 * Cost: O(n) a pick; O(1) with enough of `seats`. Rebuild: O(n).
 * Not for: exact shares of few keys: they are as even as chance is (maglev).
 */
import type { Balancer, Member } from './balancer.ts'
import { BoundedLoad } from './bounded-load.ts'
import type { Skipping } from './hash-table.ts'
import { KeyedBalancer, type KeyedOptions, keyedOptionNames } from './keyed.ts'
import { readInteger, readOptions, refuse } from './options.ts'
import { RendezvousScan } from './rendezvous-scan.ts'
import { RendezvousSeats } from './rendezvous-seats.ts'

/** The options of {@link rendezvous}. */
export interface RendezvousOptions<C> extends KeyedOptions<C> {
  /**
   * How many seats there are for servers to take, one for each whole of a weight: a power of two from 16 to 4,194,304.
   * Two to four times all weights are good, for a pick takes seats / weights draws. None by default: every server is
   * looked at, which for fewer than a hundred is as fast.
   */
  readonly seats?: number | undefined
  /**
   * How much of an even share of the requests under way a server may serve, in percent: 101 to 65,535; any by default.
   * Beyond it, and at its limit, the next server of the key's order is taken. 125 is reasonable. It takes `began` and
   * `ended`.
   */
  readonly balanceFactor?: number | undefined
}

/** A server that has no share left, or no room. */
class Full implements Skipping {
  readonly #bound: BoundedLoad

  constructor(bound: BoundedLoad) {
    this.#bound = bound
  }

  skips(member: Member): boolean {
    return member.saturated || this.#bound.skips(member)
  }
}

/**
 * The same server for the same key; when a server comes or goes, no other keys move. For caches and sessions whose
 * servers come and go.
 *
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for a missing `key`, an unknown option or a value not allowed
 */
export function rendezvous<C>(options: RendezvousOptions<C>): Balancer<C> {
  readOptions('rendezvous', options, [...keyedOptionNames, 'seats', 'balanceFactor'])
  const seats = readInteger('rendezvous.seats', options.seats, 0, 16, 2 ** 22)
  if ((seats & (seats - 1)) !== 0) {
    refuse('rendezvous.seats', seats, `a power of two; the next one is ${2 ** Math.ceil(Math.log2(seats))}`)
  }
  const percent = readInteger('rendezvous.balanceFactor', options.balanceFactor, 0, 101, 65_535)
  const bound = percent === 0 ? undefined : new BoundedLoad(percent)
  const full = bound === undefined ? undefined : new Full(bound)
  const table = seats === 0 ? new RendezvousScan(full) : new RendezvousSeats(seats, full)
  return new KeyedBalancer('rendezvous', 'rendezvous', options, table, bound)
}
