import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer as createHttps, get } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { CertificateWarning } from './termination.ts'
import { Authority, dayMs } from './testing/authority.ts'
import {
  authority,
  bundle,
  door,
  folder,
  HandClock,
  listening,
  make,
  openssl,
  opensslInstalled,
  opensslTitle,
  until,
  visit,
} from './testing/world.ts'

const pair = (wish: Parameters<Authority['issue']>[0]) => {
  const { cert, key } = authority.issue(wish)
  return { cert, key }
}

describe('choosing by name', () => {
  const certificates = [bundle('a.test'), bundle('b.test', '*.b.test'), bundle('x.b.test')]

  it('shows the certificate for the name, exact before wildcard, and the first to others', async () => {
    const termination = make({ certificates })
    const { port } = await door(() => termination)
    const shown = async (servername: string) =>
      (await visit(port, { servername, checkServerIdentity: () => undefined })).shown
    expect(await shown('a.test')).toBe('DNS:a.test')
    expect(await shown('B.Test')).toBe('DNS:b.test, DNS:*.b.test')
    expect(await shown('any.b.test')).toBe('DNS:b.test, DNS:*.b.test')
    expect(await shown('x.b.test')).toBe('DNS:x.b.test')
    expect(await shown('stranger.test')).toBe('DNS:a.test')
    expect(await shown('')).toBe('DNS:a.test')
  })
  it('shows the default certificate where one is given', async () => {
    const termination = make({ certificates, defaultCertificate: bundle('default.test') })
    const { port } = await door(() => termination)
    const anyName = { checkServerIdentity: () => undefined }
    expect((await visit(port, { servername: '', ...anyName })).shown).toBe('DNS:default.test')
    expect((await visit(port, { servername: 'a.test' })).shown).toBe('DNS:a.test')
  })
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'refuses strangers with an alert when strict, in %s',
    async maxVersion => {
      const termination = make({ certificates, strictSni: true })
      const { port, failures } = await door(() => termination)
      expect((await visit(port, { servername: 'a.test', maxVersion })).shown).toBe('DNS:a.test')
      for (const servername of ['stranger.test', '']) {
        expect((await visit(port, { servername, maxVersion })).error).toMatch(/ALERT_HANDSHAKE_FAILURE/)
      }
      await until(() => failures.length === 2)
      expect(failures.map(each => each.reason)).toEqual(['unknown-name', 'unknown-name'])
      expect(termination.counters.failed['unknown-name']).toBe(2)
    },
  )
  it('tells a missing cipher from a missing name when strict', async () => {
    const termination = make({ certificates, strictSni: true, maxVersion: 'TLSv1.2' })
    const { port, failures } = await door(() => termination)
    await visit(port, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })
    await until(() => failures.length === 1)
    expect(failures[0]).toMatchObject({
      reason: 'cipher',
      code: 'ERR_SSL_NO_SHARED_CIPHER',
      peerAddress: '127.0.0.1',
    })
  })
  it('holds ECDSA and RSA for one name, and shows what the client can verify', async () => {
    const names = ['a.test']
    const termination = make({ certificates: [pair({ names }), pair({ names, key: 'rsa' })] })
    const { port } = await door(() => termination)
    const with12 = (ciphers: string) => visit(port, { maxVersion: 'TLSv1.2', ciphers })
    expect((await with12('ECDHE-ECDSA-AES128-GCM-SHA256')).keyType).toBe('ec')
    expect((await with12('ECDHE-RSA-AES128-GCM-SHA256')).keyType).toBe('rsa')
    expect((await visit(port, { sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384' })).keyType).toBe('rsa')
    expect((await visit(port)).keyType).toBe('ec')
  })
  it('sends the chain of an intermediate, for each kind of key', async () => {
    const one = new Authority('Intermediate 1', authority)
    const two = new Authority('Intermediate 2', authority)
    const ec = one.issue({ names: ['a.test'] })
    const rsa = two.issue({ names: ['a.test'], key: 'rsa' })
    const termination = make({
      certificates: [{ pem: ec.key + one.cert + ec.cert }, { cert: rsa.cert, key: rsa.key, chain: two.cert }],
    })
    const { port } = await door(() => termination)
    expect((await visit(port)).error).toBeUndefined()
    const only = await visit(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })
    expect(only).toMatchObject({ error: undefined, keyType: 'rsa' })
  })
})

describe('what is spoken', () => {
  it('knows TLS 1.2 and 1.3, and no less', async () => {
    const termination = make({ certificates: bundle('a.test') })
    const { port, secure, failures } = await door(() => termination)
    expect((await visit(port, { maxVersion: 'TLSv1.2' })).cipher).toBe(
      'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    )
    expect((await visit(port)).cipher).toBe('TLS_AES_128_GCM_SHA256')
    expect(secure.map(each => each.facts.version)).toEqual(['TLSv1.2', 'TLSv1.3'])
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect((await visit(port, old)).error).toMatch(/PROTOCOL_VERSION/)
    expect(failures[0]?.reason).toBe('version')
  })
  it('speaks no cipher with CBC or without forward secrecy', async () => {
    const termination = make({ certificates: [pair({ names: ['a.test'], key: 'rsa' })] })
    const { port, failures } = await door(() => termination)
    for (const ciphers of ['ECDHE-RSA-AES128-SHA', 'AES128-GCM-SHA256', 'ECDHE-RSA-AES256-SHA384']) {
      expect((await visit(port, { maxVersion: 'TLSv1.2', ciphers })).error).toMatch(/HANDSHAKE_FAILURE/)
    }
    expect(failures.map(each => each.reason)).toEqual(['cipher', 'cipher', 'cipher'])
  })
  it('keeps to versions, ciphers and curves that are asked for', async () => {
    const termination = make({
      certificates: bundle('a.test'),
      minVersion: 'TLSv1.3',
      cipherSuites: 'TLS_CHACHA20_POLY1305_SHA256',
      curves: 'P-384',
    })
    const { port } = await door(() => termination)
    expect((await visit(port)).cipher).toBe('TLS_CHACHA20_POLY1305_SHA256')
    expect((await visit(port, { maxVersion: 'TLSv1.2' })).error).toMatch(/PROTOCOL_VERSION/)
    expect((await visit(port, { ecdhCurve: 'P-256' })).error).toMatch(/HANDSHAKE_FAILURE/)
  })
  it('agrees on a protocol, refuses where there is none in common, and lets in who offers none', async () => {
    const termination = make({ certificates: bundle('a.test'), alpn: ['h2', 'http/1.1'] })
    const { port, secure, failures } = await door(() => termination)
    expect((await visit(port, { ALPNProtocols: ['http/1.1', 'h2'] })).alpn).toBe('h2')
    expect((await visit(port)).error).toBeUndefined()
    expect(secure.map(each => each.facts.alpn)).toEqual(['h2', undefined])
    expect((await visit(port, { ALPNProtocols: ['spdy/1'] })).error).toMatch(/NO_APPLICATION_PROTOCOL/)
    expect(failures.map(each => each.reason)).toEqual(['alpn'])
  })
  it('does without ALPN where the list is empty', async () => {
    const termination = make({ certificates: bundle('a.test'), alpn: [] })
    const { port, secure } = await door(() => termination)
    expect((await visit(port, { ALPNProtocols: ['h2'] })).error).toBeUndefined()
    expect(secure[0]?.facts.alpn).toBeUndefined()
  })
})

describe('facts', () => {
  it('are those of the handshake, computed once', async () => {
    const termination = make({ certificates: bundle('a.test') })
    const { port, secure } = await door(() => termination)
    await visit(port, { servername: 'A.Test', ALPNProtocols: ['http/1.1'] })
    const { socket, facts } = secure[0]!
    expect(facts).toEqual({
      version: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      serverName: 'a.test',
      alpn: 'http/1.1',
      resumed: false,
      clientCertificate: undefined,
    })
    expect(termination.factsOf(socket)).toBe(facts)
    await visit(port, { servername: '', checkServerIdentity: () => undefined })
    expect(secure[1]?.facts.serverName).toBeUndefined()
  })
})

describe('resumption', () => {
  const secret = 'a secret of at least thirty-two bytes'
  const versions = ['TLSv1.2', 'TLSv1.3'] as const

  it.each(versions)('works across two terminations with one secret, in %s', async maxVersion => {
    const options = { certificates: [bundle('b.test'), bundle('a.test')], tickets: { secret } }
    const [one, two] = [make(options), make(options)]
    const first = await door(() => one)
    const second = await door(() => two)
    const { session } = await visit(first.port, { maxVersion })
    expect(await visit(second.port, { maxVersion, session: session! })).toMatchObject({ resumed: true })
    await until(() => second.secure.length === 1)
    expect(second.secure[0]?.facts.resumed).toBe(true)
    expect(two.counters).toMatchObject({ handshakes: 1, resumed: 1 })
  })
  it('does not work with another secret, in another period, or without tickets', async () => {
    const certificates = bundle('a.test')
    let now = Date.UTC(2026, 0, 1)
    const clock = new HandClock()
    const termination = make({
      certificates,
      tickets: { secret, rotateMs: 60_000 },
      clock,
      wallClock: () => now,
    })
    const { port } = await door(() => termination)
    const { session } = await visit(port)
    expect((await visit(port, { session: session! })).resumed).toBe(true)
    const other = make({ certificates, tickets: { secret: secret.toUpperCase() } })
    expect((await visit((await door(() => other)).port, { session: session! })).resumed).toBe(false)
    now += 60_000
    clock.advance(60_000)
    const later = await visit(port, { session: session! })
    expect(later.resumed).toBe(false)
    expect((await visit(port, { session: later.session! })).resumed).toBe(true)
    const without = make({ certificates, tickets: false })
    const bare = await door(() => without)
    const none = await visit(bare.port)
    expect((await visit(bare.port, { session: none.session! })).resumed).toBe(false)
  })
  it('goes on after a reload', async () => {
    const path = `${folder()}/a.pem`
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path })
    const { port } = await door(() => termination)
    const { session } = await visit(port)
    writeFileSync(path, bundle('a.test'))
    await termination.reload()
    expect((await visit(port, { session: session! })).resumed).toBe(true)
  })
  it('keeps the key it has where the provider fails, and says so', async () => {
    const clock = new HandClock()
    let now = 0
    let broken = false
    const keys = () => (broken ? Buffer.alloc(3) : Buffer.alloc(48, 7))
    const termination = make({
      certificates: bundle('a.test'),
      tickets: { keys, rotateMs: 60_000 },
      clock,
      wallClock: () => now,
    })
    const failed: string[] = []
    termination.on('reload-failed', failure => failed.push(failure.reason))
    const { port } = await door(() => termination)
    const { session } = await visit(port)
    broken = true
    now = 60_000
    clock.advance(60_000)
    expect(failed).toEqual(['tickets.keys() did not give 48 bytes'])
    expect((await visit(port, { session: session! })).resumed).toBe(true)
  })
})

describe('client certificates', () => {
  const clients = new Authority('Clients')
  const client = clients.issue({
    names: [],
    subject: [
      ['O', 'Ex, ample'],
      ['CN', 'client 1'],
    ],
  })
  const forged = new Authority('Clients').issue({ names: [], subject: [['CN', 'client 1']] })
  const ca = clients.cert
  const show = ({ cert, key }: { cert: string; key: string }) => ({ cert, key })
  const certificates = [bundle('a.test'), bundle('b.test')]

  it('are not asked for by default', async () => {
    const termination = make({ certificates })
    const { port, secure } = await door(() => termination)
    await visit(port, show(client))
    expect(secure[0]?.facts.clientCertificate).toBeUndefined()
  })
  it.each(['a.test', 'b.test'])(
    'are verified where optional, and others are let in (%s)',
    async servername => {
      const termination = make({ certificates, clientCertificates: { verify: 'optional', ca } })
      const { port, secure } = await door(() => termination)
      for (const shown of [show(client), show(forged), {}]) {
        expect((await visit(port, { servername, ...shown })).error).toBeUndefined()
      }
      await until(() => secure.length === 3)
      const [good, bad, none] = secure.map(each => each.facts.clientCertificate)
      expect(good).toMatchObject({
        verified: true,
        error: undefined,
        subject: 'CN=client 1,O=Ex\\, ample',
        commonName: 'client 1',
        issuer: 'CN=Clients',
        serialNumber: client.x509.serialNumber,
        der: client.der,
        notBefore: client.x509.validFromDate.getTime(),
        notAfter: client.x509.validToDate.getTime(),
      })
      expect(good?.fingerprint256).toMatch(/^[0-9a-f]{64}$/)
      expect(bad).toMatchObject({ verified: false, commonName: 'client 1' })
      expect(bad?.error).toMatch(/^[A-Z_]+$/)
      expect(none).toBeUndefined()
    },
  )
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'keep their verdict when a session is resumed, in %s',
    async maxVersion => {
      const termination = make({ certificates, clientCertificates: { verify: 'optional', ca } })
      const { port, secure } = await door(() => termination)
      for (const shown of [client, forged]) {
        const { session } = await visit(port, { maxVersion, ...show(shown) })
        await visit(port, { maxVersion, session: session!, ...show(shown) })
      }
      await until(() => secure.length === 4)
      const verdicts = secure.map(({ facts }) => [facts.resumed, facts.clientCertificate?.verified])
      expect(verdicts).toEqual([
        [false, true],
        [true, true],
        [false, false],
        [true, false],
      ])
    },
  )
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('are required, in %s', async maxVersion => {
    const termination = make({ certificates, clientCertificates: { verify: 'required', ca } })
    const { port, secure, failures } = await door(() => termination)
    expect((await visit(port, { maxVersion, ...show(client) })).error).toBeUndefined()
    expect((await visit(port, { maxVersion })).error).toMatch(
      /ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)/,
    )
    expect((await visit(port, { maxVersion, ...show(forged) })).error).toBeDefined()
    await until(() => failures.length === 2)
    expect(failures.map(each => each.reason)).toEqual(['client-certificate', 'client-certificate'])
    expect(secure.length).toBe(1)
  })
  it('are refused when revoked, also when they would resume, once the list is read', async () => {
    const crl = `${folder()}/crl.pem`
    writeFileSync(crl, clients.revoke())
    const termination = make({ certificates, clientCertificates: { verify: 'required', ca, crl } })
    const { port, failures } = await door(() => termination)
    const { error, session } = await visit(port, show(client))
    expect(error).toBeUndefined()
    expect((await visit(port, { session: session!, ...show(client) })).resumed).toBe(true)
    writeFileSync(crl, clients.revoke(client))
    expect((await termination.reload()).changed).toEqual(['clientCertificates'])
    expect((await visit(port, { session: session!, ...show(client) })).error).toBeDefined()
    await until(() => failures.length === 1)
    expect(failures[0]).toMatchObject({ reason: 'client-certificate', code: 'CERT_REVOKED' })
    writeFileSync(crl, 'nothing')
    const report = await termination.reload()
    expect(report).toMatchObject({ changed: [], failed: [{ source: crl }] })
  })
})

describe('limits', () => {
  it('ends a handshake that takes too long, however busy the client is', async () => {
    const clock = new HandClock()
    const termination = make({ certificates: bundle('a.test'), handshakeTimeoutMs: 1000, clock })
    const { port, failures, raw } = await door(() => termination)
    const slow = connectPlain(port, '127.0.0.1')
    slow.on('error', () => {})
    await once(slow, 'connect')
    await until(() => termination.counters.now === 1)
    clock.advance(900)
    slow.write(Buffer.from([22, 3, 1]))
    await until(() => raw[0]!.bytesRead > 0)
    clock.advance(99)
    expect(failures).toEqual([])
    clock.advance(1)
    expect(failures).toMatchObject([
      { reason: 'timeout', code: 'EVENER_TLS_TIMEOUT', peerAddress: '127.0.0.1' },
    ])
    slow.resume()
    await once(slow, 'close')
    expect(termination.counters).toMatchObject({ now: 0, failed: { timeout: 1, closed: 0 } })
  })
  it('turns away more handshakes at once than it may have', async () => {
    const termination = make({ certificates: bundle('a.test'), maxHandshakes: 1 })
    const told: string[] = []
    termination.on('handshake-failed', failure => told.push(failure.code))
    const { port, failures } = await door(() => termination)
    const idle = connectPlain(port, '127.0.0.1')
    idle.on('error', () => {})
    await until(() => termination.counters.now === 1)
    expect((await visit(port)).error).toBeDefined()
    expect(failures).toMatchObject([{ reason: 'refused', code: 'EVENER_TLS_TOO_MANY' }])
    expect(told).toEqual(['EVENER_TLS_TOO_MANY'])
    idle.destroy()
    await until(() => termination.counters.now === 0)
    expect((await visit(port)).error).toBeUndefined()
    expect(termination.counters).toMatchObject({ refused: 1, handshakes: 1, failed: { closed: 1 } })
  })
  it('answers garbage and clients that leave with an end, and goes on', async () => {
    const termination = make({ certificates: bundle('a.test') })
    const { port, failures } = await door(() => termination)
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\0\0\0\0\0\0', '\x16\x03\x01\0\x05hello']) {
      const socket = connectPlain(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
      socket.on('error', () => {})
      socket.resume()
      await once(socket, 'close')
    }
    await until(() => failures.length === 3)
    expect(failures.map(each => each.reason)).toEqual(['not-tls', 'not-tls', 'not-tls'])
    const socket = connectPlain(port, '127.0.0.1', () => socket.end())
    socket.resume()
    await until(() => failures.length === 4)
    expect(failures[3]).toMatchObject({ reason: 'closed', code: 'ECONNRESET' })
    expect((await visit(port)).error).toBeUndefined()
  })
  it.skipIf(!opensslInstalled)(opensslTitle('knows an alert: the client does not trust us'), async () => {
    const termination = make({ certificates: bundle('a.test') })
    const { port, failures } = await door(() => termination)
    await openssl(['s_client', '-connect', `127.0.0.1:${port}`, '-verify_return_error'], 'Q\n')
    await until(() => failures.length === 1)
    expect(failures[0]).toMatchObject({ reason: 'alert', code: expect.stringMatching(/UNKNOWN_CA/) })
  })
})

describe('sockets from elsewhere', () => {
  it('may have been read before: what was given back counts', async () => {
    const termination = make({ certificates: bundle('a.test') })
    const { port, secure } = await door(
      () => termination,
      (socket, go) => {
        socket.once('readable', () => {
          const bytes = socket.read() as Buffer
          expect(bytes.subarray(0, 5).toString()).toBe('PROXY')
          socket.unshift(bytes.subarray(5))
          go()
        })
      },
    )
    const socket = connectPlain(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('PROXY')
    expect((await visit(0, { socket })).error).toBeUndefined()
    expect(secure.length).toBe(1)
  })
  it('fail at once where they are destroyed, or the termination is closed', async () => {
    const termination = make({ certificates: bundle('a.test') })
    const gone = await door(
      () => termination,
      (socket, go) => {
        socket.destroy()
        go()
      },
    )
    expect((await visit(gone.port)).error).toBeDefined()
    expect(gone.failures).toMatchObject([{ reason: 'closed' }])
    const { port, failures } = await door(() => termination)
    const idle = connectPlain(port, '127.0.0.1')
    idle.on('error', () => {})
    await until(() => termination.counters.now === 1)
    termination.close()
    expect(failures).toMatchObject([{ reason: 'other', code: 'EVENER_TLS_CLOSED' }])
    expect((await visit(port)).error).toBeDefined()
    expect(failures[1]).toMatchObject({ reason: 'refused', code: 'EVENER_TLS_CLOSED' })
  })
})

describe("a host's own server", () => {
  it('takes the options, and follows reloads once attached', async () => {
    const path = `${folder()}/a.pem`
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: [path, bundle('b.test')] })
    const server = createHttps(termination.serverOptions(), (_request, response) => response.end('hi'))
    const detach = termination.attach(server)
    const port = await listening(server)
    const ask = async (servername: string) => {
      const request = get({
        port,
        host: '127.0.0.1',
        servername,
        ca: authority.cert,
        agent: false,
        headers: { connection: 'close' },
      })
      const [response] = await once(request, 'response')
      const socket = response.socket as import('node:tls').TLSSocket
      const { subjectAltName, serialNumber } = socket.getPeerX509Certificate()!
      response.resume()
      return { subjectAltName, serialNumber }
    }
    const before = await ask('a.test')
    expect((await ask('b.test')).subjectAltName).toBe('DNS:b.test')
    writeFileSync(path, bundle('a.test'))
    await termination.reload()
    const after = await ask('a.test')
    expect(after.subjectAltName).toBe('DNS:a.test')
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(termination.counters.handshakes).toBe(3)
    detach()
    await ask('a.test')
    expect(termination.counters).toMatchObject({ handshakes: 3, now: 0 })
  })
  it('counts failures and keeps the limit', async () => {
    const clock = new HandClock()
    const termination = make({
      certificates: bundle('a.test'),
      maxHandshakes: 1,
      handshakeTimeoutMs: 10,
      clock,
    })
    const failures: string[] = []
    termination.on('handshake-failed', failure => failures.push(failure.code))
    const server = createTls({ ...termination.serverOptions(), handshakeTimeout: 60_000 }, socket => {
      socket.on('error', () => {})
      socket.end('hi')
    })
    termination.attach(server)
    const port = await listening(server)
    const idle = connectPlain(port, '127.0.0.1')
    idle.on('error', () => {})
    await until(() => termination.counters.now === 1)
    expect((await visit(port)).error).toBeDefined()
    clock.advance(10)
    expect((await visit(port)).error).toBeUndefined()
    expect(failures).toEqual(['EVENER_TLS_TOO_MANY', 'EVENER_TLS_TIMEOUT'])
    expect(termination.counters).toMatchObject({ handshakes: 1, refused: 1, now: 0, failed: { timeout: 1 } })
  })
  it('may be an HTTP/2 server', async () => {
    const termination = make({ certificates: bundle('a.test'), alpn: ['h2', 'http/1.1'] })
    const server = createSecureServer({ ...termination.serverOptions(), allowHTTP1: true })
    termination.attach(server)
    const port = await listening(server)
    expect((await visit(port, { ALPNProtocols: ['h2'] })).alpn).toBe('h2')
  })
})

describe('stapling', () => {
  const issued = authority.issue({ names: ['a.test'] })
  const status = (port: number) =>
    openssl(['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'a.test', '-status'], 'Q\n')

  it.skipIf(!opensslInstalled)(opensslTitle('sends the response as long as it holds'), async () => {
    const nextUpdate = Date.now() + dayMs
    let now = Date.now()
    const { cert, key } = issued
    const termination = make({
      certificates: { cert, key, ocsp: authority.vouch(issued, { nextUpdate }) },
      wallClock: () => now,
    })
    const { port } = await door(() => termination)
    expect(await status(port)).toMatch(/OCSP Response Status: successful/)
    expect(termination.certificates()[0]?.stapleNotAfter).toBe(Math.floor(nextUpdate / 1000) * 1000)
    now = nextUpdate + 1000
    expect(await status(port)).toMatch(/OCSP response: no response sent/)
    const server = createTls(termination.serverOptions())
    termination.attach(server)
    now = nextUpdate - 2000
    expect(await status(await listening(server))).toMatch(/OCSP Response Status: successful/)
  })
  it.skipIf(!opensslInstalled)(opensslTitle('sends none for a name with two kinds of key'), async () => {
    const { cert, key } = issued
    const termination = make({
      certificates: [
        { cert, key, ocsp: authority.vouch(issued) },
        pair({ names: ['a.test'], key: 'rsa' }),
        { pem: bundle('b.test') },
      ],
    })
    const { port } = await door(() => termination)
    expect(await status(port)).toMatch(/OCSP response: no response sent/)
  })
  it.skipIf(!opensslInstalled)(opensslTitle('answers strangers too when strict'), async () => {
    const { cert, key } = issued
    const certificates = { cert, key, ocsp: authority.vouch(issued) }
    const termination = make({ certificates, strictSni: true })
    const { port, failures } = await door(() => termination)
    expect(await status(port)).toMatch(/OCSP Response Status: successful/)
    await openssl(['s_client', '-connect', `127.0.0.1:${port}`, '-noservername', '-status'], 'Q\n')
    await until(() => failures.length === 1)
    expect(failures[0]?.reason).toBe('unknown-name')
  })
})

describe('warnings', () => {
  it('name what is wrong with a certificate that is served all the same', async () => {
    const now = Date.now()
    const late = authority.issue({ names: ['late.test'] })
    const stale = authority.issue({ names: ['stale.test'] })
    const source = ({ cert, key }: { cert: string; key: string }, ocsp?: Buffer) => ({ cert, key, ocsp })
    const certificates = [
      source(authority.issue({ names: ['a.test'], notAfter: now - dayMs / 2, notBefore: now - dayMs })),
      source(authority.issue({ names: ['soon.test'], notAfter: now + dayMs })),
      source(authority.issue({ names: ['early.test'], notBefore: now + dayMs })),
      source(late, authority.vouch(authority.issued)),
      source(stale, authority.vouch(stale, { nextUpdate: now - dayMs / 2 })),
    ]
    const termination = make({ certificates })
    const warnings: CertificateWarning[] = []
    termination.on('certificate-warning', warning => warnings.push(warning))
    await until(() => warnings.length === 5)
    expect(warnings.map(each => `${each.kind} ${each.message}`)).toEqual([
      expect.stringMatching(/^expired certificates\[0\]: expired 20/),
      expect.stringMatching(/^expiring certificates\[1\]: expires 20/),
      expect.stringMatching(/^not-yet-valid certificates\[2\]: valid from 20/),
      'staple certificates[3]: its OCSP response is not sent: it speaks of another certificate',
      'staple certificates[4]: its OCSP response is out of date',
    ])
    const { port } = await door(() => termination)
    expect((await visit(port)).error).toBe('CERT_HAS_EXPIRED')
  })
})
