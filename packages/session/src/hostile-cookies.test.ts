/** Whatever clients and servers send: every mode takes it, in bounded time, and is led to no server by it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Affinity } from './affinity.ts'
import { insertCookie } from './insert-cookie.ts'
import { passiveCookie } from './passive-cookie.ts'
import { prefixCookie } from './prefix-cookie.ts'
import { rewriteCookie } from './rewrite-cookie.ts'
import { requestWith, responseWith } from './test-support.ts'

const name = 'SRV'
const values = { app1: 'first-server', app2: 'second-server' }
const secrets = ['a secret of some length', 'and one more of some length']
const limits = { maxIdleMs: 60_000, maxLifeMs: 60_000 }

const modes: Record<string, Affinity> = {
  insert: insertCookie({ name, values, ...limits }),
  'insert, signed': insertCookie({ name, values, signing: { secrets } }),
  'insert, encrypted': insertCookie({ name, values, encryption: { secrets } }),
  rewrite: rewriteCookie({ name, values, ...limits }),
  'rewrite, signed': rewriteCookie({ name, values, signing: { secrets } }),
  prefix: prefixCookie({ name, values }),
  'prefix, encrypted': prefixCookie({ name, values, encryption: { secrets } }),
  passive: passiveCookie({ name, values, indirect: true, ...limits }),
  dynamic: insertCookie({ name, dynamic: { key: 'a key' } }),
}
for (const affinity of Object.values(modes)) affinity.rebuild?.([{ id: 'app1', host: '192.0.2.1', port: 80 }])

/** All that a door does with a request and its response. */
function through(affinity: Affinity, cookie: string, ...setCookies: string[]) {
  const request = requestWith(cookie, { method: 'GET', secure: true })
  const found = affinity.find(request, () => true)
  return {
    found,
    seen: affinity.conceal?.(request)?.set?.[0]?.[1] ?? cookie,
    edits: affinity.bind(request, 'app1', found as string | undefined, responseWith(...setCookies)),
  }
}

describe.each(Object.entries(modes))('%s', (_, affinity) => {
  test('cookies of any bytes choose no server, and get into no response', () => {
    const rubbish = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.string({ unit: fc.constantFrom(...'aZ09+/|.~%;=, "_-'), maxLength: 60 }),
    )
    const pair = fc.tuple(
      fc.constantFrom('SRV=', 'SRV =', ' SRV=~', 'SRV', 'SRV=|', 'x=', '$Path=', ''),
      rubbish,
    )
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), pairs => {
        const header = pairs.map(([start, end]) => start + end).join(';')
        const { found, edits } = through(affinity, header)
        expect(found).toBeUndefined()
        for (const [field, value] of edits?.append ?? [])
          expect(field === 'set-cookie' ? value : 'SRV=').toMatch(/^SRV=[!-~]*(; [ -~]+)*$/)
      }),
      { numRuns: 60 },
    )
  })

  test('a cookie with every byte value chooses none', () => {
    for (let code = 0; code < 256; code++) {
      const byte = String.fromCharCode(code)
      for (const cookie of [
        `SRV=${byte}`,
        `SRV=first${byte}server`.replace('first-', ''),
        `SRV=x${byte}first-server~`,
      ])
        expect(through(affinity, cookie).found).toBeUndefined()
    }
  })

  test('200 of one name choose none, even where each alone would', () => {
    const header = new Array(200).fill('SRV=first-server').join('; ')
    expect(through(affinity, header).found).toBeUndefined()
  })

  test('64 KB choose none, in time that grows with their length', () => {
    for (const piece of [
      'x',
      ';',
      '=',
      '~',
      '|',
      ' ',
      'SRV',
      'SRV=;',
      'SRV=a~b;',
      'SRV=first-server|',
      'SRV=first-serverx~',
    ])
      for (const start of ['', 'SRV=']) {
        const header = start + piece.repeat(Math.ceil(65_536 / piece.length))
        expect(through(affinity, header, header).found).toBeUndefined()
      }
  })

  test('Set-Cookie lines of any bytes lose nothing but what is ours', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.stringMatching(/^(SRV|x) ?=[ -~]{0,40}$/),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), lines => {
        const { edits } = through(affinity, 'x=1', ...lines)
        const after = edits?.remove === undefined ? lines : edits.append?.map(([, value]) => value)
        const others = lines.filter(each => !/^[ \t]*SRV[ \t]*=/.test(each))
        expect(after?.filter(each => others.includes(each))).toEqual(others)
      }),
      { numRuns: 60 },
    )
  })
})
