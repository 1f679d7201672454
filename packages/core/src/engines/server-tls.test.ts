import { once } from 'node:events'
import { type AddressInfo, connect as connectPlain, createServer as createPlain } from 'node:net'
import { createServer, type SecureVersion, type TLSSocket, type TlsOptions } from 'node:tls'
import type { TargetTls } from '@evener/health'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import { connectServerTls } from './server-tls.ts'
import { pki } from './test-support-pki.ts'

const named = { ca: pki.ca, servername: 'app.evener.test' }

/** A TLS server that says hello, and what it saw of its connections. */
async function tlsServer(options: TlsOptions = {}) {
  const seen: { resumed: boolean; name: unknown; client: unknown; alpn: unknown }[] = []
  const server = createServer({ ...pki.server, ...options }, socket => {
    const { servername } = socket as { servername?: string | false }
    seen.push({
      resumed: socket.isSessionReused(),
      name: servername,
      client: socket.authorized && socket.getPeerCertificate().subject?.CN,
      alpn: socket.alpnProtocol,
    })
    socket.on('error', () => {})
    // Answered, so that all that belongs to the handshake has passed when the connection ends.
    socket.on('data', () => socket.end('bye'))
    socket.write('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen, server }
}

function serverAt(port: number, tls?: TargetTls): Server {
  const backend = createBackend({
    name: 'b',
    servers: [{ id: 's', address: `https://127.0.0.1:${port}`, tls }],
  })
  onTestFinished(() => backend.close())
  return backend.server('s') as Server
}

/** Connect, read the hello, and hang up: `ok`, or the code of what went wrong. */
async function outcome(socket: TLSSocket): Promise<string> {
  return await new Promise(resolve => {
    socket.once('data', () => socket.write('thanks'))
    socket.once('data', () => socket.once('end', () => resolve('ok')))
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message))
  }).then(async found => {
    socket.destroy()
    if (!socket.closed) await once(socket, 'close')
    return found as string
  })
}

const connected = (server: Server, protocols: readonly string[] = []) =>
  outcome(connectServerTls(server, protocols))

describe('a connection with TLS to a server', () => {
  test('is verified by default: nobody vouches for the certificate, or it is for another', async () => {
    const { port } = await tlsServer()
    expect(await connected(serverAt(port))).toMatch(/UNABLE_TO|SELF_SIGNED/)
    expect(await connected(serverAt(port, { ca: pki.ca }))).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(await connected(serverAt(port, named))).toBe('ok')
    expect(await connected(serverAt(port, { rejectUnauthorized: false }))).toBe('ok')
  })

  test('sends one name and verifies another', async () => {
    const { port, seen } = await tlsServer()
    const tls = { ca: pki.ca, servername: 'sent.evener.test', verifyHost: 'app.evener.test' }
    expect(await connected(serverAt(port, tls))).toBe('ok')
    expect(await connected(serverAt(port, { ...named, verifyHost: 'other.test' }))).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
    expect(await connected(serverAt(port, { ca: pki.ca, verifyHost: 'app.evener.test' }))).toBe('ok')
    expect(seen[0]?.name).toBe('sent.evener.test')
    // An address is never sent as a name.
    expect(seen.at(-1)?.name).toBe(false)
  })

  test('offers protocols, and none where none are named', async () => {
    const { port, seen } = await tlsServer({ ALPNProtocols: ['h2'] })
    const server = serverAt(port, named)
    await connected(server, ['h2', 'http/1.1'])
    await connected(server)
    expect(seen.map(({ alpn }) => alpn)).toEqual(['h2', false])
  })

  test.each([
    ['from two files', { cert: pki.client.cert, key: pki.client.key }],
    ['from one', { cert: `${pki.client.cert}${pki.client.key}` }],
    ['encrypted', { cert: pki.client.cert, key: pki.client.encryptedKey, passphrase: 'secret' }],
  ])('shows a certificate of its own, %s', async (_how, certificate) => {
    const { port, seen } = await tlsServer({ ca: pki.ca, requestCert: true, rejectUnauthorized: true })
    expect(await connected(serverAt(port, { ...named, ...certificate }))).toBe('ok')
    expect(seen[0]?.client).toBe('balancer')
    expect(await connected(serverAt(port, named))).not.toBe('ok')
  })

  test('a certificate that was revoked is refused, where there is a list', async () => {
    const good = await tlsServer()
    const bad = await tlsServer(pki.revoked)
    expect(await connected(serverAt(bad.port, named))).toBe('ok')
    expect(await connected(serverAt(bad.port, { ...named, crl: pki.crl }))).toBe('CERT_REVOKED')
    expect(await connected(serverAt(good.port, { ...named, crl: [pki.crl] }))).toBe('ok')
  })

  test('keeps to its versions and ciphers', async () => {
    const old = await tlsServer({ maxVersion: 'TLSv1.2' })
    expect(await connected(serverAt(old.port, { ...named, minVersion: 'TLSv1.3' }))).not.toBe('ok')
    const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256'
    const socket = connectServerTls(serverAt(old.port, { ...named, ciphers }), [])
    await once(socket, 'secureConnect')
    expect(socket.getCipher().name).toBe(ciphers)
    expect(await outcome(socket)).toBe('ok')
  })

  test('goes over a connection that is there already', async () => {
    const { port } = await tlsServer()
    const server = serverAt(port, named)
    const socket = connectServerTls(server, [], connectPlain(port, '127.0.0.1'))
    expect(await outcome(socket)).toBe('ok')
  })
})

describe('a session', () => {
  test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('is resumed by the next connection, %s', async version => {
    const { port, seen } = await tlsServer({ maxVersion: version })
    const server = serverAt(port, named)
    for (let i = 0; i < 3; i++) expect(await connected(server)).toBe('ok')
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, true, true])
  })

  test('is that of one server alone', async () => {
    const { port, seen } = await tlsServer()
    await connected(serverAt(port, named))
    await connected(serverAt(port, named))
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, false])
  })

  test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'of a server that was not verified is never resumed, %s',
    async version => {
      const { port } = await tlsServer({ maxVersion: version })
      const server = serverAt(port, { ...named, verifyHost: 'other.test' })
      for (let i = 0; i < 3; i++) expect(await connected(server)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    },
  )

  test('that a server does not know any more costs a whole handshake, and no failure', async () => {
    const { port, seen, server: node } = await tlsServer()
    const server = serverAt(port, named)
    await connected(server)
    node.setTicketKeys(Buffer.alloc(48, 7))
    expect(await connected(server)).toBe('ok')
    expect(await connected(server)).toBe('ok')
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, false, true])
  })

  test('that a server hangs up on is not shown to it again', async () => {
    const first = await tlsServer()
    const server = serverAt(first.port, named)
    await connected(server)
    await new Promise(resolve => first.server.close(resolve))
    const rude = createPlain(socket => socket.destroy())
    rude.listen(first.port, '127.0.0.1')
    await once(rude, 'listening')
    expect(await connected(server)).not.toBe('ok')
    await new Promise(resolve => rude.close(resolve))
    first.server.listen(first.port, '127.0.0.1')
    await once(first.server, 'listening')
    expect(await connected(server)).toBe('ok')
    expect(first.seen.map(({ resumed }) => resumed)).toEqual([false, false])
  })
})

describe('options of TLS and HTTP towards a server', () => {
  const make = (server: object) => () =>
    createBackend({ name: 'b', servers: [{ id: 's', address: 'https://a.test', ...server }] })

  test.each([
    [{ tls: { ca: 'no PEM' } }, /tls: cannot be read: /],
    [{ tls: { cert: 'no PEM' } }, /tls: cannot be read: /],
    [{ tls: { cert: pki.client.cert, key: pki.server.key } }, /tls: cannot be read: .*mismatch/],
    [{ tls: { cert: pki.client.cert, key: pki.client.encryptedKey, passphrase: 'no' } }, /cannot be read/],
    [{ tls: { crl: 'no PEM' } }, /cannot be read/],
    [{ tls: { ciphers: 'NONE-SUCH' } }, /cannot be read/],
    [{ tls: { servername: '127.0.0.1' } }, /server\(s\)\.tls\.servername|servers\[0\]/],
    [{ protocol: 'h3' }, /protocol: "h3" is not allowed; expected one of http1, h2, auto/],
    [{ protocol: 'auto', address: 'a.test:80' }, /protocol: "auto" is not allowed/],
  ])('%o is refused', (server, message) => {
    expect(make(server)).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }))
    expect(make(server)).toThrow(message)
  })

  test('the key is in no message', () => {
    const secret = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n'
    expect(make({ tls: { cert: pki.client.cert, key: secret } })).toThrow(/^(?!.*hunter2)/s)
  })

  test('h2 needs no TLS, auto is content with a unix socket that has it', () => {
    for (const server of [
      { protocol: 'h2', address: 'a.test:80' },
      { protocol: 'auto', address: 'unix:/run/app.sock', tls: {} },
      { protocol: 'auto' },
    ]) {
      const backend = make(server)()
      expect(backend.server('s')?.protocol).toBe(server.protocol)
      backend.close()
    }
  })
})
