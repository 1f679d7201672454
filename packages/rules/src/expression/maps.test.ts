/** HAProxy's converters `map…` in its own text, on files as it reads them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { acl } from '../conditions/acl.ts'
import { template } from '../log-format/template.ts'
import { patternList } from '../patterns/pattern-list.ts'
import { requestScope } from '../test-support.ts'
import { expression } from './expression.ts'

const folder = mkdtempSync(join(tmpdir(), 'evener-maps-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, ...lines: string[]) => {
  const path = join(folder, name)
  writeFileSync(path, `# what goes where\n${lines.join('\n')}\n`)
  return path
}

const paths = file('paths', '/api  api-servers', '/api/v2 newer', '\t/count 7', '/host 192.0.2.9')
const hosts = file('hosts', 'www.example shop', 'example apex')
const endings = file('endings', '.png image', '.css style')
const networks = file('networks', '192.0.2.0/24 office', '192.0.2.1 desk', '2001:db8::/32 lab')
const ports = file('ports', '4711 cologne', '1:1023 system')
const groups = file('groups', '^/u/([a-z]+)/(\\d+) /users?name=\\1&at=\\2')

const scope = requestScope('/api/v1/logo.png?x', ['Host', 'www.example'])

test.each([
  [`req.hdr(host),map(${hosts})`, 'shop'],
  [`req.hdr(host),map_str(${hosts},none)`, 'shop'],
  [`str(other),map(${hosts},none)`, 'none'],
  [`str(other),map(${hosts})`, undefined],
  [`path,map_beg(${paths})`, 'api-servers'],
  [`str(/api/v2/x),map_beg(${paths})`, 'newer'],
  [`path,map_beg_key(${paths})`, '/api'],
  [`str(/count),map_beg_int(${paths}),add(1)`, 8],
  [`path,map_beg_int(${paths},3)`, undefined],
  [`str(/none),map_beg_int(${paths},3)`, 3],
  [`str(/host),map_str_ip(${paths}),ipmask(24)`, '192.0.2.0'],
  [`path,map_end(${endings})`, 'image'],
  [`path,map_sub(${endings})`, 'image'],
  [`str(/a/api/b),map_dir(${file('dirs', 'api yes')})`, 'yes'],
  [`str(www.example),map_dom(${hosts})`, 'shop'],
  [`src,map_ip(${networks})`, 'desk'],
  [`str(192.0.2.7),map_ip(${networks},else)`, 'office'],
  [`str(198.51.100.1),map_ip(${networks},else)`, 'else'],
  [`src_port,map_int(${ports})`, 'cologne'],
  [`int(80),map_int(${ports})`, 'system'],
  [`path,map_reg(${file('regular', '\\.png$ image')})`, 'image'],
  [`str(/u/ada/12),map_regm(${groups})`, '/users?name=ada&at=12'],
])('%s is %s', (text, value) => {
  expect(expression(text, 'request').read(scope)).toBe(value)
})

test('a map in a template, and in a condition', () => {
  expect(template(`to=%[path,map_beg(${paths},-)]`, 'request').read(scope)).toBe('to=api-servers')
  expect(acl(`path,map_beg(${paths}) -m str api-servers`, 'request').test(scope)).toBe(true)
  expect(acl(`path,map_beg(${paths}) newer`, 'request').test(scope)).toBe(false)
})

test('lists that were given are looked up as they are now', () => {
  const list = patternList({ entries: { '/api': 'one' } })
  const value = expression('path,map_beg(routes)', 'request', {
    list: (name, isMap) => (name === 'routes' && isMap ? list : undefined),
  })
  expect(value.read(scope)).toBe('one')
  list.set('/api', 'two')
  expect(value.read(scope)).toBe('two')
})

test.each([
  ['path,map', 'argument 1 of map is undefined'],
  ['path,map_beg(/no/such/file)', 'a file that can be read'],
  [`path,map_beg_int(${paths},x)`, 'default is "x"'],
  [`path,map_beg(${paths},a,b)`, 'at most 2 arguments'],
  [`src,map_ip(${hosts})`, 'ip pattern is "www.example"'],
])('%s is refused', (text, message) => {
  expect(() => expression(text, 'request')).toThrow(message)
})
