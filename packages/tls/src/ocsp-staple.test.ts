import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { derElement, derElements, derTime } from './der.ts'
import { readStaple } from './ocsp-staple.ts'
import { element, integer, octets, sequence, tagged } from './testing/der-writer.ts'
import { authority } from './testing/world.ts'

const issued = authority.issue({ serial: 'ab01' })
const other = authority.issue()

describe('an OCSP response', () => {
  it('holds until its nextUpdate, or without end', () => {
    const nextUpdate = Date.UTC(2030, 0, 2, 3, 4, 5)
    const response = authority.vouch(issued, { nextUpdate })
    expect(readStaple(response, issued.x509)).toEqual({ response, notAfter: nextUpdate })
    const endless = authority.vouch(issued, { nextUpdate: undefined })
    expect(readStaple(endless, issued.x509)).toMatchObject({ notAfter: Number.POSITIVE_INFINITY })
  })
  it('is not for another certificate', () => {
    expect(readStaple(authority.vouch(other), issued.x509)).toBe('it speaks of another certificate')
  })
  it('may be an error of the responder', () => {
    const response = authority.vouch(issued, { status: 6 })
    expect(readStaple(response, issued.x509)).toBe('the responder answered with the error 6')
  })
  it('says what it is not', () => {
    expect(readStaple(Buffer.from('x'), issued.x509)).toBe('it is not an OCSP response in DER')
    const empty = sequence(element(0x0a, Buffer.from([0])))
    expect(readStaple(empty, issued.x509)).toBe('it is not a basic OCSP response')
    const single = sequence(
      sequence(integer('1'), integer('1'), integer('1'), integer('ab01')),
      integer('1'),
      integer('1'),
      tagged(0, octets(issued.der)),
    )
    const basic = sequence(sequence(sequence(single)))
    const odd = sequence(element(0x0a, Buffer.from([0])), tagged(0, sequence(integer('1'), octets(basic))))
    expect(readStaple(odd, issued.x509)).toBe('its nextUpdate is no time')
    const anonymous = sequence(
      element(0x0a, Buffer.from([0])),
      tagged(0, sequence(integer('1'), octets(sequence(sequence(sequence(sequence())))))),
    )
    expect(readStaple(anonymous, issued.x509)).toBe('it speaks of another certificate')
  })
  it('never throws, whatever bytes it has', () => {
    const good = authority.vouch(issued)
    fc.assert(
      fc.property(fc.nat(good.length), fc.uint8Array({ maxLength: 20 }), (at, noise) => {
        const bytes = Buffer.concat([good.subarray(0, at), noise, good.subarray(at + noise.length)])
        expect(['string', 'object']).toContain(typeof readStaple(bytes, issued.x509))
        expect(['string', 'object']).toContain(typeof readStaple(good.subarray(0, at), issued.x509))
      }),
    )
  })
})

describe('DER', () => {
  it('is read to its first fault', () => {
    const [one, two] = [integer('1'), octets(Buffer.alloc(300))]
    expect(derElements(Buffer.concat([one, two])).map(each => each.content.length)).toEqual([1, 300])
    expect(derElements(Buffer.concat([one, two.subarray(0, 299)])).length).toBe(1)
    for (const bytes of [[4], [4, 0x80, 0, 0], [4, 0x85, 0, 0, 0, 0, 0], [4, 0x82, 1]]) {
      expect(derElement(Buffer.from(bytes))).toBeUndefined()
    }
  })
  it('has times in UTC', () => {
    expect(derTime({ tag: 0x18, content: Buffer.from('20300102030405Z'), whole: Buffer.alloc(0) })).toBe(
      Date.UTC(2030, 0, 2, 3, 4, 5),
    )
    expect(
      derTime({ tag: 0x17, content: Buffer.from('20300102030405Z'), whole: Buffer.alloc(0) }),
    ).toBeUndefined()
    expect(derTime(undefined)).toBeUndefined()
  })
})
