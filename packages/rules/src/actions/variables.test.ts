import { describe, expect, it } from 'vitest'
import * as req from '../fetches/req.ts'
import { url } from '../fetches/request-line.ts'
import type { Sample } from '../sample.ts'
import { requestScope } from '../test-support.ts'
import { type SetVarCondition, setVar, unsetVar } from './variables.ts'

/** What the variable is once the rule has run. */
function set(before: Sample | undefined, now: Sample, ...conditions: SetVarCondition[]): Sample | undefined {
  const scope = requestScope('/')
  scope.variables.set('txn.a', before)
  setVar('txn.a', now, ...conditions).run(scope)
  return scope.variables.get('txn.a')
}

describe('a variable', () => {
  it.each<[SetVarCondition, Sample | undefined, Sample, boolean]>([
    ['ifexists', 'x', 'new', true],
    ['ifexists', undefined, 'new', false],
    ['ifnotexists', 'x', 'new', false],
    ['ifnotexists', undefined, 'new', true],
    ['ifempty', 'x', '', true],
    ['ifempty', 'x', 'new', false],
    ['ifempty', 'x', 0, false],
    ['ifnotempty', 'x', '', false],
    ['ifnotempty', 'x', 'new', true],
    ['ifset', 'x', false, false],
    ['ifset', 'x', 0, false],
    ['ifset', 'x', '', false],
    ['ifset', 'x', 1, true],
    ['ifnotset', 'x', 0, true],
    ['ifnotset', 'x', 'new', false],
    ['ifgt', 3, 2, true],
    ['ifgt', 2, 3, false],
    ['ifgt', '3', 2, false],
    ['ifgt', 3, '2', false],
    ['iflt', 2, 3, true],
    ['iflt', 3, 2, false],
    ['iflt', undefined, 2, false],
    ['iflt', 2, '3', false],
  ])('with %s is, from %j, given %j: %s', (condition, before, now, given) => {
    expect(set(before, now, condition)).toBe(given ? now : before)
  })

  it('is set where all conditions hold', () => {
    expect([set(1, 2, 'ifexists', 'iflt'), set(3, 2, 'ifexists', 'iflt')]).toEqual([2, 3])
  })

  it('is left by a value that is not there, and taken away', () => {
    const scope = requestScope('/')
    setVar('txn.a', url()).run(scope)
    setVar('txn.a', req.hdr('none')).run(scope)
    expect(scope.variables.get('txn.a')).toBe('/')
    unsetVar('txn.a').run(scope)
    expect(scope.variables.get('txn.a')).toBeUndefined()
  })

  it('has a name with a scope, a value, and conditions that are known', () => {
    expect(() => setVar('a', 1)).toThrow('a name with its scope')
    expect(() => unsetVar('a')).toThrow('a name with its scope')
    expect(() => setVar('txn.a', null as never)).toThrow('a text, a number, a boolean or a value')
    expect(() => setVar('txn.a', 1, 'ifso' as never)).toThrow('setVar condition is "ifso"')
  })
})
