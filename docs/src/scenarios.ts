/**
 * The six situations that docs/algorithms.md judges every algorithm in. Each is one set of options for `simulate()`; all
 * algorithms are given the same requests.
 */
import { exponential, pareto, poisson, type SimulateOptions } from '@evener/testing'

/** One situation. */
export interface Scenario {
  /** Its name in headings. */
  readonly title: string
  /** Its name in tables. */
  readonly short: string
  /** The picture's file, and what it is called in anchors. */
  readonly id: string
  /** What happens in it, in a sentence or two. */
  readonly about: string
  readonly options: SimulateOptions
  /** True where servers have limits, without which `first()` sends all to one. */
  readonly limited?: boolean
}

/** So many servers, some of them unlike the others. */
const servers = (count: number, unlike: (number: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, at) => ({ id: `app${at + 1}`, ...unlike(at + 1) }))

const requests = 12_000
const settleMs = 1000

export const scenarios: readonly Scenario[] = [
  {
    title: 'Ten equal servers',
    short: 'equal',
    id: 'equal',
    about:
      'Ten servers that work on one request at a time. Requests take 10 ms on average, distributed exponentially; they come at random, as many as keep the servers at work 70 % of the time.',
    options: { servers: servers(10), arrivals: poisson({ load: 0.7 }), requests, settleMs },
  },
  {
    title: 'One of ten is ten times slower',
    short: 'one slow',
    id: 'one-slow',
    about:
      'The same, but the tenth server takes ten times as long for everything, and nobody has said so by its weight. The load is 70 % of what all ten can do together.',
    options: {
      servers: servers(10, number => (number === 10 ? { speed: 0.1 } : {})),
      arrivals: poisson({ load: 0.7 }),
      requests,
      settleMs,
    },
  },
  {
    title: 'A few requests are huge',
    short: 'heavy tail',
    id: 'heavy-tail',
    about:
      'Ten equal servers with two workers each; work has a heavy tail (Pareto with shape 1.8): a few requests take a hundred times as long as most. 70 % load.',
    options: {
      servers: servers(10, () => ({ workers: 2 })),
      service: pareto(10, 1.8),
      arrivals: poisson({ load: 0.7 }),
      requests,
      settleMs,
    },
  },
  {
    title: 'A server dies and comes back',
    short: 'a death',
    id: 'death',
    about:
      'Ten equal servers at 60 % load. The third is killed after 5 s and back after 10 s, cold: it needs 4 s to become as fast as it was. Its death is found after half a second, as by a health check; requests that fail are tried again elsewhere.',
    options: {
      servers: servers(10, () => ({ warmUpMs: 4000 })),
      changes: [
        { atMs: 5000, die: 'app3' },
        { atMs: 10_000, revive: 'app3' },
      ],
      detectMs: 500,
      arrivals: poisson({ load: 0.6 }),
      requests,
      settleMs,
    },
  },
  {
    title: 'Servers come and go, and keys should stay',
    short: 'churn',
    id: 'churn',
    about:
      'Ten equal servers at 50 % load; 2,000 keys, some asked for more often than others (Zipf, exponent 0.7). The third server is taken out, later another one is added.',
    options: {
      servers: servers(10),
      changes: [
        { atMs: 9000, remove: 'app3' },
        { atMs: 17_000, add: { id: 'app11' } },
      ],
      keys: { count: 2000, skew: 0.7 },
      arrivals: poisson({ load: 0.5 }),
      requests,
      settleMs,
    },
  },
  {
    title: 'Many servers, many balancers, few connections',
    short: 'many',
    id: 'many',
    about:
      'A hundred servers with two workers each, of which every fourth is half as fast, behind twenty balancers that know nothing of each other. Each balancer may have two requests under way on a server. 75 % load.',
    limited: true,
    options: {
      servers: servers(100, number => ({ workers: 2, maxConnections: 2, speed: number % 4 === 0 ? 0.5 : 1 })),
      balancers: 20,
      service: exponential(10),
      arrivals: poisson({ load: 0.75 }),
      requests: requests * 2,
      settleMs: 500,
    },
  },
]
