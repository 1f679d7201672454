import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tlsHeaders } from './client-headers.ts'
import type { ClientCertificateFacts, TlsFacts } from './facts.ts'
import { authority } from './testing/world.ts'

const { der, cert } = authority.issued
const certificate: ClientCertificateFacts = {
  verified: true,
  error: undefined,
  subject: 'CN=client 1,O=Example',
  commonName: 'client 1',
  issuer: 'CN=Test CA',
  serialNumber: 'AB01',
  fingerprint256: 'f'.repeat(64),
  der,
  notBefore: 0,
  notAfter: 1,
}
const facts: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: 'a.test',
  alpn: 'h2',
  resumed: false,
  clientCertificate: certificate,
}
const of = (change: Partial<ClientCertificateFacts>, options = {}) =>
  Object.fromEntries(tlsHeaders(options).of({ ...facts, clientCertificate: { ...certificate, ...change } }))

describe('headers for servers', () => {
  it('tell who the client is, once verified', () => {
    expect(tlsHeaders().of(facts)).toEqual([
      ['X-SSL-Client-Verify', 'SUCCESS'],
      ['X-SSL-Client-DN', 'CN=client 1,O=Example'],
      ['X-SSL-Client-CN', 'client 1'],
      ['X-SSL-Issuer-DN', 'CN=Test CA'],
      ['X-SSL-Client-Serial', 'AB01'],
      ['X-SSL-Client-SHA256', 'f'.repeat(64)],
      ['X-SSL-Protocol', 'TLSv1.3'],
      ['X-SSL-Cipher', 'TLS_AES_128_GCM_SHA256'],
      ['X-SSL-SNI', 'a.test'],
    ])
  })
  it('tell nothing of a certificate that is not verified but that it was there', () => {
    const unverified = of({ verified: false, error: 'CERT_HAS_EXPIRED' })
    expect(unverified).toEqual({
      'X-SSL-Client-Verify': 'FAILED:CERT_HAS_EXPIRED',
      'X-SSL-Protocol': 'TLSv1.3',
      'X-SSL-Cipher': 'TLS_AES_128_GCM_SHA256',
      'X-SSL-SNI': 'a.test',
    })
    expect(of({ verified: false })['X-SSL-Client-Verify']).toBe('FAILED:unknown')
  })
  it('say where there is no certificate, no name, or no TLS', () => {
    const bare = { ...facts, clientCertificate: undefined, serverName: undefined }
    expect(Object.fromEntries(tlsHeaders().of(bare))).toEqual({
      'X-SSL-Client-Verify': 'NONE',
      'X-SSL-Protocol': 'TLSv1.3',
      'X-SSL-Cipher': 'TLS_AES_128_GCM_SHA256',
    })
    expect(tlsHeaders().of(undefined)).toEqual([])
    expect(of({ commonName: undefined })).not.toHaveProperty('X-SSL-Client-CN')
  })
  it('carry the certificate where asked for', () => {
    const headers = of({}, { names: { pem: 'X-SSL-Client-Cert', clientCert: 'Client-Cert' } })
    expect(decodeURIComponent(headers['X-SSL-Client-Cert'] as string)).toBe(cert)
    expect(headers['Client-Cert']).toBe(`:${der.toString('base64')}:`)
  })
  it('may be named otherwise, or left out; all names are to be dropped from clients', () => {
    const headers = tlsHeaders({ names: { commonName: 'X-Client', cipher: false } })
    const names = headers.of(facts).map(([name]) => name)
    expect(names).toContain('X-Client')
    expect(names).not.toContain('X-SSL-Client-CN')
    expect(names).not.toContain('X-SSL-Cipher')
    for (const name of [
      'x-client',
      'x-ssl-client-cn',
      'x-ssl-cipher',
      'x-ssl-client-cert',
      'client-cert',
      'client-cert-chain',
    ]) {
      expect(headers.names).toContain(name)
    }
  })
  it('end no line, whatever a certificate says, and can be undone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), text => {
        const headers = of({
          commonName: text,
          subject: `CN=${text}`,
          issuer: text,
          serialNumber: text,
          error: text,
        })
        for (const value of Object.values(headers))
          expect(value).toMatch(/^$|^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
        if (text.isWellFormed()) expect(decodeURIComponent(headers['X-SSL-Client-CN'] as string)).toBe(text)
      }),
    )
    expect(of({ commonName: ' a\r\nX: 1% ' })['X-SSL-Client-CN']).toBe('%20a%0D%0AX: 1%25%20')
    expect(of({ subject: 'CN=é\\ ' })['X-SSL-Client-DN']).toBe('CN=\\C3\\A9\\20')
  })
  it.each([
    [{ names: { cipher: 'a b' } }, /names\.cipher is "a b"; allowed is a header name, or false/],
    [
      { names: { cipher: 'X-SSL-SNI' } },
      /names\.serverName is "X-SSL-SNI"; allowed is a name that no other field has/,
    ],
    [{ names: { dn: 'x' } }, /names has no option "dn"/],
    [{ name: {} }, /tlsHeaders has no option "name"/],
    [{ names: [] }, /names is a list of 0/],
  ])('refuse names that cannot work: %j', (options, message) => {
    expect(() => tlsHeaders(options as never)).toThrow(message)
  })
})
