import { describe, expect, test } from 'vitest'
import { encodeDate } from './cookie-date.ts'
import { rewriteCookie } from './rewrite-cookie.ts'
import { requestWith, seenLines } from './test-support.ts'

const values = { app1: 's1', app2: 's2' }
const SECRET = 'a secret of some length'

describe('a cookie that the application sets', () => {
  const affinity = rewriteCookie({ name: 'SRV', values })

  test('gets the name of the server for its value, and nothing else of the response changes', () => {
    expect(seenLines(affinity, undefined, 'app2', 'a=1', 'SRV=old; Path=/; Max-Age=60', 'b=2')).toEqual([
      'a=1',
      'SRV=s2; Path=/; Max-Age=60',
      'b=2',
    ])
    expect(seenLines(affinity, 'SRV=s2', 'app2', 'SRV=; Max-Age=0')).toEqual(['SRV=s2; Max-Age=0'])
    expect(seenLines(affinity, undefined, 'app2', 'SRV = x , y ; Path=/')).toEqual(['SRV=s2 ; Path=/'])
  })

  test('is not added where the application sets none, and not hidden from it', () => {
    expect(affinity.bind(requestWith(), 'app1', undefined)).toBeUndefined()
    expect(seenLines(affinity, undefined, 'app1', 'a=1')).toEqual(['a=1'])
    expect(affinity.conceal).toBeUndefined()
  })

  test('is left alone by a server that has no name', () => {
    expect(seenLines(affinity, undefined, 'spare', 'SRV=mine')).toEqual(['SRV=mine'])
  })

  test('brings its client back, to the first of several that can be used', () => {
    const request = requestWith('x=1; SRV=s1; SRV=s2')
    expect(affinity.find(request)).toBe('app1')
    expect(affinity.find(request, id => id === 'app2')).toBe('app2')
    expect(affinity.find(request, () => false)).toBeUndefined()
  })
})

test('a signed value brings its client back, and a plain one does not', () => {
  const affinity = rewriteCookie({ name: 'SRV', values, signing: { secrets: [SECRET] } })
  const [line = ''] = seenLines(affinity, undefined, 'app1', 'SRV=x; Path=/')
  expect(line).toMatch(/^SRV=s1\.[\w-]{22}; Path=\/$/)
  expect(affinity.find(requestWith(line.split(';')[0]))).toBe('app1')
  expect(affinity.find(requestWith('SRV=s1'))).toBeUndefined()
})

test('an encrypted value brings its client back, and is another one each time', () => {
  const affinity = rewriteCookie({ name: 'SRV', encryption: { secrets: [SECRET] } })
  const lines = ['app1', 'app1'].map(id => seenLines(affinity, undefined, id, 'SRV=x')[0] as string)
  expect(new Set(lines).size).toBe(2)
  for (const line of lines) expect(affinity.find(requestWith(line))).toBe('app1')
})

test('dates that another mode has written are held to the limits', () => {
  const affinity = rewriteCookie({ name: 'SRV', values, maxIdleMs: 60_000, now: () => 1_700_000_000_000 })
  expect(affinity.find(requestWith(`SRV=s1|${encodeDate(1_700_000_000 - 60)}`))).toBe('app1')
  expect(affinity.find(requestWith(`SRV=s1|${encodeDate(1_700_000_000 - 64)}`))).toBeUndefined()
})

describe('an option is refused', () => {
  test.each([
    [{ name: 'SRV', indirect: true }, 'rewriteCookie has no option "indirect"'],
    [{ name: 'a b' }, 'name is "a b"'],
    [{ name: 'SRV', dynamic: 'key' }, 'dynamic is "key"; allowed is an object with key'],
    [{ name: 'SRV', dynamic: { key: '' } }, 'dynamic.key is 0 bytes long'],
    [{ name: 'SRV', dynamic: { secret: 'x' } }, 'dynamic has no option "secret"'],
    [{ name: 'SRV', encryption: {} }, 'encryption.secrets is not such a list'],
    [
      { name: 'SRV', signing: { secrets: [SECRET] }, encryption: { secrets: [SECRET] } },
      'signing is an object; allowed is none beside encryption',
    ],
    [{ name: 'SRV', maxIdleMs: 1 }, 'maxIdleMs is 1'],
  ])('%j', (options, message) => {
    expect(() => rewriteCookie(options as never)).toThrow(message)
    expect(() => rewriteCookie(options as never)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
    )
  })
})
