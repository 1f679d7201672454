import { describe, expect, it, test } from 'vitest'
import { lower } from '../converters/letters.ts'
import { field } from '../converters/parts.ts'
import * as req from '../fetches/req.ts'
import { path } from '../fetches/request-line.ts'
import { pipe } from '../pipe.ts'
import type { RequestScope, ResponseScope } from '../scope.ts'
import { requestScope, responseScope } from '../test-support.ts'
import type { Value } from '../value.ts'
import { expression, expressionAt } from './expression.ts'

const scope = requestScope('/One/two?x', ['Host', 'WWW.example:80', 'X', 'a, b', 'x', 'C'])

test('a value goes through converters, and its type is the last one’s', () => {
  const host: Value<string, RequestScope> = pipe(req.hdr('host'), lower(), field(1, ':'))
  expect([host.text, host.type, host.needs]).toEqual(['req.hdr(host),lower,field(1,:)', 'str', 'request'])
  expect(host.read(scope)).toBe('www.example')
  // @ts-expect-error a connection's rules know no head
  const wrong: Value<string, import('../scope.ts').ConnectionScope> = host
  expect(wrong).toBe(host)
})

test('each of several values goes through the converters and is tried', () => {
  const lowered = pipe(req.hdr('x'), lower())
  const is = (wanted: string) => lowered.testing(value => value === wanted)(scope)
  expect(['a', 'b', 'c', 'C'].map(is)).toEqual([true, true, true, false])
  expect(lowered.read(scope)).toBe('c')
  const second = pipe(path(), field(9, '/')).testing(() => true)
  expect(second(scope)).toBe(false)
})

test('between two that do not agree, a cast is put in', () => {
  expect(pipe(req.hdrCnt('x'), lower()).read(scope)).toBe('3')
  expect(pipe(req.hdrIp('host'), lower()).read(scope)).toBeUndefined()
})

describe('an expression', () => {
  const read = (text: string) => expression(text, 'request').read(scope)
  it.each([
    ['path', '/One/two'],
    ['path,lower', '/one/two'],
    ['req.hdr(x)', 'C'],
    ['req.hdr(x,1)', 'a'],
    ['req.hdr( x)', undefined],
    ['req.hdr("x",1),upper', 'A'],
    ["path,field(2,'/')", 'One'],
    ['path,field(2,/,0)', 'One/two'],
    ['path,field(2,/,)', 'One'],
    ['hdr_cnt(x),lower', '3'],
    ['query', 'x'],
    ['query(with_qm)', '?x'],
    ['path,field(1,"\\t\\n\\r\\ \\"\\\'\\\\\\x/")', ''],
    ["path,field(2,'\\/')", 'One'],
    ['path,word(1,"),")', '/One/two'],
  ])('%s is read', (text, value) => {
    expect(read(text)).toBe(value)
  })

  it.each([
    ['', 'at character 1; allowed is the name of a fetch; "" is none'],
    ['pth', 'at character 1; allowed is the name of a fetch; "pth" is none'],
    ['path,', 'at character 6; allowed is the name of a converter; "" is none'],
    ['path,,lower', 'at character 6; allowed is the name of a converter'],
    ['path lower', 'at character 5; allowed is a comma and a converter, or the end'],
    ['path,field(2', 'at character 11; allowed is a closing parenthesis for the one that opens here'],
    ['path,field("2)', 'at character 11; allowed is a closing parenthesis'],
    ['path,field(2)', 'at character 6: argument 2 of field is undefined; allowed is an argument here'],
    ['path,field(x,/)', 'at character 6: argument 1 of field is "x"; allowed is a whole number'],
    ['path,field(0,/)', 'at character 6: field index is 0; allowed is from 1 on, or from -1 back'],
    ['path,field(1,)', 'at character 6: field delimiters is ""'],
    ['path,field(1,/,1,2)', 'at character 6: argument 4 of field is "2"; allowed is at most 3 arguments'],
    ['path,lower(1)', 'at character 6: argument 1 of lower is "1"; allowed is no argument'],
    ['req.hdr(x,-11)', 'at character 1: req.hdr occurrence is -11'],
    ['res.hdr(x)', 'at character 1; allowed is what is known at the stage request: res.hdr(x) is not'],
    ['query(all)', 'argument 1 of query is "all"; allowed is with_qm'],
    ['req.hdrs_bin,field(1,/)', undefined],
  ])('%j is refused, and the place named', (text, message) => {
    if (message === undefined) expect(read(text)).toBeDefined()
    else {
      expect(() => read(text)).toThrow(message)
      expect(() => read(text)).toThrow(
        expect.objectContaining({ code: 'EVENER_INVALID_OPTION', field: 'expression' }),
      )
    }
  })

  it('may be a part of a text', () => {
    const { value, end } = expressionAt('%[path,field(2,/)]!', 2, 'request')
    expect([value.read(scope), end]).toEqual(['One', 17])
  })

  it('takes hdr from the side whose rules ask', () => {
    const response: Value<unknown & string, ResponseScope> = expression('hdr(x)', 'response') as never
    expect(response.read(responseScope(200, ['X', 'of the response']))).toBe('of the response')
    expect(expression('cookie(a)', 'request').text).toBe('req.cook(a)')
  })
})
