import { describe, expect, it } from 'vitest'
import { tlsTermination } from './termination.ts'
import { bundle } from './testing/world.ts'

describe('options', () => {
  const certificates = bundle('a.test')
  const bad: [string, Record<string, unknown>, RegExp][] = [
    ['unknown', { certificate: 1 }, /has no option "certificate"/],
    ['no sources', { certificates: [] }, /certificates is a list of 0/],
    ['a number', { certificates: 1 }, /certificates is 1; allowed is a path/],
    ['an empty path', { certificates: [''] }, /certificates\[0\]/],
    ['unknown in source', { certificates: { pem: 'x', chain: 'y' } }, /has no option "chain"/],
    ['no key', { certificates: { cert: 'x' } }, /certificates\.key is undefined/],
    ['chain', { certificates: { cert: 'x', key: 'y', chain: 7 } }, /certificates\.chain is 7/],
    ['passphrase', { certificates: { pem: 'x', passphrase: '' } }, /passphrase is ""/],
    ['ocsp', { certificates: { pem: 'x', ocsp: 'x' } }, /certificates\.ocsp is "x"/],
    ['default', { defaultCertificate: null }, /defaultCertificate is null/],
    ['default and strict', { strictSni: true, defaultCertificate: certificates }, /defaultCertificate/],
    ['strictSni', { strictSni: 'yes' }, /strictSni is "yes"; allowed is true or false/],
    ['minVersion', { minVersion: 'TLSv1.1' }, /minVersion is "TLSv1.1"; allowed is one of/],
    ['versions', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, /maxVersion/],
    ['ciphers', { ciphers: 'NONSENSE' }, /ciphers is "NONSENSE"; OpenSSL does not take it/],
    ['ciphers of 1.3', { ciphers: 'TLS_AES_128_GCM_SHA256' }, /belong into cipherSuites/],
    ['cipherSuites', { cipherSuites: 'AES128' }, /cipherSuites/],
    ['unknown cipherSuites', { cipherSuites: 'TLS_NO' }, /cipherSuites is "TLS_NO"; OpenSSL/],
    ['curves', { curves: 'round' }, /curves is "round"; OpenSSL/],
    ['empty curves', { curves: '' }, /curves is ""/],
    ['alpn', { alpn: ['x'.repeat(256)] }, /alpn is a list of 1/],
    ['alpn text', { alpn: 'h2' }, /alpn is "h2"/],
    ['timeout', { handshakeTimeoutMs: 0 }, /handshakeTimeoutMs is 0; allowed is an integer from 1/],
    ['limit', { maxHandshakes: 1.5 }, /maxHandshakes is 1.5/],
    ['watch', { watch: { debounce: 1 } }, /has no option "debounce"/],
    ['debounce', { watch: { debounceMs: 0 } }, /watch\.debounceMs is 0/],
    ['watch text', { watch: 'yes' }, /watch is "yes"/],
    ['tickets', { tickets: true }, /tickets is true/],
    ['short secret', { tickets: { secret: 'short' } }, /tickets\.secret is too short/],
    [
      'secret and keys',
      { tickets: { secret: 'x'.repeat(32), keys: () => 1 } },
      /tickets\.keys is a function/,
    ],
    ['keys', { tickets: { keys: [] } }, /tickets\.keys is a list of 0; allowed is a function/],
    ['short key', { tickets: { keys: () => Buffer.alloc(47) } }, /did not give 48 bytes/],
    ['rotateMs', { tickets: { rotateMs: 1000 } }, /tickets\.rotateMs is 1000/],
    ['lifetime', { tickets: { lifetimeSeconds: 604_801 } }, /tickets\.lifetimeSeconds/],
    ['verify', { clientCertificates: { verify: 'maybe' } }, /clientCertificates\.verify is "maybe"/],
    ['no ca', { clientCertificates: { verify: 'required' } }, /clientCertificates\.ca is missing/],
    ['ca', { clientCertificates: { ca: [] } }, /clientCertificates\.ca is a list of 0/],
  ]
  it.each(bad)('are refused with the field and the value: %s', (_what, options, message) => {
    const make = () => tlsTermination({ certificates, ...options } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }))
    expect(make).toThrow(message)
  })
  it('do not put a secret into an error', () => {
    expect(() => tlsTermination({ certificates, tickets: { secret: 'hunter2' } })).not.toThrow(/hunter2/)
  })
  const unreadable: [string, Record<string, unknown>, RegExp][] = [
    ['ca file', { clientCertificates: { ca: '/nowhere/ca.pem' } }, /^\/nowhere\/ca\.pem: ENOENT/],
    [
      'empty ca',
      { clientCertificates: { ca: Buffer.from('x') } },
      /^clientCertificates\.ca: no certificate in it/,
    ],
    [
      'bad ca',
      { clientCertificates: { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' } },
      /cannot be read/,
    ],
    [
      'no crl',
      { clientCertificates: { crl: Buffer.from(certificates) } },
      /clientCertificates\.crl: no revocation list/,
    ],
    [
      'bad crl',
      { clientCertificates: { crl: '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----' } },
      /revocation list in it cannot be read/,
    ],
    [
      'certificate',
      { certificates: '/nowhere/a.pem', watch: true },
      /^\/nowhere\/a\.pem: there is no such file/,
    ],
  ]
  it.each(unreadable)(
    'that name unusable material are refused with the place and the reason: %s',
    (_what, options, message) => {
      const make = () => tlsTermination({ certificates, ...options } as never)
      expect(make).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_CERTIFICATE' }))
      expect(make).toThrow(message)
    },
  )
})
