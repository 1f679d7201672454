/**
 * HAProxy as the sender of what is read here, and as the reader of what is written here. Skipped where it is missing.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProxyHeader } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { CLIENT, CLIENT6, readInPieces, readWhole, tlv, V4_ADDRESSES, v2, withTlvs } from './test-support.ts'
import { makeCertificate, missing, startHaproxy, workFolder } from './test-support-haproxy.ts'
import { proxyHeaderV1 } from './write-v1.ts'
import { proxyHeaderV2 } from './write-v2.ts'

const peer = test.skipIf(missing(false) !== undefined)
const tlsPeer = test.skipIf(missing(true) !== undefined)
const title = (text: string, withOpenssl = false) => {
  const reason = missing(withOpenssl)
  return reason === undefined ? text : `${reason}: ${text}`
}

/** How HAProxy sends to the application, by the name of its frontend. */
const SENDERS = {
  v1: 'send-proxy',
  v2: 'send-proxy-v2',
  options: 'send-proxy-v2 proxy-v2-options unique-id,crc32c,authority',
} as const
const TLS_SENDER =
  'send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c'

let folder: string
let application: Server
let haproxy: Awaited<ReturnType<typeof startHaproxy>>
const arrivals: ((bytes: Buffer) => void)[] = []

beforeAll(async () => {
  if (missing(false) !== undefined) return
  folder = workFolder()
  application = createServer({ allowHalfOpen: true }, async socket => {
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    arrivals.shift()?.(Buffer.concat(chunks))
    socket.end()
  }).listen(join(folder, 'app.sock'))
  await once(application, 'listening')

  const certificates = missing(true) === undefined
  const senders = Object.entries(SENDERS)
  haproxy = await startHaproxy(folder, senders.length + 1, ports =>
    [
      'defaults',
      '  mode tcp',
      '  timeout client 20s',
      '  timeout server 20s',
      '  timeout connect 20s',
      ...senders.flatMap(([name, setting], index) => [
        `listen ${name}`,
        '  unique-id-format id-%ci:%cp',
        `  bind 127.0.0.1:${ports[index]}`,
        `  bind unix@${folder}/${name}.sock accept-proxy`,
        `  server app unix@${folder}/app.sock ${setting}`,
      ]),
      ...(certificates
        ? [
            'listen tls',
            `  bind 127.0.0.1:${ports[senders.length]} ssl crt ${makeCertificate(folder, 'server.example')}` +
              ` ca-file ${makeCertificate(folder, 'client-1')} verify optional alpn h2,http/1.1` +
              ' crt-ignore-err all ca-ignore-err all',
            `  server app unix@${folder}/app.sock ${TLS_SENDER}`,
          ]
        : []),
      'frontend reader',
      '  mode http',
      `  bind unix@${folder}/reader.sock accept-proxy`,
      '  http-request return status 200 content-type text/plain lf-string' +
        ' "%[src]|%[src_port]|%[dst]|%[dst_port]|%[fc_pp_authority]|%[fc_pp_unique_id]"',
    ].join('\n'),
  )
})

afterAll(async () => {
  await haproxy?.stop()
  application?.close()
})

/** Send this, and nothing more, and get what the application received. */
async function through(socket: Socket, bytes: string | Buffer): Promise<Buffer> {
  const arrived = new Promise<Buffer>(resolve => arrivals.push(resolve))
  socket.resume().end(bytes)
  return await arrived
}

/** The header in front of `hello`, read at once and a byte at a time. */
function headerBeforeHello(bytes: Buffer): ProxyHeader {
  const whole = readInPieces(bytes, [])
  expect(
    readInPieces(
      bytes,
      Array.from({ length: bytes.length }, (_, index) => index),
    ),
  ).toStrictEqual(whole)
  expect(bytes.subarray(whole.consumed).toString()).toBe('hello')
  expect(whole.outcome).not.toBeInstanceOf(ProxyHeaderError)
  return whole.outcome as ProxyHeader
}

describe('HAProxy sends', () => {
  peer.each(Object.keys(SENDERS).map((name, index) => [name, index] as const))(
    title('the addresses of a client (%s)'),
    async (name, index) => {
      const socket = connect(haproxy.ports[index] as number, '127.0.0.1')
      await once(socket, 'connect')
      const { localPort, remotePort } = socket
      const header = headerBeforeHello(await through(socket, 'hello'))
      expect(header).toMatchObject({
        version: name === 'v1' ? 1 : 2,
        command: 'proxy',
        family: 'tcp4',
        sourceAddress: '127.0.0.1',
        sourcePort: localPort,
        destinationAddress: '127.0.0.1',
        destinationPort: remotePort,
      })
      const uniqueId = name === 'options' ? `id-127.0.0.1:${localPort}` : undefined
      expect(header.tlvs.uniqueId?.toString()).toBe(uniqueId)
    },
  )

  peer.each([
    ['v1', '4', CLIENT, proxyHeaderV1],
    ['v2', '4', CLIENT, proxyHeaderV1],
    ['v1', '6', CLIENT6, proxyHeaderV2],
    ['v2', '6', CLIENT6, proxyHeaderV2],
    ['v1', '4 to 6', { ...CLIENT6, sourceAddress: '::ffff:192.0.2.1' }, proxyHeaderV1],
    ['v2', '4 to 6', { ...CLIENT6, sourceAddress: '::ffff:192.0.2.1' }, proxyHeaderV1],
  ] as const)(title('on (%s) what it was told of IPv%s'), async (name, _, told, write) => {
    const bytes = Buffer.concat([write(told), Buffer.from('hello')])
    const header = headerBeforeHello(await through(connect(join(folder, `${name}.sock`)), bytes))
    expect(header).toStrictEqual({ ...told, version: name === 'v1' ? 1 : 2 })
  })

  peer(title('on a host name and a checksum'), async () => {
    const told = { ...CLIENT, tlvs: { authority: 'www.example.org', alpn: 'h2' } }
    const bytes = Buffer.concat([proxyHeaderV2(told, { crc32c: true }), Buffer.from('hello')])
    const sent = await through(connect(join(folder, 'options.sock')), bytes)
    expect(headerBeforeHello(sent)).toMatchObject({ ...CLIENT, tlvs: { authority: 'www.example.org' } })
    // The checksum is there, and was looked at: a byte changed is found.
    sent[16]! ^= 1
    expect(readWhole(sent)).toMatchObject({ code: 'EVENER_PROXY_V2_CRC' })
  })

  tlsPeer.each([
    ['no certificate', undefined, {}],
    ['one that is verified', 'client-1', { verified: true, commonName: 'client-1' }],
    ['one that is not', 'stranger', { verifyError: 18, commonName: 'stranger' }],
  ])(title('the facts of a TLS connection: %s', true), async (_, certificate, facts) => {
    const file =
      certificate === 'stranger' ? makeCertificate(folder, 'stranger') : `${folder}/${certificate}.pem`
    const pem = certificate === undefined ? undefined : readFileSync(file)
    const options: ConnectionOptions = {
      host: '127.0.0.1',
      port: haproxy.ports[Object.keys(SENDERS).length] as number,
      servername: 'www.example.org',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
      ...(pem === undefined ? {} : { key: pem, cert: pem }),
    }
    const socket = connectTls(options)
    await once(socket, 'secureConnect')
    const cipher = socket.getCipher().standardName
    const header = headerBeforeHello(await through(socket, 'hello'))
    expect(header.tlvs).toStrictEqual({
      alpn: 'h2',
      authority: 'www.example.org',
      tls: {
        tls: true,
        certificateOnConnection: pem !== undefined,
        certificateInSession: pem !== undefined,
        verified: false,
        version: 'TLSv1.3',
        cipher,
        signatureAlgorithm: 'ecdsa-with-SHA256',
        keyAlgorithm: 'EC256',
        ...facts,
      },
    })
  })
})

/** What HAProxy says it was told; undefined where it closed the connection. */
async function told(header: Buffer): Promise<string | undefined> {
  const socket = connect(join(folder, 'reader.sock'))
  let answer = ''
  socket.setEncoding('utf8').on('data', text => {
    answer += text
  })
  // A reset is one way to be refused.
  socket.on('error', () => undefined)
  // In one write: HAProxy takes a header that comes in pieces for a wrong one.
  socket.write(Buffer.concat([header, Buffer.from('GET / HTTP/1.0\r\n\r\n')]))
  await new Promise(resolve => socket.once('close', resolve))
  return answer === '' ? undefined : answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

describe('HAProxy reads', () => {
  const tlvs = {
    alpn: 'h2',
    authority: 'www.example.org',
    uniqueId: Buffer.from('id-1'),
    netns: 'blue',
    tls: {
      tls: true,
      certificateOnConnection: true,
      certificateInSession: true,
      verified: true,
      version: 'TLSv1.3',
      clientCertificate: Buffer.alloc(1000, 1),
    },
    other: [{ type: 0xe0, value: Buffer.from('custom') }],
  }
  const said4 = '192.0.2.10|56324|198.51.100.20|443|'
  const said6 = '2001:db8::a|56324|2001:db8:0:1::b|443|'
  peer.each([
    ['version 1 over IPv4', proxyHeaderV1(CLIENT), `${said4}|`],
    ['version 1 over IPv6', proxyHeaderV1(CLIENT6), `${said6}|`],
    ['version 2 over IPv4', proxyHeaderV2(CLIENT), `${said4}|`],
    ['version 2 over IPv6', proxyHeaderV2(CLIENT6), `${said6}|`],
    ['all extensions', proxyHeaderV2({ ...CLIENT, tlvs }), `${said4}www.example.org|id-1`],
    [
      'all extensions, summed',
      proxyHeaderV2({ ...CLIENT6, tlvs }, { crc32c: true }),
      `${said6}www.example.org|id-1`,
    ],
  ])(title('%s'), async (_, header, said) => {
    expect(await told(header)).toBe(said)
  })

  peer.each([
    ['version 1 for UDP', proxyHeaderV1({ ...CLIENT, family: 'udp4' })],
    ['version 2, local', proxyHeaderV2({ ...CLIENT, command: 'local' })],
    ['version 2, local, with a checksum', proxyHeaderV2({ ...CLIENT, command: 'local' }, { crc32c: true })],
  ])(title('%s, and stays with the addresses of the connection'), async (_, header) => {
    // A unix socket has none.
    expect(await told(header)).toBe('|||||')
  })

  const line = (text: string) => Buffer.from(text)
  peer.each([
    ['no header', line('')],
    ['LF alone', line('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n')],
    ['another protocol', line('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['a space at the end', line('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n')],
    ['a sign', line('PROXY TCP6 ::1 ::2 +1 2\r\n')],
    ['IPv4 as IPv6', line('PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['version 1 in binary', v2(0x11, 0x11, V4_ADDRESSES)],
    ['an unknown command', v2(0x22, 0x11, V4_ADDRESSES)],
    ['an unknown family', v2(0x21, 0x41, V4_ADDRESSES)],
    ['short addresses', v2(0x21, 0x11, V4_ADDRESSES.subarray(1))],
    ['half an extension', withTlvs(Buffer.from([0xe0, 0]))],
    ['a value longer than the header', withTlvs(tlv(0xe0, 'ab', 3))],
    ['a wrong checksum', withTlvs(tlv(3, 'abcd'))],
    ['a checksum of three bytes', withTlvs(tlv(3, 'abc'))],
    ['a unique id of 129 bytes', withTlvs(tlv(5, Buffer.alloc(129)))],
    ['a host name of 256 bytes', withTlvs(tlv(2, 'x'.repeat(256)))],
  ])(title('%s as little as this package does'), async (_, header) => {
    expect(await told(header)).toBeUndefined()
    expect(readWhole(Buffer.concat([header, line('GET / HTTP/1.0\r\n\r\n')]))).toBeInstanceOf(
      ProxyHeaderError,
    )
  })

  peer.each([
    ['a number with a leading zero', line('PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'), '1.2.3.4|1|1.2.3.4|2||'],
    ['a port beyond 65535', line('PROXY TCP4 1.2.3.4 1.2.3.4 65537 2\r\n'), '1.2.3.4|1|1.2.3.4|2||'],
    ['three quarters of an address', line('PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'), '1.2.3.0|1|1.2.3.4|2||'],
    ['a field too many', line('PROXY TCP6 ::1 ::2 1 2 3\r\n'), '::1|1|::2|2||'],
    ['a host name twice', withTlvs(tlv(2, 'a.example'), tlv(2, 'b.example')), `${said4}b.example|`],
  ])(
    title('%s, which the specification has no room for, and this package refuses'),
    async (_, header, said) => {
      expect(await told(header)).toBe(said)
      expect(readWhole(header)).toBeInstanceOf(ProxyHeaderError)
    },
  )

  peer.each([
    ['what follows UNKNOWN', line('PROXY UNKNOWN ::1 ::2 1 2\r\n')],
    ['UDP', proxyHeaderV2({ ...CLIENT, family: 'udp4' })],
    ['unix sockets', proxyHeaderV2({ ...CLIENT, family: 'unix-stream' })],
    ['an unspecified family that is not local', proxyHeaderV2({ ...CLIENT, family: 'unknown' })],
  ])(
    title('no header with %s, which the specification allows, and this package reads'),
    async (_, header) => {
      expect(await told(header)).toBeUndefined()
      expect(readWhole(header)).toHaveProperty('family')
    },
  )
})
