import { describe, expect, it } from 'vitest'
import { path, src } from '../index.ts'
import { pipe } from '../pipe.ts'
import { requestScope } from '../test-support.ts'
import { map } from './map.ts'
import { patternList } from './pattern-list.ts'

const at = (uri: string) => requestScope(uri)

describe('a map', () => {
  it('turns a value into what stands beside the pattern', () => {
    const mapped = pipe(path(), map({ '/a': '1', '/b': '2' }))
    expect([mapped.read(at('/b')), mapped.read(at('/c')), mapped.text]).toEqual([
      '2',
      undefined,
      'path,map(map)',
    ])
  })

  it('takes the longest beginning and else the first that matches', () => {
    const paths = { '/': 'root', '/api': 'api', '/api/v2': 'v2' }
    expect(pipe(path(), map(paths, { match: 'beg' })).read(at('/api/v2/x'))).toBe('v2')
    expect(pipe(path(), map({ '.gz': 'gz', 'r.gz': 'tar' }, { match: 'end' })).read(at('/x.tar.gz'))).toBe(
      'gz',
    )
    expect(pipe(path(), map({ '/API': 'a' }, { match: 'beg', ignoreCase: true })).read(at('/api'))).toBe('a')
    expect(
      pipe(src(), map({ '192.0.0.0/8': 'wide', '192.0.2.0/24': 'near' }, { match: 'ip' })).read(at('/')),
    ).toBe('near')
    expect(pipe(path(), map({ '2:3': 'short' }, { match: 'len' })).read(at('/a'))).toBe('short')
  })

  it('writes what groups matched', () => {
    const mapped = pipe(path(), map({ '^/u/([^/]*)/(.*)': '\\2 of \\1' }, { match: 'regm' }))
    expect([mapped.read(at('/u/me/x')), mapped.read(at('/u/you/y')), mapped.read(at('/'))]).toEqual([
      'x of me',
      'y of you',
      undefined,
    ])
  })

  it('gives numbers and addresses, and a default', () => {
    const list = patternList({ entries: { '/a': '5', '/b': 'many', '/c': '2001:DB8::1' } })
    const number = pipe(path(), map(list, { gives: 'int', default: 0 }))
    expect(['/a', '/b', '/d'].map(uri => number.read(at(uri)))).toEqual([5, undefined, 0])
    expect(number.text).toBe('path,map_str_int(list,0)')
    expect(pipe(path(), map(list, { gives: 'addr' })).read(at('/c'))).toBe('2001:db8::1')
    list.set('/a', '6')
    expect(number.read(at('/a'))).toBe(6)
  })

  it('is refused where it is none', () => {
    expect(() => map(patternList({ entries: ['/a'] }))).toThrow('a list with values')
    expect(() => map({}, { match: 'near' as never })).toThrow('match is "near"')
    expect(() => map({}, { gives: 'bool' as never })).toThrow('gives is "bool"')
    expect(() => map({}, { gives: 'int', default: 'x' })).toThrow('default is "x"')
  })
})
