import { describe, expect, it } from 'vitest'
import { expression } from '../expression/expression.ts'
import type { Sample } from '../sample.ts'
import { requestScope } from '../test-support.ts'

describe('a JSON text', () => {
  const query = (path: string, json: string, type = '') => {
    const scope = requestScope('/', [], { body: Buffer.from(json, 'latin1') })
    return expression(`req.body,json_query('${path}'${type})`, 'request').read(scope)
  }
  it.each<[string, string, Sample | undefined]>([
    ['$.a', '{"a":"x"}', 'x'],
    ['$.a.b', '{"z":{"a":{}},"a":{"b":1}}', '1'],
    ['$.l[2]', '{"l":[{"x":["]"]}, 2, "three"]}', 'three'],
    ['$.l[3]', '{"l":[1,2,3]}', undefined],
    ['$.l[0]', '{"l":[]}', undefined],
    ['$.l[0]', '{"l":{}}', undefined],
    ['$.a', '[1]', undefined],
    ['$.a', '{"a"}', undefined],
    ['$.a', '{"a":"x', undefined],
    ['$.b', '{"a":[1,', undefined],
    ['$.b', '{"a', undefined],
    ['$.b', '{"a":["', undefined],
    ['$.b', '{"a":}', undefined],
    ['$.a', '{"a":nil}', undefined],
    ['$.a', '{"a":"\\u00e9\\ud83d\\ude00"}', '\u00c3\u00a9\u00f0\u009f\u0098\u0080'],
    ['$.a', '{"a":"\\x"}', undefined],
    ['$', '[1, 2]', '[1, 2]'],
    ['$', '', undefined],
    ['$.a', '{"a":1.25e-7}', '1.25e-07'],
    ['$.a', '{"a":0}', '0'],
    ['$.a', '{"a":1e21}', '1e+21'],
  ])('has at %s of %s: %j', (path, json, value) => {
    expect(query(path, json)).toBe(value)
  })
  it('of a million brackets costs time alone', () => {
    expect(query('$.b', `{"a":${'['.repeat(500_000)}${']'.repeat(500_000)},"b":"end"}`)).toBe('end')
  })
  it('may be asked for whole numbers', () => {
    expect(query('$.a', '{"a":-12.9}', ",'int'")).toBe(-12)
    expect(query('$.a', '{"a":99999999999999999999}', ",'int'")).toBeUndefined()
  })
})
