import { describe, expect, it } from 'vitest'
import { Rule, type Verdict } from './action.ts'
import { deny } from './actions/answers.ts'
import { accept, allow, reject } from './actions/ends.ts'
import { setHeader } from './actions/headers.ts'
import { setStatus } from './actions/status.ts'
import { setPath } from './actions/target.ts'
import { RuleList, ruleset } from './rule-list.ts'
import type { ContentScope, RequestScope } from './scope.ts'
import { requestScope } from './test-support.ts'

const noting = (notes: string[], note: string, verdict?: Verdict) =>
  new Rule<RequestScope>(note, 'request', () => {
    notes.push(note)
    return verdict
  })

describe('a list of rules', () => {
  it('is run to its end, or to the first verdict', () => {
    const notes: string[] = []
    const list = new RuleList('request', [
      noting(notes, 'a'),
      noting(notes, 'b', { kind: 'allow' }),
      noting(notes, 'c'),
    ])
    expect(list.run(requestScope('/'))).toEqual({ kind: 'allow' })
    expect(list.run(requestScope('/'), 2)).toBeUndefined()
    expect(notes).toEqual(['a', 'b', 'c'])
  })

  it('goes on after a wait with the rule behind it', () => {
    const notes: string[] = []
    const list = new RuleList('request', [
      noting(notes, 'a', { kind: 'wait', delayMs: 5 }),
      noting(notes, 'b'),
    ])
    const paused = list.run(requestScope('/'))
    expect(paused).toEqual({ kind: 'wait', delayMs: 5, next: 1 })
    expect(list.run(requestScope('/'), 1)).toBeUndefined()
    expect(notes).toEqual(['a', 'b'])
  })

  it('runs a rule again that could not tell from the bytes that had come', () => {
    const content = { bytes: Buffer.from('a'), complete: false, undecided: false }
    const scope = { ...requestScope('/'), content } satisfies ContentScope
    const list = new RuleList<ContentScope>('content', [
      new Rule('x', 'content', ({ content: seen }) => {
        if (seen.bytes.length > 1) return undefined
        seen.undecided = true
        return { kind: 'reject', silently: false }
      }),
      accept(),
    ])
    expect(list.run(scope)).toEqual({ kind: 'wait', more: true, next: 0 })
    content.bytes = Buffer.from('ab')
    expect(list.run(scope, 0)).toEqual({ kind: 'allow' })
    content.bytes = Buffer.from('a')
    content.complete = true
    expect(list.run(scope)).toEqual({ kind: 'reject', silently: false })
  })
})

describe('a set of rules', () => {
  it('has a list for each place that has rules', () => {
    const rules = ruleset({ connection: [reject()], request: [setHeader('X', '1'), allow()], response: [] })
    expect(rules.connection?.rules).toHaveLength(1)
    expect(rules.request?.rules.map(({ text }) => text)).toEqual(['set-header X 1', 'allow'])
    expect([rules.content, rules.response, rules.afterResponse]).toEqual([undefined, undefined, undefined])
  })

  it('refuses a rule that asks for what is not known, or has no business there', () => {
    expect(() => ruleset({ request: [setStatus(200) as never] })).toThrow('request[0] is "set-status 200"')
    expect(() => ruleset({ connection: [allow(), setHeader('X', '1') as never] })).toThrow('connection[1]')
    expect(() => ruleset({ response: [setPath('/')] })).toThrow(
      'a rule for this list; this is one for request',
    )
    expect(() => ruleset({ afterResponse: [deny()] })).toThrow('this is one for request, response')
    expect(() => ruleset({ request: [{} as never] })).toThrow('request[0] is an object')
    expect(() => ruleset({ request: 'x' as never })).toThrow('request is "x"')
    expect(() => ruleset({ requests: [] } as never)).toThrow('ruleset has no option "requests"')
  })
})
