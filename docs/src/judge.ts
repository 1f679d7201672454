/** Every algorithm in every scenario: what the page and its tests are made from. */
import { type SimulationResult, simulate } from '@evener/testing'
import { algorithms } from './algorithms.ts'
import { type Scenario, scenarios } from './scenarios.ts'

/** The results of one scenario, by the name of the algorithm. */
export interface Judged {
  readonly scenario: Scenario
  readonly results: Readonly<Record<string, SimulationResult>>
}

export function judgeAll(): readonly Judged[] {
  return scenarios.map(scenario => {
    const taking = Object.entries(algorithms).filter(([, { leftOut }]) => leftOut?.(scenario) !== true)
    const results = taking.map(([name, { make }]) => [name, simulate(make, scenario.options)] as const)
    return { scenario, results: Object.fromEntries(results) }
  })
}
