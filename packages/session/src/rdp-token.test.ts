/** Beside HAProxy in tests/haproxy-rdp.test.ts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rdpToken } from './rdp-token.ts'

const start = '\x03\0\0\x2a\x25\xe0\0\0\0\0\0'
const opening = (line: string) => Buffer.from(`${start}${line}`, 'latin1')
const request = (bytes: Uint8Array | undefined) => ({ header: () => undefined, body: () => bytes })
const farm = [
  { id: 's1', host: '10.0.0.1', port: 3389 },
  { id: 's2', host: '216.61.248.4', port: 3390 },
  { id: 's2b', host: '216.61.248.4', port: 3390 },
  { id: 'named', host: 'ts.internal', port: 3389 },
  { id: 'six', host: '2001:db8::1', port: 3389 },
]

function made(options = {}) {
  const affinity = rdpToken(options)
  affinity.rebuild?.(farm)
  return affinity
}

describe('a routing token', () => {
  test.each([
    ['Cookie: msts=16777226.15629.0000\r\n', 's1'],
    ['cookie:MSTS=16777226.15629.0000\r\n', 's1'],
    ['COOKIE:    msts=0016777226.015629.\r\nmore', 's1'],
    ['Cookie: msts=83377624.15885.0000\r\n', 's2'],
    ['Cookie: msts=16777226.15885.0000\r\n', undefined],
    ['Cookie: msts=16777226.15629\r\n', undefined],
    ['Cookie: msts=16777226\r\n', undefined],
    ['Cookie: msts=\r\n', undefined],
    ['Cookie: msts=16777226.15629.0000', undefined],
    ['Cookie: msts=16777226.15629.0000\rx', undefined],
    ['Cookie: msts=-16777226.15629.0000\r\n', undefined],
    ['Cookie: msts=99999999999999.15629.0000\r\n', undefined],
    ['Cookie: mstshash=ann\r\n', undefined],
    [' Cookie: msts=16777226.15629.0000\r\n', undefined],
  ])('%j is of %s', (line, id) => {
    expect(made().find(request(opening(line)))).toBe(id)
  })
  test('of an address that several servers have is that of the first that can be used', () => {
    const bytes = request(opening('Cookie: msts=83377624.15885.0000\r\n'))
    expect(made().find(bytes, id => id !== 's2')).toBe('s2b')
    expect(made().find(bytes, id => id === 's1')).toBeUndefined()
  })
  test('may have another name, taken as it stands', () => {
    expect(made({ name: 'a.b' }).find(request(opening('Cookie: A.B=16777226.15629.0000\r\n')))).toBe('s1')
    expect(
      made({ name: 'a.b' }).find(request(opening('Cookie: aXb=16777226.15629.0000\r\n'))),
    ).toBeUndefined()
  })
  test('names no server that is gone, and none where nothing was seen', () => {
    const affinity = made()
    const bytes = request(opening('Cookie: msts=16777226.15629.0000\r\n'))
    affinity.rebuild?.(farm.slice(1))
    expect(affinity.find(bytes)).toBeUndefined()
    expect(affinity.find(request(undefined))).toBeUndefined()
    expect(affinity.find({ header: () => undefined })).toBeUndefined()
  })
  test('is written by the server, and by nobody here', () => {
    expect(made().bind(request(undefined), 's1', undefined)).toBeUndefined()
  })
  test.each<[number | string, number]>([
    [0, 19],
    [18, 19],
    ['Cookie: msts=1', 26],
    ['Cookie: msts=16777226.15629.0000\r', 45],
    ['Cookie: msts=16777226.15629.0000\r\n', 0],
    ['Cookie: mstshash=ann\r\n', 0],
    ['GET / HTTP/1.1', 0],
    [`Cookie: ${'x'.repeat(5000)}`, 0],
  ])('is waited for while it may come: after %j, until there are %i bytes', (seen, wanted) => {
    const bytes = typeof seen === 'number' ? new Uint8Array(seen) : opening(seen)
    expect(made().bodyWanted?.(request(bytes.length === 0 ? undefined : bytes))).toBe(wanted)
  })
  test('whatever comes in its place is no error, and is not waited for without end', () => {
    const affinity = made()
    const line = fc.oneof(
      fc.string(),
      fc.string().map(text => `Cookie: msts=${text}\r\n`),
    )
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 5000 }), line.map(opening))
    fc.assert(
      fc.property(bytes, piece => {
        expect(affinity.find(request(piece))).toBeUndefined()
        const wanted = affinity.bodyWanted?.(request(piece)) as number
        expect(wanted === 0 || (wanted > piece.length && wanted <= 4096)).toBe(true)
      }),
    )
  })
  test.each([
    [{ name: '' }, 'name is ""; allowed is 1 to 100 visible ASCII characters without ='],
    [{ name: 'a=b' }, 'name is "a=b"'],
    [{ name: 7 }, 'name is 7'],
    [{ cookie: 'msts' }, 'rdpToken has no option "cookie"'],
  ])('%j is refused', (options, message) => {
    expect(() => rdpToken(options as never)).toThrow(message)
  })
})
