import * as algorithms from '@evener/algorithms'
import { expect, test } from 'vitest'
import { contenders } from './contenders.ts'
import { farm, requests } from './farm.ts'

/** What is made of other balancers, of which two are measured for all, and what chooses nobody. */
const others = new Set([
  'byPriority',
  'fallBack',
  'filter',
  'localities',
  'priorityLevels',
  'shadow',
  'loadReporter',
])

test('each algorithm that the package exports is measured', () => {
  const made = Object.keys(algorithms).filter(name => /^[a-z]/.test(name) && !others.has(name))
  // A measured one is called after the function that makes it, or that and what is special about it.
  const kebab = (name: string) => name.replaceAll(/[A-Z]/g, capital => `-${capital.toLowerCase()}`)
  const measured = contenders.map(({ name }) => `${name}-`)
  expect(made.filter(name => !measured.some(one => one.startsWith(`${kebab(name)}-`)))).toEqual([])
})

test('each chooses a server for each of the requests', () => {
  for (const { name, make, heaviest = 1 } of contenders) {
    const servers = farm(10, heaviest)
    const balancer = make(10)
    balancer.rebuild(servers)
    for (const request of requests().slice(0, 100)) {
      expect(servers, name).toContain(balancer.pick(request))
    }
  }
})

test('those that are compared with a naive one have it beside them, with the same weights', () => {
  for (const { name, naive, heaviest = 1 } of contenders) {
    if (naive === undefined) continue
    const other = contenders.find(one => one.name === naive)
    expect((other?.heaviest ?? 1) > 1, `${name} and ${naive}`).toBe(heaviest > 1)
  }
})
