import { describe, expect, it } from 'vitest'
import { expression } from '../expression/expression.ts'
import { requestScope } from '../test-support.ts'

describe('a target', () => {
  it.each([
    ['path', 'a+b-c.1://h/p?q', '/p'],
    ['pathq', 'http://h/p?q', '/p?q'],
    ['path', 'http://h?q', ''],
    ['path', 'http://h', undefined],
    ['path', 'h:80', undefined],
    ['path', 'h_x://a/b', undefined],
    ['path', '*', undefined],
    ['path', '', undefined],
    ['path', '1http://h/', undefined],
  ])('has as %s of %s: %j', (text, target, value) => {
    expect(expression(text, 'request').read(requestScope(target))).toBe(value)
  })
  it('has scheme and authority as they came, and what rules have made of the rest', () => {
    const url = (target: string, uri: string) =>
      expression('url', 'request').read(requestScope(uri, [], { target }))
    expect(url('http://h/a', '/b')).toBe('http://h/b')
    expect(url('/a', '/b')).toBe('/b')
    expect(url('*', '*')).toBe('*')
    expect(url('h:80', 'h:80')).toBe('h:80')
  })
  it('may name an address and a port', () => {
    const read = (text: string, target: string) =>
      expression(text, 'request').read(requestScope('/', [], { target }))
    expect([read('url_ip', 'http://1.2.3.4/'), read('url_port', 'http://1.2.3.4/')]).toEqual(['1.2.3.4', 80])
    expect([read('url_ip', 'https://1.2.3.4:81/'), read('url_port', 'https://1.2.3.4:81/')]).toEqual([
      '1.2.3.4',
      81,
    ])
    expect(read('url_port', 'https://1.2.3.4')).toBe(443)
    expect(read('url_port', 'http://name/')).toBeUndefined()
  })
})
