/**
 * The contract of a balancing algorithm: given the members of a pool, which one takes the next request.
 *
 * A balancer is pure: it does no I/O, owns no timer, reads time only from the {@link Clock} and draws randomness only
 * from the {@link Random} it was given. Whoever owns it (a backend, a simulator, a test) tells it about membership
 * with {@link Balancer.rebuild}, asks it with {@link Balancer.pick}, and reports load with
 * {@link Balancer.began} and {@link Balancer.ended}.
 *
 * Whether a server is up is not the balancer's business: a member that may not be chosen is left out of
 * `rebuild`. Whether a client must return to its server is not either: stickiness is asked first.
 */

/** One server as a balancing algorithm sees it. The object stays the same for as long as the member exists. */
export interface Member {
  /** Unique in its pool; state that must survive a change of weight is kept by this name. */
  readonly id: string
  /**
   * The share of traffic it takes relative to the others: 0 to 256; 0 takes none. Whole as configured, and a
   * multiple of 1/16 while a server starts slowly.
   */
  readonly weight: number
  /** Requests or connections it is serving now, those waiting in its queue included. */
  readonly load: number
  /** True while it is at its connection limit: choosing it means waiting. */
  readonly saturated: boolean
  /** True while no more may wait for this very member either. Where it is absent, they may. */
  readonly queueFull?: boolean | undefined
  /** False while its checks find it down. Only balancers that ask for such members are given any: `seesDown`. */
  readonly up?: boolean | undefined
  /** Where it is: an IP address as text, IPv6 without brackets. A host name says nothing here. */
  readonly host?: string | undefined
  /** Its port there. */
  readonly port?: number | undefined
  /**
   * A small whole number that none beside it has, from 0 on, and that stays: a place in a table. By it balancers that are
   * told of the end of requests find what they know of a member; without it by a look-up, which among thousands takes
   * 30 ns longer. One that another has as well, or that is large, does no harm and helps nobody.
   */
  readonly slot?: number | undefined
}

/** What a balancing algorithm may know of the request. Every part is optional: a missing one means "no key". */
export interface RequestInfo {
  /** The client's address as text, IPv4 or IPv6, without port. */
  readonly sourceAddress?: string | undefined
  /** The request target in origin form: path and query as they were received. */
  readonly uri?: string | undefined
  /** The first value of a request header, by its lower-case name. */
  header?(name: string): string | undefined
  /** The method, as it was sent. */
  readonly method?: string | undefined
  /**
   * The content that has come so far: of the request's body, or at layer 4 of the connection. Undefined where nobody
   * waits for it, see {@link Balancer.bodyWanted}. It stands until the next call.
   */
  body?(): Uint8Array | undefined
}

/** How an attempt ended, as far as a balancer that learns needs to know. */
export interface MemberResult {
  /** False where the server failed; a client that went away is not a failure. */
  readonly ok: boolean
  /** From the beginning of the attempt to the server's answer, in milliseconds. */
  readonly latencyMs: number
}

/** What a server said of itself when it was asked: a probe's answer. */
export interface LoadReport {
  /** The requests it serves now, those of other clients included: 0 or more. */
  readonly requestsInFlight: number
  /** How long it takes for a request now, by its own estimate, in milliseconds. */
  readonly latencyMs: number
}

/** Where time comes from: milliseconds that never go back. `performance` is one. */
export interface Clock {
  now(): number
}

/** A source of randomness: a number from 0 (included) to 1 (excluded). `Math.random` is one. */
export type Random = () => number

/**
 * A balancing algorithm.
 *
 * @typeParam C what it looks at in a request; {@link RequestInfo} by default.
 */
export interface Balancer<C = RequestInfo> {
  /** The algorithm's name, as HAProxy has it where HAProxy has one: `roundrobin`, `leastconn`, … */
  readonly name: string

  /**
   * True where the choice is a function of the request's key, as with hashing: then a saturated choice is waited
   * for. Where it is false or absent, a saturated member is chosen only when all are, and whichever has room
   * first will do.
   */
  readonly keyed?: boolean

  /**
   * True where `rebuild` is to be given the members that are down as well, with `up` false: to know how many of how many
   * are left. It may choose one of these, in a panic. An owner that does not know of down members need not care.
   */
  readonly seesDown?: boolean

  /**
   * How many bytes of {@link RequestInfo.body} it wants to see before it chooses; 0 for none. Asked before the first
   * `pick` of a request, and again when so many have come, until the answer is no more than what is there. Who owns it
   * may choose sooner: when the body has ended, or is too long to be kept, or does not come. Absent in balancers that
   * look at no body, which costs them nothing; one that is made of others may have it after a rebuild only.
   */
  bodyWanted?(context: C): number

  /**
   * Take note of the members that may be chosen from now on, in the order of the configuration.
   * Called when membership, a weight or a state changed; never per request. Members of weight 0 may be
   * among them and are not chosen.
   */
  rebuild(members: readonly Member[]): void

  /**
   * Choose a member.
   *
   * Synchronous, never throws, allocates nothing, O(1) or O(log n) for n members.
   *
   * @param context the request
   * @param tried members that this request has tried already: avoided, not forbidden; when no other is left,
   *   one of them is chosen again
   * @returns a member of the last `rebuild`, or undefined when none has a weight above 0
   */
  pick(context: C, tried?: ReadonlySet<Member>): Member | undefined

  /** A request or connection began on a member: its `load` has grown. */
  began?(member: Member): void

  /** A request or connection ended on a member: its `load` has shrunk. */
  ended?(member: Member, result: MemberResult): void

  /**
   * The next member to be asked for its load, for balancers that go by what servers say of themselves. Whoever owns
   * the balancer asks after each pick until the answer is undefined, sends the probes, and tells the answers by
   * {@link Balancer.probed}. Owners that cannot probe need not ask.
   */
  nextProbe?(): Member | undefined

  /** A probe was answered. One that failed is told to nobody. */
  probed?(member: Member, report: LoadReport): void
}
