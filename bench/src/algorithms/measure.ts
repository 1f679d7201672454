/**
 * What one algorithm costs at one size: the time of a decision, of a rebuild, and memory.
 *
 * A decision is all that a request asks of a balancer: `pick`, `began` after the server's load has grown, and `ended`
 * after it has shrunk. Twice as many requests as servers are under way; they end in an order of chance.
 */
import type { Balancer, LoadReport, MemberResult } from '@evener/algorithms'
import { type FarmRequest, type FarmServer, farm, requests } from './farm.ts'
import { loop } from './naive.ts'

/** What was measured, in the units that the names say. */
export interface Figures {
  /** With the loop that asks for it. */
  readonly decisionNs: number
  /** What that loop takes by itself, with as many servers, measured in the same process. */
  readonly loopNs: number
  /** Bytes of the heap that a decision takes; 0 is meant to be 0. */
  readonly decisionBytes: number
  /** From nothing to all servers, and for one server that leaves or comes back. */
  readonly firstRebuildMs: number
  readonly rebuildMs: number
  /** What the balancer holds for each server, the server's own object apart. */
  readonly serverBytes: number
}

/** A decision without the loop that asks for it: what the tables show and the bars are for. */
export const netNs = ({ decisionNs, loopNs }: Figures): number => Math.max(0, decisionNs - loopNs)

export interface Measuring {
  readonly make: (size: number) => Balancer<FarmRequest>
  readonly size: number
  readonly heaviest: number
  readonly durationMs: number
  /** Collect all garbage now. */
  readonly collect: () => void
}

const now = (): number => performance.now()

/** Requests that end while others begin, for as long as is asked. */
class Traffic {
  readonly #balancer: Balancer<FarmRequest>
  readonly #requests = requests()
  readonly #underWay: FarmServer[] = []
  readonly #results: MemberResult[] = Array.from({ length: 64 }, (_, i) => ({
    ok: true,
    latencyMs: 1 + (i % 7),
  }))
  readonly #report: { -readonly [K in keyof LoadReport]: LoadReport[K] } = {
    requestsInFlight: 0,
    latencyMs: 5,
  }
  #decisions = 0
  #state = 1

  constructor(balancer: Balancer<FarmRequest>, size: number) {
    this.#balancer = balancer
    for (let begun = 0; begun < 2 * size; begun++) {
      const chosen = balancer.pick(this.#requests[begun & 4095] as FarmRequest) as FarmServer
      chosen.load++
      balancer.began?.(chosen)
      this.#underWay.push(chosen)
    }
  }

  decide(count: number): void {
    const balancer = this.#balancer
    const underWay = this.#underWay
    const upTo = this.#decisions + count
    let state = this.#state
    for (let decision = this.#decisions; decision < upTo; decision++) {
      // A linear congruential generator: its upper bits are chance enough, and cost a nanosecond.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const place = Math.floor((state * underWay.length) / 2 ** 32)
      const done = underWay[place] as FarmServer
      done.load--
      balancer.ended?.(done, this.#results[decision & 63] as MemberResult)
      const chosen = balancer.pick(this.#requests[decision & 4095] as FarmRequest) as FarmServer
      chosen.load++
      balancer.began?.(chosen)
      underWay[place] = chosen
      if (balancer.nextProbe !== undefined) this.#probe()
    }
    this.#state = state
    this.#decisions = upTo & 0x3fff_ffff
  }

  /** Those who are probed answer at once. */
  #probe(): void {
    const balancer = this.#balancer
    for (let asked = balancer.nextProbe?.(); asked !== undefined; asked = balancer.nextProbe?.()) {
      this.#report.requestsInFlight = asked.load
      balancer.probed?.(asked, this.#report)
    }
  }
}

/** Long enough to be told by the clock, short enough that most pass without another process in between. */
const stretchMs = 1

/** The quickest of many stretches: what disturbs a measurement of nanoseconds only ever makes it slower. */
function decisionNs(traffic: Traffic, durationMs: number): number {
  let decisions = 16
  let least = Number.POSITIVE_INFINITY
  const end = now() + durationMs
  let begin = now()
  while (begin < end) {
    traffic.decide(decisions)
    const done = now()
    const elapsed = done - begin
    begin = done
    if (elapsed < stretchMs / 2) decisions *= 2
    else least = Math.min(least, (elapsed * 1e6) / decisions)
  }
  return least
}

const heapBytes = (): number => process.memoryUsage().heapUsed
function heldBytes(collect: () => void): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Without a collection in between, what the heap has grown by is what was allocated. The least of some tries. */
function decisionBytes(traffic: Traffic, decisions: number, collect: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 5; attempt++) {
    collect()
    const before = heapBytes()
    traffic.decide(decisions)
    const grown = heapBytes() - before
    if (grown >= 0) least = Math.min(least, grown / decisions)
  }
  return least
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number
}

/** One server leaves, and comes back, as often as there is time for. */
function rebuildMs(
  balancer: Balancer<FarmRequest>,
  servers: readonly FarmServer[],
  durationMs: number,
): number {
  const without = servers.filter((_, place) => place !== servers.length >> 1)
  const times: number[] = []
  const end = now() + durationMs
  do {
    for (const some of [without, servers]) {
      const begin = now()
      balancer.rebuild(some)
      times.push(now() - begin)
    }
  } while (now() < end && times.length < 200)
  return median(times)
}

/** What it takes to ask a balancer that knows all these servers, once its code is compiled. */
function timed(balancer: Balancer<FarmRequest>, size: number, durationMs: number): [Traffic, number] {
  const traffic = new Traffic(balancer, size)
  decisionNs(traffic, durationMs / 2)
  return [traffic, decisionNs(traffic, durationMs)]
}

/** What the loop takes by itself. */
export function loopNs(size: number, durationMs: number): number {
  const balancer = loop()
  balancer.rebuild(farm(size, 1))
  return timed(balancer, size, durationMs)[1]
}

export function measure({ make, size, heaviest, durationMs, collect }: Measuring): Omit<Figures, 'loopNs'> {
  const servers = farm(size, heaviest)
  // The first rebuild of a process is of code that has not been compiled yet; a service's later ones are not.
  const firsts: number[] = []
  for (let repeat = 0; repeat < 3; repeat++) {
    const begin = now()
    make(size).rebuild(servers)
    firsts.push(now() - begin)
  }
  const before = heldBytes(collect)
  const balancer = make(size)
  balancer.rebuild(servers)
  const held = heldBytes(collect) - before
  const [traffic, ns] = timed(balancer, size, durationMs)
  // About as many as take 50 ms, for what scans takes a while.
  const decisions = Math.max(1_000, Math.min(200_000, Math.floor(5e7 / ns)))
  return {
    decisionNs: ns,
    decisionBytes: decisionBytes(traffic, decisions, collect),
    firstRebuildMs: Math.min(...firsts),
    rebuildMs: rebuildMs(balancer, servers, durationMs),
    serverBytes: held / size,
  }
}
