import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RequestInfo } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { rdpCookie } from './rdp-cookie.ts'
import { pool } from './test-members.ts'

const bytesOf = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0))
const header = '\x03\0\0\x2a\x25\xe0\0\0\0\0\0'
const opening = (text: string): RequestInfo => ({ body: () => bytesOf(header + text) })

balancerContract('rdpCookie()', () => rdpCookie(), {
  request: random => opening(`Cookie: mstshash=user${Math.floor(random() * 50)}\r\n`),
})

const many = pool(...Array.from({ length: 97 }, () => 1))
const byKey = hash<string>({ key: key => key })
byKey.rebuild(many)

function keyed(request: RequestInfo, name?: string): unknown {
  const balancer = rdpCookie(name)
  balancer.rebuild(many)
  // What is without a key goes by turns: the second turn is that of the second server.
  balancer.pick({})
  return balancer.pick(request)
}

describe('rdpCookie', () => {
  it('takes what follows the name, up to the end of the line', () => {
    expect(keyed(opening('Cookie: mstshash=ann\r\nrest'))).toBe(byKey.pick('ann'))
    expect(keyed(opening('COOKIE:MSTSHASH=a b=c\xff\r\n'))).toBe(byKey.pick('a b=c\xff'))
    expect(keyed(opening('Cookie:    msts=3640205228.15629.0000\r\n'), 'MSTS')).toBe(
      byKey.pick('3640205228.15629.0000'),
    )
  })

  it('serves in turn what has no such cookie', () => {
    const texts = [
      '',
      'Cookie: other=ann\r\n',
      'Cookie: mstshash=\r\n',
      'Cookie: mstshash=ann\rx',
      'Cookie: mstshash',
    ]
    for (const text of [...texts, 'Set-Cookie: mstshash=ann\r\n', 'Cookie: mstshash=ann']) {
      expect(keyed(opening(text)), text).toBe(many[1])
    }
    expect(keyed({})).toBe(many[1])
    expect(keyed({ body: () => undefined })).toBe(many[1])
    expect(keyed({ body: () => new Uint8Array(0) })).toBe(many[1])
  })

  it('wants to see more until the cookie is whole, or cannot be there', () => {
    const { bodyWanted } = rdpCookie()
    const whole = `${header}Cookie: mstshash=ann\r\n`
    for (let length = 0; length < whole.length; length++) {
      const bytes = bytesOf(whole.slice(0, length))
      expect(bodyWanted?.({ body: () => bytes }), `${length}`).toBe(length + 1)
    }
    expect(bodyWanted?.(opening('Cookie: mstshash=ann\r\n'))).toBe(0)
    expect(bodyWanted?.(opening('GET / HTTP/1.1'))).toBe(0)
    expect(bodyWanted?.(opening('Cookie: another=ann'))).toBe(0)
    expect(bodyWanted?.({})).toBeGreaterThan(0)
    // A line without end is not waited for without end.
    expect(bodyWanted?.(opening(`Cookie: mstshash=${'a'.repeat(5000)}`))).toBe(0)
  })

  it('survives any bytes', () => {
    const balancer = rdpCookie()
    balancer.rebuild(many)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, likely) => {
        const start = bytesOf(`${header}Cookie: mstshash=`)
        const body = likely ? Uint8Array.from([...start, ...bytes]) : bytes
        expect(balancer.bodyWanted?.({ body: () => body })).toBeLessThanOrEqual(body.length + 1)
        expect(balancer.pick({ body: () => body })).toBeDefined()
      }),
    )
  })

  it('refuses names that cannot be, and unknown options', () => {
    expect(() => rdpCookie('')).toThrow(
      'rdpCookie.name is "": must be 1 to 100 visible ASCII characters without =',
    )
    expect(() => rdpCookie('a=b')).toThrow('rdpCookie.name is "a=b"')
    expect(() => rdpCookie(5 as never)).toThrow('rdpCookie.name is 5')
    expect(() => rdpCookie('a', { depth: 1 } as never)).toThrow('rdpCookie.depth is unknown')
  })
})
