import { describe, expect, it } from 'vitest'
import { expression } from '../expression/expression.ts'
import type { Sample } from '../sample.ts'
import type { RequestScope } from '../scope.ts'
import { requestScope, responseScope } from '../test-support.ts'
import * as req from './req.ts'

describe('each of several values is tried', () => {
  const several: RequestScope = requestScope(
    '/?a=1&a=2;A=3',
    ['Cookie', 'a=1; a=2', 'Cookie', 'b=3, a=4', 'X', '5, 6', 'X', '7'],
    {
      body: Buffer.from('a=8&a=9'),
    },
  )
  it.each<[string, Sample[]]>([
    ['req.cook(a)', ['1', '2', '4']],
    ['req.cook', ['1', '2', '3', '4']],
    ['req.cook_val(a)', [1, 2, 4]],
    ['req.hdr(x)', ['5', '6', '7']],
    ['req.hdr(x,1)', ['5']],
    ['req.fhdr(x)', ['5, 6', '7']],
    ['req.hdr_val(x)', [5, 6, 7]],
    ['urlp(a)', ['1', '2']],
    ['urlp(a,?,i)', ['1', '2', '3']],
    ['urlp()', ['1', '2', '3']],
    ['urlp_val(a)', [1, 2]],
    ['req.body_param(a)', ['8', '9']],
    ['req.body_param(b)', []],
    ['req.cook(none)', []],
    ['req.hdr_ip(x)', []],
  ])('of %s', (text, values) => {
    const seen: Sample[] = []
    const walk = expression(text, 'request').testing(value => {
      seen.push(value)
      // What looks for cookies meanwhile does not lose the place.
      req.cook('b').read(several)
      return false
    })
    expect(walk(several)).toBe(false)
    expect(seen).toEqual(values)
    const [first] = values
    expect(expression(text, 'request').testing(value => value === first)(several)).toBe(values.length > 0)
  })
})

describe('names of cookies', () => {
  it.each<[string, string[], string]>([
    ['req.cook_names', ['Cookie', 'a=1; b = 2, c=3', 'Cookie', '$v=1; d=4; e'], 'a,b,c,d'],
    ['req.cook_names(-)', ['Cookie', 'a=1; b=2'], 'a-b'],
    ['req.cook_names', [], ''],
  ])('by %s of %j are %s', (text, headers, value) => {
    expect(expression(text, 'request').read(requestScope('/', headers))).toBe(value)
  })
  it.each<[string, string[], string]>([
    ['res.cook_names', ['Set-Cookie', 'a=1; Path=/', 'Set-Cookie', 'b=2; Expires=Wed, 21 Oct 2015'], 'a,b'],
    ['res.cook_names(+)', ['Set-Cookie', 'a', 'Set-Cookie', 'b=2', 'Set-Cookie', 'c=3'], 'b+c'],
  ])('by %s of %j are %s', (text, headers, value) => {
    expect(expression(text, 'response').read(responseScope(200, headers))).toBe(value)
  })
})
