/** What is measured: the algorithms, and beside them the straightforward way to do the same. */
import {
  aperture,
  type Balancer,
  fallBack,
  first,
  hash,
  header,
  leastConnections,
  leastResponseTime,
  type Member,
  maglev,
  peakEwma,
  powerOfTwo,
  prequal,
  priorityLevels,
  random,
  rdpCookie,
  rendezvous,
  roundRobin,
  source,
  staticRoundRobin,
  sticky,
  uri,
  urlParameter,
} from '@evener/algorithms'
import { type FarmRequest, steppedClock } from './farm.ts'
import { naiveLeastConnections, naiveRandom, naiveRing, naiveRoundRobin } from './naive.ts'

export interface Contender {
  readonly name: string
  /** Makes one for so many servers. */
  readonly make: (size: number) => Balancer<FarmRequest>
  /** Weights are from 1 to this by lot; 1 by default, which makes all equal. */
  readonly heaviest?: number
  /** The name of the straightforward one that does the same. */
  readonly naive?: string
  /** The most servers it is measured with; any number by default. */
  readonly most?: number
  /** What a decision may cost at 10,000 servers, and what a rebuild of them for one that comes or goes. */
  readonly atMostNs?: number
  readonly rebuildAtMostMs?: number
}

const heaviest = 256
const consistent = { type: 'consistent' } as const
const ring = { naive: 'naive-ring', atMostNs: 250, rebuildAtMostMs: 10 }
/** A number, so that what is measured is the look-up. `hash` and `uri` read a text. */
const key = (request: FarmRequest): number => request.number
/** Two levels, by the last part of the address. */
const half = ({ id }: Member): number => Number(id.at(-6)) % 2
/** What looks at all servers takes a second for a few decisions where they are very many. */
const most = 1_000

export const contenders: readonly Contender[] = [
  { name: 'round-robin', make: roundRobin, naive: 'naive-round-robin', atMostNs: 40, rebuildAtMostMs: 10 },
  {
    name: 'round-robin-mixed',
    make: roundRobin,
    heaviest,
    naive: 'naive-round-robin-mixed',
    atMostNs: 150,
    rebuildAtMostMs: 10,
  },
  { name: 'static-round-robin', make: staticRoundRobin, naive: 'naive-round-robin', atMostNs: 40 },
  {
    name: 'static-round-robin-mixed',
    make: staticRoundRobin,
    heaviest: 10,
    naive: 'naive-round-robin-mixed',
    atMostNs: 40,
  },
  { name: 'least-connections', make: leastConnections, naive: 'naive-least-connections', atMostNs: 250 },
  {
    name: 'least-connections-mixed',
    make: leastConnections,
    heaviest,
    naive: 'naive-least-connections-mixed',
    atMostNs: 250,
  },
  { name: 'first', make: first },
  { name: 'random-one', make: () => random({ draws: 1 }), naive: 'naive-random', atMostNs: 40 },
  { name: 'random-two', make: () => random(), naive: 'naive-random', atMostNs: 40 },
  { name: 'random-two-mixed', make: () => random(), heaviest, naive: 'naive-random-mixed', atMostNs: 40 },
  { name: 'power-of-two', make: () => powerOfTwo(), naive: 'naive-least-connections', atMostNs: 120 },
  {
    name: 'power-of-two-mixed',
    make: () => powerOfTwo(),
    heaviest,
    naive: 'naive-least-connections-mixed',
    atMostNs: 120,
  },
  {
    name: 'peak-ewma',
    make: () => peakEwma({ clock: steppedClock() }),
    naive: 'naive-least-connections',
    atMostNs: 120,
  },
  {
    name: 'least-response-time',
    make: () => leastResponseTime({ clock: steppedClock() }),
    naive: 'naive-least-connections',
  },
  { name: 'aperture', make: () => aperture({ peers: 100, peer: 3 }) },
  { name: 'fall-back', make: () => fallBack(powerOfTwo(), roundRobin()) },
  { name: 'priority-levels', make: () => priorityLevels({ levelOf: half, of: () => powerOfTwo() }) },
  { name: 'prequal', make: () => prequal({ clock: steppedClock() }), naive: 'naive-least-connections' },
  { name: 'maglev', make: () => maglev({ key }), naive: 'naive-ring', atMostNs: 40, rebuildAtMostMs: 60 },
  { name: 'rendezvous', make: () => rendezvous({ key }), most },
  {
    name: 'rendezvous-seats',
    make: size => rendezvous({ key, seats: Math.max(16, 2 ** Math.ceil(Math.log2(2 * size))) }),
    naive: 'rendezvous',
  },
  { name: 'sticky', make: sticky },
  { name: 'rdp-cookie', make: () => rdpCookie() },
  { name: 'source', make: () => source() },
  { name: 'uri', make: () => uri() },
  { name: 'url-parameter', make: () => urlParameter('user') },
  { name: 'header', make: () => header('x-key') },
  { name: 'hash', make: () => hash({ key }) },
  { name: 'hash-consistent', make: () => hash({ key, ...consistent }), ...ring },
  { name: 'source-consistent', make: () => source(consistent), ...ring },
  { name: 'uri-consistent', make: () => uri(consistent), ...ring },
  { name: 'naive-round-robin', make: naiveRoundRobin, most },
  { name: 'naive-round-robin-mixed', make: naiveRoundRobin, heaviest, most },
  { name: 'naive-least-connections', make: naiveLeastConnections, most },
  { name: 'naive-least-connections-mixed', make: naiveLeastConnections, heaviest, most },
  { name: 'naive-random', make: naiveRandom, most },
  { name: 'naive-random-mixed', make: naiveRandom, heaviest, most },
  { name: 'naive-ring', make: naiveRing, most },
]
