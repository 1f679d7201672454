import { describe, expect, it, test } from 'vitest'
import { expression } from '../expression/expression.ts'
import { connectionScope } from '../test-support.ts'
import { payloadLv } from './req.ts'

function ask(text: string, bytes: Buffer | string, complete = false) {
  const content = {
    bytes: typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
    complete,
    undecided: false,
  }
  const value = expression(text, 'content').read({ ...connectionScope(), content })
  return content.undecided ? 'undecided' : value
}

const prefixed = (bytes: Buffer, width: number): Buffer => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size.subarray(4 - width), bytes])
}
const extension = (type: number, data: Buffer) => Buffer.concat([Buffer.from([0, type]), prefixed(data, 2)])
const serverName = (name: string) =>
  extension(0, prefixed(Buffer.concat([Buffer.from([0]), prefixed(Buffer.from(name), 2)]), 2))
const alpn = (...names: string[]) =>
  extension(16, prefixed(Buffer.concat(names.map(name => prefixed(Buffer.from(name), 1))), 2))

function hello(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    prefixed(Buffer.alloc(8), 1),
    prefixed(Buffer.from([19, 1]), 2),
    Buffer.from([1, 0]),
    ...(extensions.length === 0 ? [] : [prefixed(Buffer.concat(extensions), 2)]),
  ])
  return Buffer.concat([Buffer.from([1]), prefixed(body, 3)])
}
const record = (bytes: Buffer) => Buffer.concat([Buffer.from([22, 3, 1]), prefixed(bytes, 2)])

const full = record(
  hello(
    serverName('WWW.Example'),
    alpn('h2', 'http/1.1'),
    extension(10, Buffer.alloc(4)),
    extension(35, Buffer.alloc(0)),
  ),
)

describe('a TLS greeting', () => {
  it.each([
    ['req.ssl_sni', 'WWW.Example'],
    ['req.ssl_alpn', 'h2'],
    ['req.ssl_hello_type', 1],
    ['req.ssl_ver', 0x30003],
    ['req.ssl_ec_ext', true],
    ['req.ssl_st_ext', 1],
  ])('says %s', (text, value) => {
    expect(ask(text, full)).toBe(value)
    const message = full.subarray(5)
    const parts = [message.subarray(0, 3), message.subarray(3, 40), message.subarray(40)]
    expect(ask(text, Buffer.concat(parts.map(record)))).toBe(value)
  })

  it.each([
    ['req.ssl_sni', undefined],
    ['req.ssl_alpn', undefined],
    ['req.ssl_ec_ext', false],
    ['req.ssl_st_ext', 0],
  ])('without extensions has %s %j', (text, value) => {
    expect(ask(text, record(hello()))).toBe(value)
  })

  it('with a session ticket says so', () => {
    expect(ask('req.ssl_st_ext', record(hello(extension(35, Buffer.alloc(9)))))).toBe(2)
  })

  it('is waited for, byte by byte, and never read beyond its end', () => {
    for (let length = 0; length < full.length; length++) {
      expect(ask('req.ssl_sni', full.subarray(0, length))).toBe('undecided')
      expect(ask('req.ssl_sni', full.subarray(0, length), true)).toBeUndefined()
    }
  })

  it('that is damaged anywhere harms nothing', () => {
    for (let at = 0; at < full.length; at++)
      for (const byte of [0, 1, 127, 255]) {
        const damaged = Buffer.from(full)
        damaged[at] = byte
        for (const text of ['req.ssl_sni', 'req.ssl_alpn', 'req.ssl_st_ext'])
          expect(['string', 'number', 'undefined']).toContain(typeof ask(text, damaged, true))
      }
  })

  it.each([
    ['no TLS', Buffer.from('GET / HTTP/1.1\r\n')],
    ['another version', Buffer.from([22, 2, 0, 0, 5])],
    ['another message', record(Buffer.from([2, 0, 0, 0]))],
    [
      'another record behind a part',
      Buffer.concat([record(Buffer.from([1, 0, 0, 9])), Buffer.from([23, 3, 1, 0, 1])]),
    ],
    ['too short for a session', record(Buffer.from([1, 0, 0, 2, 3, 3]))],
    ['too short for ciphers', record(Buffer.concat([Buffer.from([1, 0, 0, 35]), Buffer.alloc(35)]))],
    ['a name of another kind', record(hello(extension(0, prefixed(Buffer.from([1, 0, 1, 65]), 2))))],
    ['a name that is too long', record(hello(extension(0, prefixed(Buffer.from([0, 9, 9, 65]), 2))))],
  ])('of %s names nobody', (_, bytes) => {
    expect(ask('req.ssl_sni', bytes)).toBeUndefined()
  })
  it('of an ALPN that is too long offers nothing', () => {
    expect(
      ask('req.ssl_alpn', record(hello(extension(16, prefixed(Buffer.from([9, 65]), 2))))),
    ).toBeUndefined()
    expect(ask('req.ssl_alpn', record(hello(extension(16, prefixed(Buffer.alloc(0), 2)))))).toBeUndefined()
  })
})

test('each of the protocols that are offered is tried', () => {
  const content = { bytes: full, complete: true, undecided: false }
  const is = (name: string) =>
    expression('req.ssl_alpn', 'content').testing(value => value === name)({ ...connectionScope(), content })
  expect(['h2', 'http/1.1', 'x'].map(is)).toEqual([true, true, false])
})

test('of a greeting whose extensions do not fit together, there is the version alone', () => {
  const damaged = Buffer.concat([full.subarray(0, 60), Buffer.alloc(full.length - 60, 255)])
  const values = [
    'req.ssl_ver',
    'req.ssl_hello_type',
    'req.ssl_sni',
    'req.ssl_ec_ext',
    'req.ssl_st_ext',
    'req.ssl_alpn',
  ]
  expect(values.map(text => ask(text, damaged))).toEqual([
    0x30003,
    1,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

describe('bytes', () => {
  it.each([
    ['req.len', 'abc', 3],
    ['req.payload(1,2)', 'abcd', 'bc'],
    ['req.payload(1,0)', 'abcd', 'bcd'],
    ['req.payload(2,3)', 'abcd', 'undecided'],
    ['req.payload(0,0)', '', 'undecided'],
    ['req.payload_lv(0,1)', '\x02ab', 'ab'],
    ['req.payload_lv(0,2,3)', '\0\x01xa', 'a'],
    ['req.payload_lv(0,1,+1)', '\x02xab', 'ab'],
    ['req.payload_lv(1,1,-2)', 'a\x01', 'a'],
    ['req.payload_lv(0,1)', '\x03ab', 'undecided'],
    ['req.payload_lv(0,1)', '\0', undefined],
    ['req.payload_lv(0,2)', '\0', 'undecided'],
    ['payload_lv(0,1,)', '\x01a', 'a'],
  ])('%s of %j are %j', (text, bytes, value) => {
    expect(ask(text, bytes)).toBe(value)
  })
  it('that will not come are not waited for', () => {
    expect(ask('req.payload(2,3)', 'abcd', true)).toBeUndefined()
  })
  it('have their offsets checked', () => {
    expect(() => payloadLv(0, 1, '-5')).toThrow('req.payload_lv offset2 is -4')
    expect(() => expression('req.payload_lv(0,1,x)', 'content')).toThrow(
      'argument 3 of req.payload_lv is "x"',
    )
    expect(() => expression('path', 'content')).toThrow('what is known at the stage content')
  })
})

test('wait_end is true once no more can come', () => {
  expect([ask('wait_end', ''), ask('wait_end', '', true)]).toEqual(['undecided', true])
})

describe('a greeting of RDP', () => {
  const greeting = (cookie: string) => {
    const size = 11 + cookie.length
    return `\x03\0\0${String.fromCharCode(size)}${String.fromCharCode(size - 5)}\xe0\0\0\0\0\0${cookie}`
  }
  const joe = greeting('Cookie: mstshash=joe\r\n')
  it.each([
    ['req.rdp_cookie', joe, 'joe'],
    ['req.rdp_cookie(mstshash)', joe, 'joe'],
    ['rdp_cookie(MSTSHASH)', joe, 'joe'],
    ['req.rdp_cookie(other)', joe, undefined],
    ['req.rdp_cookie_cnt', joe, 1],
    ['req.rdp_cookie_cnt(other)', joe, 0],
    ['req.rdp_cookie', joe.slice(0, 9), 'undecided'],
    ['req.rdp_cookie', joe.slice(0, 20), 'undecided'],
    ['req.rdp_cookie_cnt', joe.slice(0, 20), 'undecided'],
    ['req.rdp_cookie', greeting('no cookie\r\n'), undefined],
    ['req.rdp_cookie', 'GET / HTTP/1.1\r\n', undefined],
    ['req.rdp_cookie', '\x03\0\0\x20\x1b\xe0\0\0\0\0\0', 'undecided'],
  ])('%# has %s', (text, bytes, value) => {
    expect(ask(text, bytes)).toBe(value)
  })
})

describe('HTTP', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', true],
    ['\r\nGET / HTTP/1.1\r\n', true],
    ['GET / HT', 'undecided'],
    ['GE', 'undecided'],
    ['', 'undecided'],
    ['\x16\x03\x01', undefined],
    ['GET  / HTTP/1.1\r\n', undefined],
    ['SSH-2.0-x\r\n\r\n ', undefined],
  ])('is told of %j: %j', (bytes, value) => {
    expect(ask('req.proto_http', bytes)).toBe(value)
  })
  it('that did not come is none', () => {
    expect(ask('req.proto_http', 'GE', true)).toBeUndefined()
  })
})
