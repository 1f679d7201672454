import { connect, createServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { TargetTls } from './contract.ts'
import { readTargetTls, tlsConnectOptions } from './target-tls.ts'
import { tcpCheck } from './tcp-check.ts'
import { certificate, key, listen, patience, targetOf } from './test-support.ts'

describe('the options of TLS towards a target', () => {
  it.each([
    [{ servername: '127.0.0.1' }, 'servername'],
    [{ servername: 'a b' }, 'servername'],
    [{ servername: 7 }, 'servername'],
    [{ verifyHost: '' }, 'verifyHost'],
    [{ ca: 7 }, 'ca'],
    [{ ca: [] }, 'ca'],
    [{ ca: ['x', 7] }, 'ca'],
    [{ crl: {} }, 'crl'],
    [{ cert: ['x'] }, 'cert'],
    [{ key: 'x' }, 'key'],
    [{ passphrase: 7 }, 'passphrase'],
    [{ ciphers: [] }, 'ciphers'],
    [{ minVersion: 'TLSv1.4' }, 'minVersion'],
    [{ maxVersion: 'SSLv3' }, 'maxVersion'],
    [{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, 'minVersion'],
    [{ maxVersion: 'TLSv1.1' }, 'minVersion'],
    [{ rejectUnauthorized: 'no' }, 'rejectUnauthorized'],
    [{ verify: false }, 'verify'],
  ])('%o is refused, and %s named', (tls, name) => {
    expect(() => readTargetTls('tls', tls as unknown as TargetTls)).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringContaining(`tls.${name}`),
      }),
    )
  })

  it('a passphrase and a key are not shown in a message', () => {
    for (const tls of [{ passphrase: ['hunter2'] }, { key: 'hunter2' }]) {
      expect(() => readTargetTls('tls', tls as unknown as TargetTls)).toThrow(/^(?!.*hunter2)/s)
    }
  })

  it('what makes sense is taken as it is', () => {
    const tls: TargetTls = {
      servername: '',
      verifyHost: '::1',
      ca: [certificate, Buffer.from(certificate)],
      cert: certificate,
      key,
      passphrase: '',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: 'HIGH',
      rejectUnauthorized: true,
    }
    expect(readTargetTls('tls', tls)).toBe(tls)
  })

  it.each([
    ['app.test', {}, 'app.test'],
    ['127.0.0.1', {}, ''],
    ['::1', {}, ''],
    ['', {}, ''],
    ['127.0.0.1', { servername: 'app.test' }, 'app.test'],
    ['app.test', { servername: '' }, ''],
  ])('for host %j with %o the name sent is %j', (host, tls, name) => {
    expect(tlsConnectOptions(tls, host).servername).toBe(name)
  })

  it.each([
    ['app.test', {}, 'app.test'],
    ['127.0.0.1', {}, '127.0.0.1'],
    ['', {}, 'localhost'],
    ['127.0.0.1', { servername: 'app.test' }, 'app.test'],
    ['127.0.0.1', { servername: 'app.test', verifyHost: 'localhost' }, 'localhost'],
    ['app.test', { servername: '' }, 'app.test'],
  ])('for host %j with %o the name verified is %j', (host, tls, name) => {
    const { checkServerIdentity } = tlsConnectOptions(tls, host)
    const forName = { subjectaltname: /^[\d.:]+$/.test(name) ? `IP Address:${name}` : `DNS:${name}` }
    expect(checkServerIdentity('whatever', forName as never)).toBeUndefined()
    expect(checkServerIdentity(name, { subjectaltname: 'DNS:other.test' } as never)).toBeInstanceOf(Error)
  })

  it('targets with the same options share a context, whoever gives them', () => {
    const context = (tls: TargetTls) => tlsConnectOptions(tls, 'a.test').secureContext
    const one = { ca: certificate }
    expect(context(one)).toBe(context(one))
    expect(context({ ca: Buffer.from(certificate), servername: 'b.test' })).toBe(context(one))
    expect(context({})).not.toBe(context(one))
    expect(context({ ca: certificate, minVersion: 'TLSv1.3' })).not.toBe(context(one))
  })

  it('ever new options do not fill the memory', () => {
    const context = (ciphers: string) => tlsConnectOptions({ ciphers }, 'a.test').secureContext
    const first = context('HIGH')
    for (let count = 0; count < 64; count++) context(`HIGH:${'!aNULL:'.repeat(count)}@STRENGTH`)
    expect(context('HIGH')).not.toBe(first)
  })
})

describe('a check of a server that asks for a certificate', () => {
  it('shows the one it has, from one file with the key', async () => {
    const names: unknown[] = []
    const server = createServer({ cert: certificate, key, ca: certificate, requestCert: true }, socket => {
      names.push(socket.authorized, socket.getPeerCertificate().subject?.CN)
    })
    await listen(server)
    const tls = { ca: certificate, cert: `${certificate}${key}` }
    expect(await tcpCheck().check(targetOf(server, { tls }), patience())).toMatchObject({ code: 'L6OK' })
    await expect.poll(() => names).toHaveLength(2)
    expect(names[0]).toBe(true)
  })

  it('the options are what node:tls takes', async () => {
    const server = await listen(createServer({ cert: certificate, key }))
    const { host, port } = targetOf(server)
    const socket: TLSSocket = connect({ host, port, ...tlsConnectOptions({ ca: certificate }, host) })
    await new Promise(resolve => socket.once('secureConnect', resolve))
    expect(socket.authorized).toBe(true)
    socket.destroy()
  })
})
