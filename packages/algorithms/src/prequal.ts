/**
 * The server that says it is fastest, of those that say they are not crowded: Prequal (B. Wydrowski, R. Kleinberg,
 * S. Rumble, A. Archer, "Load is not what you should balance: introducing Prequal", NSDI 2024).
 *
 * A few servers, drawn by lot, are asked at each request how many requests they have in flight, from whomever, and how
 * long one takes now. The answers come later and serve requests that follow, from a small pool (probe-pool.ts, which
 * has the rule of hot and cold). So no request waits for a probe, and what others do to a server is seen, which a
 * balancer that counts its own requests does not see.
 *
 * Probes are I/O, which a balancer does not do: its owner asks `nextProbe` after each pick until nobody is left to be
 * probed, and tells what was answered by `probed` (load-report.ts makes answers). While there are fewer than two
 * probes, the less loaded of two drawn by lot is chosen, by its load as seen from here (power-of-two.ts): so without
 * anybody who probes, or with servers that do not answer, this is `powerOfTwo()`. (The paper draws one by lot then.)
 *
 * A probe may be used (1 + δ) / ((1 - m/n) · probesPerPick - removalsPerPick) times, m being the pool's size and n the
 * number of servers, rounded by lot, and at least once: so often that the pool does not run dry. Where that is not
 * positive, as with few servers, any number of times until it is too old.
 *
 * Invariant: `nextProbe` gives `probesPerPick` members a pick on average, and no more.
 * Cost: O(poolSize) a pick and a probe. Rebuild: O(n).
 * Not for: servers that cannot be probed, fewer requests than one in `maxAgeMs`, or probes that cost as much as requests.
 */
import type { Balancer, Clock, LoadReport, Member, Random } from './balancer.ts'
import { readClock, readInteger, readNumber, readOptions, readRandom } from './options.ts'
import { ProbePool } from './probe-pool.ts'
import { WeightedDraws } from './weighted-draws.ts'

/** The options of {@link prequal}. The defaults are the paper's. */
export interface PrequalOptions {
  /** How many probes are kept: 2 to 256; 16 by default. */
  readonly poolSize?: number | undefined
  /** How many probes are sent for each pick, whole or not: 0.01 to 16; 3 by default. */
  readonly probesPerPick?: number | undefined
  /** How many probes are removed for each pick, the oldest and the worst by turns: 0 to 16; 1 by default. */
  readonly removalsPerPick?: number | undefined
  /** How old a probe may become, in milliseconds: 1 to 3,600,000; 1000 by default. */
  readonly maxAgeMs?: number | undefined
  /**
   * Which share of what servers reported lately counts as cold: 0 to 1; 2^-0.25 (0.84) by default. With 0 only requests
   * in flight count, with 1 only latency.
   */
  readonly hotQuantile?: number | undefined
  /** δ, by how much more than it loses the pool shall gain for each pick: 0 to 16; 1 by default. */
  readonly surplus?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1; a generator of its own by default. */
  readonly random?: Random | undefined
}

type Settings = { readonly [K in keyof PrequalOptions]-?: NonNullable<PrequalOptions[K]> }

/** Fewer probes than this are no choice. */
const enough = 2

class Prequal implements Balancer<unknown> {
  readonly name = 'prequal'
  readonly #settings: Settings
  readonly #pool: ProbePool
  readonly #draws: WeightedDraws
  #known = new Set<Member>()
  /** How often a probe may be used, before rounding. */
  #uses = 1
  #probesDue = 0
  #lastProbed = -1
  #removalsDue = 0
  #worstIsNext = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.#pool = new ProbePool(settings.poolSize, settings.hotQuantile)
    this.#draws = new WeightedDraws(settings.random)
  }

  rebuild(members: readonly Member[]): void {
    this.#draws.rebuild(members)
    this.#known = new Set(this.#draws.members)
    this.#pool.retain(member => this.#known.has(member))
    this.#lastProbed = -1
    const { poolSize, probesPerPick, removalsPerPick, surplus } = this.#settings
    const kept = (1 - poolSize / this.#known.size) * probesPerPick - removalsPerPick
    this.#uses = kept > 0 ? Math.max(1, (1 + surplus) / kept) : Number.POSITIVE_INFINITY
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const { maxAgeMs, probesPerPick, removalsPerPick, poolSize, clock } = this.#settings
    const draws = this.#draws
    const place = draws.draw(tried)
    if (place < 0) return undefined
    this.#probesDue = Math.min(this.#probesDue + probesPerPick, poolSize)
    const pool = this.#pool
    pool.expire(clock.now() - maxAgeMs)
    if (pool.size >= enough) {
      const best = pool.takeBest(tried)
      this.#removalsDue += removalsPerPick
      while (this.#removalsDue >= 1) {
        this.#removalsDue--
        if (this.#worstIsNext) pool.removeWorst()
        else pool.removeOldest()
        this.#worstIsNext = !this.#worstIsNext
      }
      if (best !== undefined) return best
    }
    const one = draws.members[place] as Member
    const other = draws.members[draws.draw(tried, place)] as Member
    return other.load / other.weight < one.load / one.weight ? other : one
  }

  nextProbe(): Member | undefined {
    if (this.#probesDue < 1) return undefined
    this.#probesDue--
    // Not the same again: within a pick, the paper draws without putting back.
    this.#lastProbed = this.#draws.draw(undefined, this.#lastProbed)
    return this.#draws.members[this.#lastProbed]
  }

  probed(member: Member, report: LoadReport): void {
    if (!this.#known.has(member) || !(report.requestsInFlight >= 0) || !(report.latencyMs >= 0)) return
    const { clock, random } = this.#settings
    const whole = Math.floor(this.#uses)
    const uses = whole === this.#uses ? whole : whole + (random() < this.#uses - whole ? 1 : 0)
    this.#pool.add(member, report, clock.now(), uses)
  }
}

/**
 * The server that is fastest by its own account, of those that are not crowded. For servers whose load comes from
 * elsewhere too: several balancers, neighbours on the same machine, requests of unlike cost.
 *
 * It must be probed for: see {@link Balancer.nextProbe}.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function prequal(
  options: PrequalOptions = {},
): Balancer<unknown> & Required<Pick<Balancer, 'nextProbe' | 'probed'>> {
  const names = [
    'poolSize',
    'probesPerPick',
    'removalsPerPick',
    'maxAgeMs',
    'hotQuantile',
    'surplus',
    'clock',
    'random',
  ]
  readOptions('prequal', options, names)
  return new Prequal({
    poolSize: readInteger('prequal.poolSize', options.poolSize, 16, 2, 256),
    probesPerPick: readNumber('prequal.probesPerPick', options.probesPerPick, 3, 0.01, 16),
    removalsPerPick: readNumber('prequal.removalsPerPick', options.removalsPerPick, 1, 0, 16),
    maxAgeMs: readNumber('prequal.maxAgeMs', options.maxAgeMs, 1000, 1, 3_600_000),
    hotQuantile: readNumber('prequal.hotQuantile', options.hotQuantile, 2 ** -0.25, 0, 1),
    surplus: readNumber('prequal.surplus', options.surplus, 1, 0, 16),
    clock: readClock('prequal.clock', options.clock),
    random: readRandom('prequal.random', options.random),
  })
}
