import { describe, expect, it } from 'vitest'
import { expression } from '../expression/expression.ts'
import { match } from '../index.ts'
import { requestScope } from '../test-support.ts'
import * as req from './req.ts'

const scope = requestScope('/', [
  'Host',
  'a.test',
  'X-List',
  'one, "two, three" ,',
  'X-List',
  'four',
  'X-For',
  '192.0.2.1:80, [2001:db8::1], nobody',
  'X-For',
  '192.0.2.2:x',
  'X-For',
  '192.0.2.3:70000',
  'X-Number',
  '12ab',
])

describe('fields', () => {
  it.each([
    ['req.hdr(x-list)', 'four'],
    ['req.hdr(x-list,1)', 'one'],
    ['req.hdr(x-list,2)', '"two, three"'],
    ['req.hdr(x-list,3)', ''],
    ['req.hdr(x-list,4)', 'four'],
    ['req.hdr(x-list,5)', undefined],
    ['req.hdr(x-list,-1)', 'four'],
    ['req.hdr(x-list,-3)', '"two, three"'],
    ['req.hdr(x-list,-5)', undefined],
    ['req.hdr(none)', undefined],
    ['req.fhdr(x-list)', 'four'],
    ['req.fhdr(x-list,1)', 'one, "two, three" ,'],
    ['req.fhdr(x-list,-1)', 'four'],
    ['req.fhdr(x-list,3)', undefined],
    ['req.hdr_cnt(x-list)', 4],
    ['req.hdr_cnt', 11],
    ['req.fhdr_cnt(x-list)', 2],
    ['req.fhdr_cnt', 7],
    ['req.hdr_val(x-number)', 12],
    ['req.hdr_val(none)', undefined],
    ['req.hdr_ip(x-for,1)', '192.0.2.1'],
    ['req.hdr_ip(x-for,2)', '2001:db8::1'],
    ['req.hdr_ip(x-for,3)', undefined],
    ['req.hdr_ip(x-for,4)', undefined],
    ['req.hdr_ip(x-for,5)', undefined],
    ['req.hdr_ip(none)', undefined],
    ['req.hdr_names', 'host,x-list,x-list,x-for,x-for,x-for,x-number'],
    ['req.hdr_names(;)', 'host;x-list;x-list;x-for;x-for;x-for;x-number'],
  ])('%s is %j', (text, expected) => {
    expect(expression(text, 'request').read(scope)).toBe(expected)
  })

  it('are tried each in a test', () => {
    expect(match.str(req.hdr('x-list'), 'one').test(scope)).toBe(true)
    expect(match.str(req.fhdr('x-list'), 'one').test(scope)).toBe(false)
    expect(match.int(req.hdrVal('x-number'), 12).test(scope)).toBe(true)
    expect(match.ip(req.hdrIp('x-for'), '2001:db8::/32').test(scope)).toBe(true)
    expect(match.ip(req.hdrIp('x-for'), '10.0.0.0/8').test(scope)).toBe(false)
  })

  it('have a name, and an occurrence that is not too far back', () => {
    expect(() => req.hdr('a,b')).toThrow('the name of a field')
    expect(() => req.hdr('a', -11)).toThrow('occurrence')
  })
})
