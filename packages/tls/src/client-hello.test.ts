import { once } from 'node:events'
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { listening, openssl, opensslInstalled, opensslTitle } from './testing/world.ts'

/** What a client sends first to somebody who never answers. */
async function recorded(dial: (port: number) => void): Promise<Buffer> {
  const server = createServer()
  const accepted = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  dial((server.address() as AddressInfo).port)
  const [socket] = (await accepted) as [Socket]
  socket.on('error', () => {})
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk])
    if (readClientHello(bytes) !== undefined) break
  }
  socket.destroy()
  server.close()
  return bytes
}

const fromNode = (options: ConnectionOptions) =>
  recorded(port => connect({ port, host: '127.0.0.1', ...options }).on('error', () => {}))

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
const vector = (size: 1 | 2, ...content: Uint8Array[]) => {
  const body = Buffer.concat(content)
  return Buffer.concat([size === 1 ? Buffer.from([body.length]) : u16(body.length), body])
}
const extension = (type: number, ...content: Uint8Array[]) =>
  Buffer.concat([u16(type), vector(2, ...content)])
const sni = (...names: string[]) =>
  extension(
    0,
    vector(2, ...names.map(name => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))]))),
  )

interface Wish {
  version?: number
  sessionId?: number
  ciphers?: Buffer
  compression?: Buffer
  extensions?: Buffer[] | undefined
  tail?: Buffer
}
function message(wish: Wish = {}): Buffer {
  const { extensions = [] } = wish
  const body = Buffer.concat([
    u16(wish.version ?? 0x0303),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(wish.sessionId ?? 32)),
    vector(2, wish.ciphers ?? u16(0x1301)),
    vector(1, wish.compression ?? Buffer.from([0])),
    'extensions' in wish && wish.extensions === undefined ? Buffer.alloc(0) : vector(2, ...extensions),
    wish.tail ?? Buffer.alloc(0),
  ])
  return Buffer.concat([Buffer.from([1, 0]), u16(body.length), body])
}
const record = (body: Buffer) => Buffer.concat([Buffer.from([22, 3, 1]), u16(body.length), body])
const hello = (wish?: Wish) => record(message(wish))
const code = (bytes: Uint8Array, end?: number, most?: number) => {
  const result = readClientHello(bytes, end, most)
  return result?.kind === 'error' ? result.code : result?.kind
}

describe('a ClientHello', () => {
  let real: Buffer
  beforeAll(async () => {
    real = await fromNode({ servername: 'Www.Example.com', ALPNProtocols: ['h2', 'http/1.1'] })
  })

  it('of node says name, protocols and versions', () => {
    expect(readClientHello(real)).toEqual({
      kind: 'hello',
      serverName: 'www.example.com',
      alpn: ['h2', 'http/1.1'],
      versions: ['TLSv1.3', 'TLSv1.2'],
      bytes: real.length,
    })
  })
  it('of a client of TLS 1.2 says no more than it offers', async () => {
    const bytes = await fromNode({ maxVersion: 'TLSv1.2' })
    expect(readClientHello(bytes)).toMatchObject({
      serverName: undefined,
      alpn: [],
      versions: expect.arrayContaining(['TLSv1.2']),
    })
  })
  it.skipIf(!opensslInstalled)(opensslTitle('of openssl is read as well'), async () => {
    let done: Promise<string> | undefined
    const bytes = await recorded(port => {
      done = openssl(['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'a.test', '-alpn', 'h2'])
    })
    await done
    expect(readClientHello(bytes)).toMatchObject({ kind: 'hello', serverName: 'a.test', alpn: ['h2'] })
  })
  it('needs all its bytes, and not one more', () => {
    for (let end = 0; end < real.length; end++) expect(readClientHello(real, end)).toBeUndefined()
    const more = Buffer.concat([real, Buffer.from('early data')])
    expect(readClientHello(more)).toEqual(readClientHello(real))
    expect(readClientHello(more, real.length + 3)).toEqual(readClientHello(real))
    expect(readClientHello(real, real.length + 100)).toEqual(readClientHello(real))
  })
  it('says the same however it is split into records', () => {
    const body = real.subarray(5)
    const whole = readClientHello(real) as ClientHello
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: body.length - 1 }), { maxLength: 30 }), cuts => {
        const edges = [0, ...cuts.sort((a, b) => a - b), body.length]
        const parts = edges.slice(1).map((edge, index) => record(body.subarray(edges[index], edge)))
        const bytes = Buffer.concat(parts)
        expect(readClientHello(bytes)).toEqual({ ...whole, bytes: bytes.length })
        for (let end = 0; end < bytes.length; end += 37) expect(readClientHello(bytes, end)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })
  it('never throws, and an answer once given stays, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.nat(real.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, noise) => {
        const bytes = Buffer.from(real)
        bytes.set(noise.subarray(0, bytes.length - at), at)
        let first: string | undefined
        for (let end = 0; end <= bytes.length; end += end < 64 ? 1 : 61) {
          const now = code(bytes, end)
          if (first !== undefined) expect(now).toBe(first)
          first ??= now
        }
        const final = code(bytes)
        if (first !== undefined) expect(final).toBe(first)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), bytes =>
        ['hello', 'error', undefined].includes(readClientHello(bytes)?.kind),
      ),
    )
  })
  it('is told from what is no TLS by the first bytes', () => {
    for (const text of [
      'GET / HTTP/1.1',
      'PROXY TCP4',
      '\x16\x02\x01',
      '\x16\x03\x05',
      '\x16\x03\x01\0\0',
      '\x80\x2e\x01\x03\x01',
    ]) {
      expect(code(Buffer.from(text, 'latin1'))).toBe('not-tls')
    }
    expect(code(Buffer.from([22, 3, 1, 0x40, 1]))).toBe('not-tls')
    expect(code(Buffer.from('G'))).toBe('not-tls')
  })
  it('is told from other messages', () => {
    expect(code(record(Buffer.from([2, 0, 0, 0])))).toBe('not-a-hello')
    expect(code(record(Buffer.from([2])))).toBe('not-a-hello')
  })
  it('is bounded', () => {
    expect(code(record(Buffer.from([1, 0, 0x50, 0])))).toBe('too-large')
    expect(code(Buffer.from([22, 3, 1, 0x40, 0]))).toBe('too-large')
    expect(code(hello(), undefined, 20)).toBe('too-large')
    const tiny = Buffer.concat([...message()].map(byte => record(Buffer.from([byte]))))
    expect(code(tiny)).toBe('hello')
    expect(code(tiny, undefined, 60)).toBe('too-large')
    expect(code(record(Buffer.from([1, 0])), undefined, 8)).toBe('too-large')
  })
  it('may be plain: no extensions, no session, odd versions', () => {
    expect(readClientHello(hello({ extensions: undefined, sessionId: 0, version: 0x0301 }))).toMatchObject({
      versions: ['TLSv1', 'SSLv3'],
      serverName: undefined,
    })
    const versions = extension(43, vector(1, u16(0x0a0a), u16(0x0304), u16(0x7f1c)))
    expect(readClientHello(hello({ extensions: [versions] }))).toMatchObject({ versions: ['TLSv1.3'] })
    const alpn = extension(
      16,
      vector(2, vector(1, u16(0x1a1a)), vector(1, Buffer.from('h2')), vector(1, Buffer.from('ab'))),
    )
    expect(readClientHello(hello({ extensions: [alpn] }))).toMatchObject({ alpn: ['h2', 'ab'] })
  })
  it.each<[string, Buffer]>([
    ['bytes after it in its record', record(Buffer.concat([message(), Buffer.from([0])]))],
    ['bytes after its extensions', hello({ tail: Buffer.from([0]) })],
    ['a long session id', hello({ sessionId: 33 })],
    ['no ciphers', hello({ ciphers: Buffer.alloc(0) })],
    ['half a cipher', hello({ ciphers: Buffer.alloc(3) })],
    ['no compression', hello({ compression: Buffer.alloc(0) })],
    ['an odd version', hello({ version: 0x0203 })],
    ['an extension twice', hello({ extensions: [extension(9), extension(9)] })],
    ['a cut extension', hello({ extensions: [Buffer.from([0, 9, 0, 4, 1])] })],
    ['a message too short', record(Buffer.from([1, 0, 0, 1, 3]))],
    [
      'another record in between',
      Buffer.concat([record(message().subarray(0, 20)), Buffer.from([23, 3, 3, 0, 1])]),
    ],
    [
      'a later record of another version',
      Buffer.concat([record(message().subarray(0, 20)), Buffer.from([22, 2])]),
    ],
    ['two names', hello({ extensions: [sni('a.test', 'b.test')] })],
    ['no name', hello({ extensions: [extension(0, vector(2))] })],
    ['an empty name', hello({ extensions: [sni('')] })],
    ['a name of another type', hello({ extensions: [extension(0, vector(2, Buffer.from([1, 0, 1, 97])))] })],
    [
      'bytes after the name',
      hello({ extensions: [extension(0, vector(2, Buffer.from([0, 0, 1, 97])), Buffer.from([0]))] }),
    ],
    ['no protocol', hello({ extensions: [extension(16, vector(2))] })],
    ['an empty protocol', hello({ extensions: [extension(16, vector(2, Buffer.from([0, 0])))] })],
    [
      'bytes after the protocols',
      hello({ extensions: [extension(16, vector(2, Buffer.from([1, 97])), Buffer.from([0]))] }),
    ],
    ['half a version', hello({ extensions: [extension(43, vector(1, Buffer.alloc(3)))] })],
    [
      'bytes after the versions',
      hello({ extensions: [extension(43, vector(1, u16(0x0304)), Buffer.from([0]))] }),
    ],
  ])('is malformed with %s', (_what, bytes) => {
    expect(code(bytes)).toBe('malformed')
  })
  it.each(['a b', '127.0.0.1', 'a.test.', 'a\0.test', 'ä.test', 'a..test', '[::1]'])(
    'is refused with the name %j',
    name => {
      expect(code(hello({ extensions: [sni(name)] }))).toBe('invalid-name')
    },
  )
  it('is read from a socket byte by byte', async () => {
    const server = createServer()
    const accepted = once(server, 'connection')
    const client = connectPlain(await listening(server), '127.0.0.1')
    const [socket] = (await accepted) as [Socket]
    const answers: unknown[] = []
    let seen = Buffer.alloc(0)
    socket.on('data', chunk => {
      seen = Buffer.concat([seen, chunk])
      answers.push(readClientHello(seen)?.kind)
    })
    client.setNoDelay(true)
    for (const byte of hello()) client.write(Buffer.from([byte]))
    client.end()
    await once(socket, 'end')
    expect(answers.pop()).toBe('hello')
    expect(answers.every(each => each === undefined)).toBe(true)
    client.destroy()
    socket.destroy()
  })
})
