import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prefixCookie } from './prefix-cookie.ts'
import { requestWith, seenLines } from './test-support.ts'

const name = 'JSESSIONID'
const values = { app1: 's1', app2: 's2' }
const SECRET = 'a secret of some length'

/** What the server sees of a client's cookies. */
function seenCookie(affinity: ReturnType<typeof prefixCookie>, cookie: string): string {
  return affinity.conceal?.(requestWith(cookie))?.set?.[0]?.[1] ?? cookie
}

describe('the cookie of an application', () => {
  const affinity = prefixCookie({ name, values })

  test('gets the name of its server in front, and loses it on the way back', () => {
    const [line = ''] = seenLines(affinity, undefined, 'app1', `${name}=A1B2; Path=/; HttpOnly`)
    expect(line).toBe(`${name}=s1~A1B2; Path=/; HttpOnly`)
    const cookie = `theme=dark; ${line.split(';')[0]}; lang=en`
    expect(affinity.find(requestWith(cookie))).toBe('app1')
    expect(seenCookie(affinity, cookie)).toBe(`theme=dark; ${name}=A1B2; lang=en`)
  })

  test('is changed in every response, so that the application can renew it', () => {
    expect(seenLines(affinity, `${name}=s1~old`, 'app1', `${name}=new`)).toEqual([`${name}=s1~new`])
    expect(seenLines(affinity, `${name}=s1~old`, 'app2', `${name} = "a b" ; Secure`, 'x=1')).toEqual([
      `${name}=s2~"a b" ; Secure`,
      'x=1',
    ])
  })

  test('is not added, nor touched by a server without a name', () => {
    expect(affinity.bind(requestWith(), 'app1', undefined)).toBeUndefined()
    expect(seenLines(affinity, undefined, 'spare', `${name}=A1`)).toEqual([`${name}=A1`])
  })

  test('loses what is in front of the first tilde, whatever it says, in each place', () => {
    expect(seenCookie(affinity, `${name}=zz~a~b; ${name}=~; x=s1~y; ${name}= s2~c `)).toBe(
      `${name}=a~b; ${name}=; x=s1~y; ${name}= c `,
    )
    expect(affinity.conceal?.(requestWith(`${name}=s1; X${name}=s1~a`))).toBeUndefined()
    expect(affinity.conceal?.(requestWith())).toBeUndefined()
  })

  test('comes back as the application wrote it, whatever that is', () => {
    const app = fc.stringMatching(/^[!-:<-~]([ -:<-~]{0,40}[!-:<-~])?$/)
    fc.assert(
      fc.property(app, fc.constantFrom('app1', 'app2'), (value, id) => {
        const [line = ''] = seenLines(affinity, undefined, id, `${name}=${value}; Path=/`)
        const cookie = line.slice(0, line.indexOf(';'))
        expect(affinity.find(requestWith(cookie))).toBe(id)
        expect(seenCookie(affinity, cookie)).toBe(`${name}=${value}`)
      }),
    )
  })
})

test('with indirect, a client on its server gets no cookie of the server; with preserve, it stays as it is', () => {
  const own = `${name}=new`
  const indirect = prefixCookie({ name, values, indirect: true })
  expect(seenLines(indirect, `${name}=s1~old`, 'app1', own, 'x=1')).toEqual(['x=1'])
  expect(seenLines(indirect, `${name}=s1~old`, 'app2', own)).toEqual([`${name}=s2~new`])
  const preserve = prefixCookie({ name, values, indirect: true, preserve: true })
  expect(seenLines(preserve, `${name}=s1~old`, 'app1', own)).toEqual([own])
})

test('an id with a tilde does not end early', () => {
  const affinity = prefixCookie({ name })
  const [line = ''] = seenLines(affinity, undefined, 'a~b', `${name}=A1`)
  expect(line).toBe(`${name}=a%7Eb~A1`)
  expect(affinity.find(requestWith(line))).toBe('a~b')
})

test('the name of the server is signed or encrypted, and the value of the application left alone', () => {
  for (const protection of [{ signing: { secrets: [SECRET] } }, { encryption: { secrets: [SECRET] } }]) {
    const affinity = prefixCookie({ name, values, ...protection })
    const [line = ''] = seenLines(affinity, undefined, 'app1', `${name}=A1~B2`)
    expect(affinity.find(requestWith(line))).toBe('app1')
    expect(affinity.find(requestWith(line.replace('~', 'x~')))).toBeUndefined()
    expect(affinity.find(requestWith(`${name}=s1~A1~B2`))).toBeUndefined()
    expect(seenCookie(affinity, line)).toBe(`${name}=A1~B2`)
  }
})

test('addresses name the servers with dynamic', () => {
  const affinity = prefixCookie({ name, dynamic: { key: 'a key' } })
  affinity.rebuild?.([{ id: 'app1', host: '192.0.2.1', port: 80 }])
  const [line = ''] = seenLines(affinity, undefined, 'app1', `${name}=A1`)
  expect(line).toMatch(/=[0-9a-f]{16}~A1$/)
  expect(affinity.find(requestWith(line))).toBe('app1')
})

test.each([
  [{ name, preserve: true }, 'preserve is true; allowed is false without indirect'],
  [{ name, values: { app1: 'a~b' } }, 'values.app1 is "a~b"; allowed is a text without ~'],
  [{ name, maxIdleMs: 60_000 }, 'prefixCookie has no option "maxIdleMs"'],
])('an option is refused: %j', (options, message) => {
  expect(() => prefixCookie(options as never)).toThrow(message)
})
