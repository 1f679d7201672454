import { expect, test } from 'vitest'
import { Rule } from './action.ts'
import { all, any, not } from './condition.ts'
import type { ConnectionScope, RequestScope, ResponseScope } from './scope.ts'
import { isKnownAt, laterStage } from './stage.ts'
import { fetch, fetchEach, type Value } from './value.ts'

const port = fetch('src_port', 'int', 'connection', ({ connection }: ConnectionScope) => connection.peerPort)
const status = fetch('status', 'int', 'response', ({ response }: ResponseScope) => response.status)
const names = fetchEach(
  'req.hdr(x)',
  'str',
  'request',
  ({ request }: RequestScope) => request.head.last('x'),
  (scope, visit) => scope.request.head.all('x').some(value => visit(value, scope)),
)

const from = (peerPort: number) => ({ connection: { peerPort } }) as ConnectionScope

test('a value of a connection can be asked for in a request, and one of a response cannot', () => {
  const ofRequest: Value<number, RequestScope> = port
  // @ts-expect-error a request's rules know no status
  const wrong: Value<number, RequestScope> = status
  expect([ofRequest.needs, wrong.needs]).toEqual(['connection', 'response'])
})

test('a test of a value with several is true if one of them passes', () => {
  const is = names.testing(value => value === 'b')
  const scope = (...values: string[]) =>
    ({ request: { head: { all: () => values } } }) as unknown as RequestScope
  expect([is(scope()), is(scope('a')), is(scope('a', 'b'))]).toEqual([false, false, true])
})

test('conditions are joined by all, any and not', () => {
  const low = { text: 'low', needs: 'connection' as const, test: port.testing(value => value < 1024) }
  const odd = { text: 'odd', needs: 'connection' as const, test: port.testing(value => value % 2 === 1) }
  const results = (condition: { test(scope: ConnectionScope): boolean }) =>
    [1, 2, 2001, 2002].map(value => condition.test(from(value)))
  expect(results(all(low, odd))).toEqual([true, false, false, false])
  expect(results(any(low, odd))).toEqual([true, true, true, false])
  expect(results(not(low))).toEqual([false, false, true, true])
  expect(results(all())).toEqual([true, true, true, true])
  expect(results(any())).toEqual([false, false, false, false])
})

test('a rule runs if, and unless, its condition is true', () => {
  const reject = new Rule<ConnectionScope>('reject', 'connection', () => ({
    kind: 'reject',
    silently: false,
  }))
  const low = { text: 'low', needs: 'connection' as const, test: port.testing(value => value < 1024) }
  expect(reject.if(low).run(from(80))?.kind).toBe('reject')
  expect(reject.if(low).run(from(8080))).toBeUndefined()
  expect(reject.unless(low).run(from(80))).toBeUndefined()
  expect(reject.unless(low).text).toBe('reject unless low')
})

test('what needs a request and what needs bytes of layer 4 cannot be asked for together', () => {
  expect(laterStage('if', 'connection', 'request')).toBe('request')
  expect(laterStage('if', 'response', 'request')).toBe('response')
  expect(isKnownAt('content', 'log')).toBe(true)
  expect(() => laterStage('if', 'content', 'request')).toThrow('if is "both content and request"')
})
