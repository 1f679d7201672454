import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { patternList } from '../patterns/pattern-list.ts'
import { requestScope, responseScope } from '../test-support.ts'
import { acl, condition } from './acl.ts'

const folder = mkdtempSync(join(tmpdir(), 'evener-acl-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'paths'), '/from-file\n/other\n')
writeFileSync(join(folder, 'map'), '/mapped a value\n')

const scope = requestScope('/Api/v1/x.png?a=b', [
  'Host',
  'www.Example.com:80',
  'X',
  'one, two',
  'Content-Length',
  '5',
])

describe('a test as text', () => {
  it.each([
    ['path /Api/v1/x.png', true],
    ['path /api', false],
    ['path_beg /api /Api', true],
    ['path_beg -i /api', true],
    ['path -m beg -i /api', true],
    ['path_end .jpg .png', true],
    ['path_dir v1', true],
    ['path_sub pi/', true],
    ['path_reg -i ^/api/v[0-9]+/', true],
    ['path_reg \\.png$', true],
    ['path_len 13', true],
    ['hdr_dom(host) -i example.com', true],
    ['hdr(host),lower -m end .com:80', true],
    ['hdr_beg(host),lower www.example.com:80', true],
    ['req.hdr(x) two', true],
    ['req.hdr_cnt(x) ge 2', true],
    ['req.hdr_cnt(x) gt 2', false],
    ['req.hdr_cnt(x) 1:3', true],
    ['req.hdr(none) -m found', false],
    ['req.hdr(x) -m found', true],
    ['src 192.0.2.0/24', true],
    ['src 10.0/8 192.0.2.1', true],
    ['src_port lt 1024', false],
    ['path -- -i', false],
    ['path -f FOLDER/paths', false],
    ['path -i -m str -f FOLDER/paths /api/v1/X.png', true],
    ['path -M -f FOLDER/map', false],
    ['path -u 5 -n /Api/v1/x.png', true],
    ['path "/Api/v1/x.png"', true],
    ["path '/Api/v1/x.png'", true],
    ['path \\x2fApi/v1/x.png', true],
    ['path', false],
    ['src_port -m bool', true],
  ])('%s is %s', (text, result) => {
    expect(acl(text.replace('FOLDER', folder), 'request').test(scope)).toBe(result)
  })

  it('takes lists of whoever compiles it', () => {
    const list = patternList({ name: 'paths', entries: ['/Api'] })
    const test = acl('path_beg -f paths', 'request', { names: { list: () => list } })
    expect(test.test(scope)).toBe(true)
    list.clear()
    expect(test.test(scope)).toBe(false)
  })

  it.each([
    ['', 'a criterion'],
    ['pth /', 'is none'],
    ['path -m same /', '-m is "same"'],
    ['path -m', '-m is undefined'],
    ['path -f', 'a file behind it'],
    ['path -m found x', 'no pattern for found'],
    ['path "open', 'a closing "'],
    ['src nowhere', 'ip pattern is "nowhere"'],
    ['res.hdr(x) a', 'what is known at the stage request'],
    ['req.hdrs_bin x', 'a criterion with -m and a method'],
  ])('%j is refused', (text, message) => {
    expect(() => acl(text, 'request')).toThrow(message)
  })
})

describe('a condition as text', () => {
  const acls = { api: acl('path_beg -i /api', 'request'), local: acl('src 127.0.0.1', 'request') }
  it.each([
    ['api', true],
    ['!api', false],
    ['! api', false],
    ['!!api', true],
    ['api local', false],
    ['api !local', true],
    ['local or api', true],
    ['local || api METH_GET', true],
    ['local || api METH_POST', false],
    ['{ path_beg /Api } { path_end .png }', true],
    ['METH_POST or !{ path_beg /nope }', true],
    ['HTTP !FALSE', true],
    ['HTTP_1.1', true],
    ['HTTP_CONTENT', true],
    ['HTTP_URL_SLASH !HTTP_URL_ABS', true],
    ['HTTP_URL_STAR', false],
    ['LOCALHOST', false],
  ])('%s is %s', (text, result) => {
    expect(condition(text, 'request', { acls }).test(scope)).toBe(result)
  })

  it.each([
    ['', 'names of conditions'],
    ['api or', 'names of conditions'],
    ['other', 'condition is "other"; allowed is the name of a condition'],
    ['{ path /', 'a closing }'],
    ['toString', 'the name of a condition'],
  ])('%j is refused', (text, message) => {
    expect(() => condition(text, 'request', { acls })).toThrow(message)
  })

  it('of a response may ask for what is known of the request', () => {
    const both = condition('{ res.hdr(x) 5 } METH_GET', 'response')
    expect([both.test(responseScope(200, ['X', '5'])), both.test(responseScope(200))]).toEqual([true, false])
  })
})
