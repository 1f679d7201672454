import { expectEventually } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { fieldBlock, requestFields, setting } from './frames.ts'
import { ask, http2Door } from './test-support.ts'

const [method, scheme, path, authority] = requestFields()
type Field = readonly [string, string]

/** The status of the answer, or the code of the reset, to a request with these fields. */
async function outcome(fields: readonly Field[], options: Parameters<typeof http2Door>[0] = {}, flags = 1) {
  const door = await http2Door(options)
  const client = await door.frames()
  client.request(1, fields, flags)
  // A request that is well formed, behind it: the connection is as good as before.
  client.request(3)
  await client.frame('headers', 3)
  await expectEventually(() => expect(client.frames.some(each => each.stream === 1)).toBe(true))
  const [first] = client.frames.filter(each => each.stream === 1)
  return {
    door,
    answer: first?.type === 'reset' ? `reset ${first.payload.readUInt32BE(0)}` : statusOf(first?.payload),
  }
}

/** `:status` of a head, as nghttp2 writes it: by an index of the static table, or as three digits. */
function statusOf(block: Buffer | undefined): string | undefined {
  const indexed: Record<number, string> = {
    136: '200',
    137: '204',
    139: '304',
    140: '400',
    141: '404',
    142: '500',
  }
  const first = block?.[0] as number
  return indexed[first] ?? block?.toString('latin1').match(/\d{3}/)?.[0] ?? huffmanDigits(block)
}

/** The digits of a status in Huffman's code (RFC 7541 appendix B): 0 to 2 take five bits, 3 to 9 six. */
function huffmanDigits(block: Buffer | undefined): string {
  const length = (block?.[1] ?? 0) & 127
  let bits = ''
  for (const byte of block?.subarray(2, 2 + length) ?? []) bits += byte.toString(2).padStart(8, '0')
  let digits = ''
  while (digits.length < 3) {
    const short = Number.parseInt(bits.slice(0, 5), 2)
    const long = Number.parseInt(bits.slice(0, 6), 2)
    digits += short < 3 ? String(short) : String(long - 25 + 3)
    bits = bits.slice(short < 3 ? 5 : 6)
  }
  return digits
}

test('the reader of these tests knows an answer when it sees one', async () => {
  const { answer, door } = await outcome(requestFields())
  expect(answer).toBe('200')
  expect(door.server.requests).toHaveLength(2)
})

describe('refused as malformed, before it gets here: a request', () => {
  const malformed: [string, readonly Field[]][] = [
    ['without a method', [scheme, path, authority]],
    ['without a scheme', [method, path, authority]],
    ['without a path', [method, scheme, authority]],
    ['with an empty path', [method, scheme, [':path', ''], authority]],
    ['with two methods', [method, method, scheme, path, authority]],
    ['with two paths', [method, scheme, path, [':path', '/b'], authority]],
    ['with two authorities', [method, scheme, path, authority, authority]],
    ['with a pseudo-field of a response', [[':status', '200'], ...requestFields()]],
    ['with a pseudo-field that nobody knows', [[':strange', '1'], ...requestFields()]],
    ['with a pseudo-field behind a field', [method, scheme, path, ['x-a', '1'], authority]],
    ['with a name in upper case', requestFields([['X-Upper', '1']])],
    ['with connection', requestFields([['connection', 'close']])],
    ['with keep-alive', requestFields([['keep-alive', '1']])],
    ['with proxy-connection', requestFields([['proxy-connection', '1']])],
    ['with transfer-encoding', requestFields([['transfer-encoding', 'chunked']])],
    ['with upgrade', requestFields([['upgrade', 'h2c']])],
    ['with te for more than trailers', requestFields([['te', 'gzip']])],
    [
      'with two hosts',
      requestFields([
        ['host', 'a.test'],
        ['host', 'a.test'],
      ]),
    ],
    [
      'with two lengths',
      requestFields(
        [
          ['content-length', '1'],
          ['content-length', '1'],
        ],
        'POST',
      ),
    ],
    ['with a length that is none', requestFields([['content-length', '+1']], 'POST')],
    ['with a length and no content', requestFields([['content-length', '5']], 'POST')],
    ['with a path that is no path', [method, scheme, [':path', 'a/b'], authority]],
    ['of no authority', [method, scheme, path]],
    ['with an empty authority', [method, scheme, path, [':authority', '']]],
    ['with user information', [method, scheme, path, [':authority', 'u@a.test']]],
    ['for everything, and no OPTIONS', [method, scheme, [':path', '*'], authority]],
    ['with a protocol, and no CONNECT', requestFields([[':protocol', 'websocket']])],
  ]
  test.each(malformed)('%s', async (_, fields) => {
    const { answer, door } = await outcome(fields)
    expect(answer).toBe('reset 1')
    expect(door.server.requests).toHaveLength(1)
  })

  test('with more content than its length', async () => {
    const { frames, server } = await http2Door()
    const client = (await frames()).request(1, requestFields([['content-length', '2']], 'POST'), 0)
    client.send('data', 1, 1, Buffer.from('three'))
    // nghttp2 finds it, and some versions of Node end the whole connection at that.
    expect(await Promise.any([client.reset(1), client.goaway()])).toBeOneOf([1, 2])
    for (const request of server.requests) expect(request.complete).toBe(false)
  })

  test('with less content than its length', async () => {
    const { frames, server } = await http2Door()
    const client = (await frames()).request(1, requestFields([['content-length', '9']], 'POST'), 0)
    client.send('data', 1, 1, Buffer.from('three'))
    expect(await client.reset(1)).toBe(1)
    for (const request of server.requests) expect(request.complete).toBe(false)
  })
})

test.each([
  ['line feed', 'a\nx-injected: 1'],
  ['carriage return', 'a\rb'],
  ['NUL', 'a\0b'],
])('a field with a %s never reaches a server', async (_, value) => {
  const { door } = await outcome(requestFields([['x-bad', value]]))
  for (const request of door.server.requests) {
    expect(request.rawHead).not.toContain('x-injected')
    expect(request.header('x-bad')).toBeUndefined()
  }
})

describe('answered: a request', () => {
  const refused: [string, string, readonly Field[]][] = [
    ['whose host names another', '400', requestFields([['host', 'b.test']])],
    ['with two authorities in one', '400', [method, scheme, path, [':authority', 'a.test,b.test']]],
    ['of another scheme', '400', [method, [':scheme', 'ftp'], path, authority]],
    ['with a fragment', '400', [method, scheme, [':path', '/a#b'], authority]],
    ['with an expectation that nobody has', '417', requestFields([['expect', 'miracles']])],
    [
      'to CONNECT',
      '501',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test:443'],
      ],
    ],
    [
      'to a protocol that is not served',
      '501',
      [[':method', 'CONNECT'], [':protocol', 'connect-udp'], scheme, path, authority],
    ],
    [
      'with a hundred and one fields',
      '431',
      requestFields(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1'] as const)),
    ],
    ['with 20,000 bytes of fields', '431', requestFields([['x-long', 'x'.repeat(20_000)]])],
  ]
  test.each(refused)('%s, with %s', async (_, status, fields) => {
    const flags = fields.some(([, value]) => value === 'CONNECT') ? 0 : 1
    const large = JSON.stringify(fields).length > 16_000
    if (large) {
      const { client } = await http2Door()
      const response = await ask(client(), { 'x-long': 'x'.repeat(20_000) })
      expect(String(response.status)).toBe(status)
      return
    }
    const { answer, door } = await outcome(fields, {}, flags)
    expect(answer).toBe(status)
    expect(door.server.requests).toHaveLength(1)
  })
})

describe('served: a request', () => {
  test('whose host is the authority, in another case', async () => {
    const { answer, door } = await outcome(requestFields([['host', 'A.test']]))
    expect(answer).toBe('200')
    expect(door.server.requests[0]?.headers.filter(([name]) => name.toLowerCase() === 'host')).toHaveLength(1)
  })

  test('whose host is the authority, with the port that it has anyway', async () => {
    expect((await outcome(requestFields([['host', 'a.test:80']]))).answer).toBe('200')
    expect((await outcome(requestFields([['host', 'a.test:81']]))).answer).toBe('400')
  })

  test('with a host in place of the authority', async () => {
    const { answer, door } = await outcome([method, scheme, path, ['host', 'b.test']])
    expect(answer).toBe('200')
    expect(door.server.requests.some(each => each.header('host') === 'b.test')).toBe(true)
  })

  test('for everything', async () => {
    const { answer, door } = await outcome([[':method', 'OPTIONS'], scheme, [':path', '*'], authority])
    expect(answer).toBe('200')
    expect(door.server.requests.some(each => each.target === '*')).toBe(true)
  })

  test('with a hundred pieces of cookie, which are one field', async () => {
    const cookies = Array.from({ length: 100 }, (_, i) => ['cookie', `c${i}=1`] as const)
    const { answer, door } = await outcome(requestFields(cookies))
    expect(answer).toBe('200')
    expect(door.server.requests.some(each => each.header('cookie')?.split('; ').length === 100)).toBe(true)
  })
})

test('far more fields than allowed reset the stream', async () => {
  const many = Array.from({ length: 400 }, (_, i) => [`x-${i}`, '1'] as const)
  const { answer } = await outcome(requestFields(many))
  expect(answer).toBe('reset 11')
})

test('the settings tell a client what it may', async () => {
  const { frames } = await http2Door({ http2: { maxConcurrentStreams: 7, initialWindowSize: 2_000 } })
  const { payload } = await (await frames()).frame('settings')
  for (const each of [setting(3, 7), setting(4, 2_000), setting(6, 32_768), setting(8, 1)]) {
    expect(payload.includes(each)).toBe(true)
  }
  expect(fieldBlock([])).toHaveLength(0)
})
