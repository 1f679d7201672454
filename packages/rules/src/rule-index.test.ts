import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rule, type Verdict } from './action.ts'
import { setHeader } from './actions/headers.ts'
import { setPath } from './actions/target.ts'
import { all, any, type Condition } from './condition.ts'
import { condition } from './conditions/acl.ts'
import { str } from './conditions/match.ts'
import * as req from './fetches/req.ts'
import { path } from './fetches/request-line.ts'
import { patternList } from './patterns/pattern-list.ts'
import { RuleIndex } from './rule-index.ts'
import { RuleList } from './rule-list.ts'
import type { RequestScope } from './scope.ts'
import { requestScope } from './test-support.ts'
import { fetch, keyed } from './value.ts'

type RequestRule = Rule<RequestScope>

const rulesOf = (count: number, make: (index: number) => RequestRule): RequestRule[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Says which rule it was. */
const deny = (status: number) =>
  new Rule<RequestScope>('deny', 'request', () => ({
    kind: 'answer',
    answer: { status, headers: [], body: undefined },
  }))

const statusOf = (verdict: Verdict | undefined) =>
  verdict?.kind === 'answer' ? verdict.answer.status : verdict?.kind

describe('many rules that compare the same value', () => {
  it('are one look-up', () => {
    let reads = 0
    const counted = keyed(
      fetch('counted', 'str', 'request', ({ request }: RequestScope) => {
        reads++
        return request.uri
      }),
    )
    const list = new RuleList<RequestScope>(
      'request',
      rulesOf(300, index => deny(index).if(str(counted, `/${index}`))),
    )
    expect([list.run(requestScope('/none')), reads]).toEqual([undefined, 1])
    // And the tests of the one that was found.
    expect([statusOf(list.run(requestScope('/200'))), reads]).toEqual([200, 4])
  })

  it('ask in their turn for what stands behind that, once', () => {
    const asked: number[] = []
    const rest = (index: number): Condition<RequestScope> => ({
      text: 'rest',
      needs: 'request',
      test: () => asked.push(index) === 0,
    })
    const list = new RuleList<RequestScope>('request', [
      ...rulesOf(40, index => deny(index).if(all(str(path(), `/${index % 2}`), rest(index)))),
      deny(403).if(rest(40)),
      deny(404).if(str(path(), '/1')),
      deny(405).if(rest(42)),
    ])
    expect(statusOf(list.run(requestScope('/1'), 30))).toBe(404)
    expect(asked).toEqual([31, 33, 35, 37, 39, 40])
  })

  it('are found by each element of a list, the first rule first', () => {
    const list = new RuleList<RequestScope>(
      'request',
      rulesOf(20, index => deny(index).if(str(req.hdr('x'), `v${index}`))),
    )
    expect(statusOf(list.run(requestScope('/', ['X', 'none, v9, v4', 'X', 'v12'])))).toBe(4)
    expect(statusOf(list.run(requestScope('/', ['X', 'none, v9, v4', 'X', 'v12']), 5))).toBe(9)
    expect(list.run(requestScope('/'))).toBe(undefined)
  })

  it('are looked up again once a rule has changed the value', () => {
    const list = new RuleList<RequestScope>('request', [
      ...rulesOf(20, index => deny(index).if(str(path(), `/${index}`))),
      setPath('/30'),
      ...rulesOf(20, index => deny(100 + index).if(str(path(), `/${20 + index}`))),
    ])
    expect(statusOf(list.run(requestScope('/other')))).toBe(110)
  })

  it.each<[string, Condition<RequestScope>, boolean]>([
    ['a condition with it in front', all(str(path(), '/'), str(req.hdr('x'), 'a')), true],
    ['one with it as an alternative', any(str(path(), '/'), str(req.hdr('x'), 'a')), false],
    ['a regular expression', condition('{ path_reg ^/ }', 'request'), false],
    ['a number', condition('{ path_len 3 }', 'request'), false],
    ['a file that may change', str(path(), patternList({ entries: ['/'] })), false],
    ['a value that nobody vouches for', condition('{ path,lower / }', 'request'), false],
    ['a negation', condition('!{ path / }', 'request'), false],
  ])('%s: %#', (_, test, indexed) => {
    const index = RuleIndex.of(rulesOf(16, () => deny(403).if(test)))
    expect(index !== undefined).toBe(indexed)
  })

  it('are tried one by one while they are few', () => {
    expect(RuleIndex.of(rulesOf(15, () => deny(403).if(str(path(), '/'))))).toBe(undefined)
  })
})

describe('rules that are looked up', () => {
  const words = fc.constantFrom('/a', '/b', '/a/b', '/A', 'a', 'b', '/ab', '/')
  const criteria = ['path', 'path_beg', 'path_end', 'path_sub', 'path -i', 'hdr(host)', 'src']
  const testOf = (criterion: string) =>
    criterion === 'src'
      ? fc.constantFrom('{ src 192.0.2.0/24 }', '{ src 192.0.2.1 10.0.0.1 }', '{ src 10.0.0.0/8 }')
      : fc.tuple(words, words).map(([one, other]) => `{ ${criterion} ${one} ${other} }`)
  const actions = fc.oneof(
    { weight: 4, arbitrary: fc.constant(() => setHeader('X-Ran', 'yes')) },
    { weight: 3, arbitrary: words.map(word => () => setPath(`/${word}`.replace('//', '/'))) },
    { weight: 1, arbitrary: words.map(word => () => setHeader('Host', word)) },
    { weight: 1, arbitrary: fc.constant(() => deny(403)) },
  )
  // Two or three kinds a list, so that there are enough of each.
  const rules = fc.subarray(criteria, { minLength: 2, maxLength: 3 }).chain(some => {
    const indexed = fc.oneof(...some.map(testOf))
    const other = fc.constantFrom('METH_POST', 'METH_GET', '!{ path /a }', '{ path,lower /a }')
    const tests = fc.oneof(
      { weight: 6, arbitrary: fc.array(indexed, { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.tuple(other, indexed) },
      { weight: 1, arbitrary: fc.constant([]) },
    )
    const negated = fc.integer({ max: 9, min: 0 }).map(number => number === 0)
    return fc.array(fc.tuple(actions, tests, negated), { minLength: 60, maxLength: 120 })
  })

  it('do as they would one by one', () => {
    const run = (given: Rule<RequestScope>[], scope: RequestScope, each: boolean) => {
      const ran: number[] = []
      const told = given.map(
        (rule, index) =>
          new Rule<RequestScope>(
            rule.text,
            rule.needs,
            seen => {
              ran.push(index)
              return rule.act(seen)
            },
            rule.places,
            rule.condition,
          ),
      )
      let verdict: Verdict | undefined
      if (each)
        for (let at = 0; at < told.length && verdict === undefined; at++) verdict = told[at]!.run(scope)
      else verdict = new RuleList('request', told).run(scope)
      return { ran, status: statusOf(verdict), uri: scope.request.uri, fields: scope.request.head.pairs() }
    }
    fc.assert(
      fc.property(rules, words, words, (made, target, host) => {
        const given = made.map(([action, tests, negated]) => {
          const rule = action() as RequestRule
          if (tests.length === 0) return rule
          const test = condition(tests.join(' '), 'request')
          return negated ? rule.unless(test) : rule.if(test)
        })
        fc.pre(RuleIndex.of(given) !== undefined)
        const scope = () => requestScope(target, ['Host', `${host}, b`, 'Host', '/ab'])
        expect(run(given, scope(), false)).toEqual(run(given, scope(), true))
      }),
      { numRuns: 200 },
    )
  })
})
