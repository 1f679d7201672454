import { describe, expect, it } from 'vitest'
import type { Condition } from '../condition.ts'
import { patternList } from '../patterns/pattern-list.ts'
import type { Sample, SampleType } from '../sample.ts'
import { fetch, fetchEach } from '../value.ts'
import * as match from './match.ts'

interface Given {
  readonly given: readonly Sample[]
}

/** A value that is whatever the scope has. */
const value = (type: SampleType = 'str') =>
  fetchEach(
    'given',
    type,
    'request',
    ({ given }: Given) => given.at(-1) as never,
    (scope, visit) => scope.given.some(each => visit(each as never, scope)),
  )
const passes = (condition: Condition<Given>, ...given: Sample[]) => condition.test({ given })
const passing = (condition: Condition<Given>, given: readonly Sample[]) =>
  given.filter(each => passes(condition, each))

describe('a value', () => {
  it('passes if any of its values does, and none passes where there is none', () => {
    const is = match.str(value(), ['b', 'c'])
    expect([passes(is), passes(is, 'a'), passes(is, 'a', 'b')]).toEqual([false, false, true])
    expect([passes(match.found(value())), passes(match.found(value()), '')]).toEqual([false, true])
  })

  it('is true where it is true, or a number but 0', () => {
    expect(passing(match.bool(value('bool')), [true, false, 0, 1, -1])).toEqual([true, 1, -1])
  })

  it('is compared as text with its beginning, its end, a part, or all of it', () => {
    const texts = ['/api', '/api/x', '/x/api', '/API', 'api']
    expect(passing(match.str(value(), '/api'), texts)).toEqual(['/api'])
    expect(passing(match.str(value(), ['/api', 'x']), texts)).toEqual(['/api'])
    expect(passing(match.beg(value(), ['/api', '/v2']), texts)).toEqual(['/api', '/api/x'])
    expect(passing(match.end(value(), 'api'), texts)).toEqual(['/api', '/x/api', 'api'])
    expect(passing(match.sub(value(), 'pi/'), texts)).toEqual(['/api/x'])
    expect(passing(match.str(value(), '/api', { ignoreCase: true }), texts)).toEqual(['/api', '/API'])
    expect(passing(match.beg(value(), '/aPi', { ignoreCase: true }), texts)).toEqual([
      '/api',
      '/api/x',
      '/API',
    ])
    expect(passing(match.reg(value(), ['^/api', 'x$']), texts)).toEqual(['/api', '/api/x'])
    expect(passing(match.reg(value(), '^/api$', { ignoreCase: true }), texts)).toEqual(['/api', '/API'])
    expect(passing(match.str(value('int'), '5'), [5, 6])).toEqual([5])
  })

  it('has a directory or a label in it: HAProxy’s own examples, as it matches them', () => {
    const path = '/images/png/logo/32x32.png'
    const parts = ['/images', '/images/png', 'images/png', '/png/logo', 'logo/32x32.png', '32x32.png', 'png']
    expect(parts.every(part => passes(match.dir(value(), part), path))).toBe(true)
    expect(['32x32', 'mage', '/'].some(part => passes(match.dir(value(), part), path))).toBe(false)
    const url = 'http://www1.dc-eu.example.com:80/blah'
    const labels = [
      'http',
      'www1',
      '.www1',
      'dc-eu',
      'example',
      'com',
      '80',
      'dc-eu.example',
      'blah',
      ':www1:',
      'example.com:80',
    ]
    expect(labels.every(label => passes(match.dom(value(), label), url))).toBe(true)
    expect(['eu', 'dc', '.'].some(label => passes(match.dom(value(), label), url))).toBe(false)
  })

  it('is compared as a number with numbers, ranges and comparisons', () => {
    const numbers = [-1, 0, 199, 200, 299, 300, 500]
    expect(passing(match.int(value('int'), [200, 300]), numbers)).toEqual([200, 300])
    expect(passing(match.int(value('int'), '200:299'), numbers)).toEqual([200, 299])
    expect(passing(match.int(value('int'), ':0'), numbers)).toEqual([-1, 0])
    expect(passing(match.int(value('int'), ['300:', 0]), numbers)).toEqual([0, 300, 500])
    expect(passing(match.int(value('int'), 'ge 300'), numbers)).toEqual([300, 500])
    expect(passing(match.int(value('int'), 'gt 300'), numbers)).toEqual([500])
    expect(passing(match.int(value('int'), 'le 0'), numbers)).toEqual([-1, 0])
    expect(passing(match.int(value('int'), 'lt 0'), numbers)).toEqual([-1])
    expect(passing(match.int(value('int'), 'eq 0'), numbers)).toEqual([0])
    expect(passing(match.int(value('int'), '3.1'), [196_609, 3])).toEqual([196_609])
    expect(passing(match.int(value('str'), 5), ['5', 'x', '+5'])).toEqual(['5', '+5'])
    expect(passing(match.int(value('bool'), 1), [true, false])).toEqual([true])
  })

  it('is compared by its length, and in hexadecimal digits', () => {
    expect(passing(match.len(value(), ['2:3']), ['a', 'ab', 'abc', 'abcd'])).toEqual(['ab', 'abc'])
    expect(passing(match.bin(value('bin'), '48656c6C6f0a'), ['Hello\n', 'Hello'])).toEqual(['Hello\n'])
  })

  it('says of itself what HAProxy’s configuration would', () => {
    expect(match.beg(value(), ['/a', 'b c'], { ignoreCase: true }).text).toBe('{ given -m beg -i /a "b c" }')
    expect(match.str(value(), 'a').text).toBe('{ given -m str a }')
    expect(match.str(value(), patternList({ name: 'x.lst' })).text).toBe('{ given -m str -f x.lst }')
    expect(match.int(value(), 5).text).toBe('{ given -m int 5 }')
    expect(match.bool(value()).needs).toBe('request')
  })

  it('is refused where a pattern or an option is none', () => {
    expect(() => match.int(value(), 'many')).toThrow('int pattern is "many"')
    expect(() => match.int(value(), '5:1')).toThrow('not above its second')
    expect(() => match.int(value(), ':')).toThrow('a range with an end')
    expect(() => match.int(value(), 'ge 1:2')).toThrow('without a comparison')
    expect(() => match.bin(value(), 'abc')).toThrow('an even number')
    expect(() => match.reg(value(), '(')).toThrow('a regular expression')
    expect(() => match.str(value(), [])).toThrow('one pattern, or more')
    expect(() => match.str(value(), [undefined as never])).toThrow('texts, or a patternList()')
    expect(() => match.str('path' as never, 'a')).toThrow('value is "path"')
    expect(() => match.str(value(), 'a', { ignorecase: true } as never)).toThrow('no option "ignorecase"')
  })

  it('of a connection can be tested in a request', () => {
    const port = fetch('src_port', 'int', 'connection', () => 80)
    expect(match.int(port, 80).needs).toBe('connection')
  })
})
