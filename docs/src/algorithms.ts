/** Every algorithm, as docs/algorithms.md calls it, with how one is made for a simulation. */
import {
  aperture,
  first,
  leastConnections,
  leastResponseTime,
  maglev,
  peakEwma,
  powerOfTwo,
  prequal,
  random,
  rendezvous,
  roundRobin,
  source,
  staticRoundRobin,
} from '@evener/algorithms'
import type { BalancerWorld, SimulatedBalancer, SimulatedRequest } from '@evener/testing'
import type { Scenario } from './scenarios.ts'

/** An algorithm in the tables. */
export interface Algorithm {
  readonly make: (world: BalancerWorld) => SimulatedBalancer<SimulatedRequest>
  /** True where it is left out: it says nothing in such a scenario. */
  readonly leftOut?: (scenario: Scenario) => boolean
}

const key = ({ sourceAddress }: SimulatedRequest) => sourceAddress

export const algorithms: Readonly<Record<string, Algorithm>> = {
  roundRobin: { make: () => roundRobin() },
  staticRoundRobin: { make: () => staticRoundRobin() },
  'random, 1 draw': { make: world => random({ draws: 1, random: world.random }) },
  'random, 2 draws': { make: world => random({ random: world.random }) },
  first: { make: () => first(), leftOut: ({ limited }) => limited !== true },
  leastConnections: { make: () => leastConnections() },
  powerOfTwo: { make: world => powerOfTwo({ random: world.random }) },
  peakEwma: { make: world => peakEwma({ clock: world.clock, random: world.random }) },
  leastResponseTime: { make: world => leastResponseTime({ clock: world.clock }) },
  prequal: { make: world => prequal({ clock: world.clock, random: world.random }) },
  aperture: {
    make: world => aperture({ peers: world.count, peer: world.index, random: world.random }),
    leftOut: ({ options }) => (options.balancers ?? 1) === 1,
  },
  'source, map-based': { make: () => source() },
  'source, consistent': { make: () => source({ type: 'consistent' }) },
  'source, bounded': { make: () => source({ type: 'consistent', balanceFactor: 125 }) },
  maglev: { make: () => maglev({ key }) },
  rendezvous: { make: () => rendezvous({ key }) },
}
