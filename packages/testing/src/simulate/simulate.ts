/**
 * A balancer judged by what comes of it: requests, servers and time simulated, event by event, without a socket or a
 * clock. The balancer is the very code that runs in production; what it would meet there is what this stands for.
 *
 * What it leaves out: the network's own time, connections, bodies, and the time that choosing takes. It says which
 * balancer does better and by about how much, and why; what a real machine can bear is for `wrk` and `h2load`.
 */
import { TestingError } from '../errors.ts'
import type { BalancerWorld, SimulatedBalancer, SimulatedRequest } from './balancer.ts'
import { SimulationResult } from './result.ts'
import { readOptions, type SimulateOptions } from './simulate-options.ts'
import { Simulation } from './simulation.ts'

/** A balancer that has been through a simulation remembers it: in a second one its result would not be the seed's. */
const used = new WeakSet<object>()

/**
 * Run a balancer through a simulation.
 *
 * @param balancer one that has not been used before; or a function that makes one, which is given the simulation's
 *   `clock` and `random`. A function may be used again and again, and is needed where there are several balancers
 * @throws {TestingError} `EVENER_INVALID_OPTION` for wrong options; `EVENER_INVALID_STATE` for a balancer that was
 *   used before, or that chooses what is not in its pool. What a balancer throws is passed on
 */
export function simulate<C = SimulatedRequest>(
  balancer: SimulatedBalancer<C> | ((world: BalancerWorld) => SimulatedBalancer<C>),
  options: SimulateOptions<C>,
): SimulationResult {
  const read = readOptions(options)
  if (typeof balancer !== 'function' && read.balancers > 1) {
    const message = `balancers is ${read.balancers}: give a function that makes a balancer, for each its own`
    throw new TestingError('EVENER_INVALID_OPTION', `simulate(): ${message}`)
  }
  const make = (world: BalancerWorld) => checked(typeof balancer === 'function' ? balancer(world) : balancer)
  const simulation = new Simulation(make as (world: BalancerWorld) => SimulatedBalancer<unknown>, read)
  simulation.run()
  return new SimulationResult(simulation, read.seed)
}

function checked<C>(balancer: SimulatedBalancer<C>): SimulatedBalancer<C> {
  if (typeof balancer?.pick !== 'function' || typeof balancer.rebuild !== 'function') {
    const message =
      'balancer is no balancer; allowed: roundRobin(), or a function like ({ random }) => mine(random)'
    throw new TestingError('EVENER_INVALID_OPTION', `simulate(): ${message}`)
  }
  if (used.has(balancer)) {
    const message = `${balancer.name} has been used before; give a new one, or a function that makes it`
    throw new TestingError('EVENER_INVALID_STATE', `simulate(): ${message}`)
  }
  used.add(balancer)
  return balancer
}
