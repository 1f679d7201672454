import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certaintyOf, HEALTH_LEVELS, healthAfter, healthAt, stateOf } from './rise-fall.ts'

/** Follow a row of findings (`+` good, `-` bad) and write the state after each (`U` up, `D` down). */
function follow(findings: string, level: (typeof HEALTH_LEVELS)[number], rise = 2, fall = 3): string {
  let health = healthAt(level, rise, fall)
  let states = ''
  for (const finding of findings) {
    health = healthAfter(health, finding === '+', rise, fall)
    states += stateOf(health, rise) === 'up' ? 'U' : 'D'
  }
  return states
}

describe('rise and fall', () => {
  it('a target goes down after fall failures in a row', () => {
    expect(follow('---', 'fully-up')).toBe('UUD')
  })
  it('a success in between starts the count of failures anew', () => {
    expect(follow('--+---', 'fully-up')).toBe('UUUUUD')
  })
  it('a target comes up after rise successes in a row', () => {
    expect(follow('++', 'fully-down')).toBe('DU')
  })
  it('a failure in between starts the count of successes anew', () => {
    expect(follow('+-++', 'fully-down')).toBe('DDDU')
  })
  it('a target that begins up goes down with its first failure', () => {
    expect(follow('-', 'up')).toBe('D')
  })
  it('a target that begins up and is found good takes fall failures from then on', () => {
    expect(follow('+---', 'up')).toBe('UUUD')
  })
  it('a target that begins down comes up with its first success', () => {
    expect(follow('+', 'down')).toBe('U')
  })
  it('a target that begins down and is found bad takes rise successes', () => {
    expect(follow('-++', 'down')).toBe('DDU')
  })
  it('with rise and fall of 1 each finding decides', () => {
    expect(follow('+-+--', 'up', 1, 1)).toBe('UDUDD')
  })
  it('is certain at both ends only', () => {
    const certainties = [0, 1, 2, 3, 4].map(health => certaintyOf(health, 2, 3))
    expect(certainties).toEqual(['down', 'transition', 'transition', 'transition', 'up'])
  })

  it('changes exactly where the last rise or fall findings say so', () => {
    const count = fc.integer({ min: 1, max: 6 })
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), count, count, (findings, rise, fall) => {
        let health = healthAt('fully-up', rise, fall)
        let state = 'up'
        findings.forEach((ok, index) => {
          health = healthAfter(health, ok, rise, fall)
          const lastOnes = (length: number) => findings.slice(Math.max(0, index + 1 - length), index + 1)
          const allGood = index + 1 >= rise && lastOnes(rise).every(Boolean)
          const allBad = index + 1 >= fall && !lastOnes(fall).some(Boolean)
          if (state === 'up' && allBad) state = 'down'
          else if (state === 'down' && allGood) state = 'up'
          expect(stateOf(health, rise)).toBe(state)
        })
      }),
    )
  })
  it('never leaves its scale', () => {
    const count = fc.integer({ min: 1, max: 6 })
    const level = fc.constantFrom(...HEALTH_LEVELS)
    fc.assert(
      fc.property(fc.array(fc.boolean()), count, count, level, (findings, rise, fall, start) => {
        let health = healthAt(start, rise, fall)
        for (const ok of findings) {
          health = healthAfter(health, ok, rise, fall)
          expect(health).toBeGreaterThanOrEqual(0)
          expect(health).toBeLessThan(rise + fall)
        }
      }),
    )
  })
})
