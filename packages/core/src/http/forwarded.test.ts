import { describe, expect, test } from 'vitest'
import { type ForwardedOptions, Forwarding } from './forwarded.ts'
import { headText } from './head-text.ts'
import { headerValue } from './headers.ts'
import type { ClientRequest } from './request.ts'

interface From {
  readonly peer?: string
  readonly sent?: readonly string[]
  readonly authority?: string
  readonly secure?: boolean
  readonly version?: readonly [1 | 2, 0 | 1]
}

/** The fields that a server gets. */
function fieldsTo(options: ForwardedOptions | undefined, from: From = {}): string[] {
  const rawHeaders = from.sent ?? []
  const [versionMajor, versionMinor] = from.version ?? [undefined, 1]
  const request = {
    peerAddress: from.peer ?? '192.0.2.1',
    authority: from.authority ?? 'a.test',
    secure: from.secure ?? false,
    versionMajor,
    versionMinor,
    rawHeaders,
    header: (name: string) => headerValue(rawHeaders, name),
  } as ClientRequest
  const { drop, added } = new Forwarding(options).plan(request)
  return headText('', request, drop, undefined, added)
    .split('\r\n')
    .filter(line => line !== '')
}

const spoofed = [
  ...['X-Forwarded-For', '203.0.113.9', 'x-forwarded-proto', 'https', 'X-Forwarded-Host', 'evil.test'],
  ...[
    'X-Forwarded-Port',
    '1',
    'X-Real-IP',
    '203.0.113.9',
    'Forwarded',
    'for=203.0.113.9',
    'X-Other',
    'stays',
  ],
]

describe('a server is told', () => {
  test('address, protocol and host of the client', () => {
    expect(fieldsTo(undefined)).toEqual([
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a.test',
    ])
    expect(fieldsTo(undefined, { secure: true })).toContain('X-Forwarded-Proto: https')
  })

  test('nothing where that is switched off', () => {
    expect(fieldsTo({ for: false, proto: false, host: false })).toEqual([])
  })

  test('no host where the client of HTTP/1.0 said none', () => {
    expect(fieldsTo({ standard: true }, { authority: '' })).toEqual([
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'Forwarded: for=192.0.2.1;proto=http',
    ])
  })

  test('the same as RFC 7239 has it, and who passed it on, where asked for', () => {
    const options = { for: false, proto: false, host: false, standard: true, via: 'edge' }
    expect(fieldsTo(options, { peer: '2001:db8::1', authority: '[::1]:80' })).toEqual([
      'Forwarded: for="[2001:db8::1]";proto=http;host="[::1]:80"',
      'Via: 1.1 edge',
    ])
  })

  test('in a Via of its own behind those of others', () => {
    const options = { for: false, proto: false, host: false, via: 'edge' }
    expect(fieldsTo(options, { sent: ['Via', '1.0 other'] })).toEqual(['Via: 1.0 other', 'Via: 1.1 edge'])
  })

  test.each([
    ['1.0', [1, 0]],
    ['1.1', [1, 1]],
    // A request of HTTP/2 is read as one of HTTP/1.1, and did not come as one.
    ['2.0', [2, 1]],
  ] as const)('in a Via that names the version it came in, %s', (said, version) => {
    const options = { for: false, proto: false, host: false, via: 'edge' }
    expect(fieldsTo(options, { version })).toEqual([`Via: ${said} edge`])
  })
})

describe('what a stranger says', () => {
  test('is taken out', () => {
    expect(fieldsTo({ standard: true }, { sent: spoofed })).toEqual([
      'X-Other: stays',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a.test',
      'Forwarded: for=192.0.2.1;proto=http;host="a.test"',
    ])
  })

  test('is taken out even where nothing is added', () => {
    expect(fieldsTo({ for: false, proto: false, host: false }, { sent: spoofed })).toEqual(['X-Other: stays'])
  })
})

describe('what a trusted proxy says', () => {
  const trust = ['192.0.2.0/24']

  test('is kept and added to', () => {
    const fields = fieldsTo({ trust, standard: true }, { sent: spoofed })
    expect(fields).toContain('X-Forwarded-For: 203.0.113.9, 192.0.2.1')
    expect(fields).toContain('x-forwarded-proto: https')
    expect(fields).toContain('X-Forwarded-Host: evil.test')
    expect(fields).toContain('X-Forwarded-Port: 1')
    expect(fields).toContain('Forwarded: for=203.0.113.9, for=192.0.2.1;proto=http;host="a.test"')
    expect(fields.filter(line => /^x-forwarded-for/i.test(line))).toHaveLength(1)
  })

  test('need not be anything', () => {
    expect(fieldsTo({ trust })).toEqual([
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a.test',
    ])
    expect(fieldsTo({ trust, standard: true })).toContain('Forwarded: for=192.0.2.1;proto=http;host="a.test"')
  })

  test('on several lines is one chain', () => {
    const sent = ['X-Forwarded-For', '203.0.113.9', 'x-forwarded-for', '203.0.113.8']
    expect(fieldsTo({ trust, proto: false, host: false }, { sent })).toEqual([
      'X-Forwarded-For: 203.0.113.9, 203.0.113.8, 192.0.2.1',
    ])
  })
})

test('an excepted peer gets no X-Forwarded-For, and what it sent is left as it is', () => {
  const fields = fieldsTo({ except: ['127.0.0.0/8'] }, { peer: '127.0.0.1', sent: spoofed })
  expect(fields.filter(line => /^x-forwarded-for/i.test(line))).toEqual(['X-Forwarded-For: 203.0.113.9'])
  expect(fields).toContain('X-Forwarded-Host: evil.test')
  const alone = fieldsTo({ except: ['127.0.0.0/8'] }, { peer: '127.0.0.1' })
  expect(alone).toEqual(['X-Forwarded-Proto: http', 'X-Forwarded-Host: a.test'])
})

describe('the source of a request', () => {
  const trusting = new Forwarding({ trust: ['10.0.0.0/8', '::1'] })
  const source = (chain: string, peer = '10.0.0.1') => trusting.sourceOf(peer, ['X-Forwarded-For', chain])

  test('is the peer, where that is a stranger', () => {
    expect(source('203.0.113.9', '192.0.2.1')).toBe('192.0.2.1')
    expect(new Forwarding().sourceOf('10.0.0.1', ['X-Forwarded-For', '203.0.113.9'])).toBe('10.0.0.1')
  })

  test('is the peer, where a trusted proxy says nothing', () => {
    expect(trusting.sourceOf('10.0.0.1', [])).toBe('10.0.0.1')
  })

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.1, 203.0.113.9', '203.0.113.9'],
    ['203.0.113.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::9]:4711', '2001:db8::9'],
    ['2001:db8::9', '2001:db8::9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['203.0.113.1, 999.1.1.1', '10.0.0.1'],
    ['203.0.113.1, [zz::]', '10.0.0.1'],
    ['', '10.0.0.1'],
  ])('in a chain of %j is the last that no trusted proxy has: %s', (chain, address) => {
    expect(source(chain)).toBe(address)
  })
})

test('whether the client’s connection was encrypted is told by a trusted proxy, and by nobody else', () => {
  const trusting = new Forwarding({ trust: ['10.0.0.0/8'] })
  const secure = (peer: string, proto: string | undefined, encrypted: boolean) =>
    trusting.secureOf(peer, proto === undefined ? [] : ['X-Forwarded-Proto', proto], encrypted)
  expect(secure('10.0.0.1', 'https', false)).toBe(true)
  expect(secure('10.0.0.1', 'http, HTTPS', false)).toBe(true)
  // What stands before the trusted proxy's own word came from whoever was in front of it.
  expect(secure('10.0.0.1', 'https, http', false)).toBe(false)
  expect(secure('10.0.0.1', 'http', true)).toBe(false)
  expect(secure('10.0.0.1', undefined, true)).toBe(true)
  expect(secure('192.0.2.1', 'https', false)).toBe(false)
})

test.each([
  [{ via: 'a b' }, 'forwarded.via: "a b" is not allowed; expected a token'],
  [{ via: '' }, 'forwarded.via'],
  [{ trust: ['x'] }, 'forwarded.trust[0]: "x"'],
  [{ except: '127.0.0.1' }, 'forwarded.except: "127.0.0.1"'],
  [{ for: 1 }, 'forwarded.for: 1'],
  [{ forr: true }, 'forwarded: unknown option "forr"'],
])('options that are wrong are refused: %j', (options, message) => {
  expect(() => new Forwarding(options as ForwardedOptions)).toThrow(message)
})
