import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { distinguishedName, readFacts, unescaped } from './peer-facts.ts'
import { authority } from './testing/world.ts'

const socket = (more: object) =>
  ({
    servername: false,
    alpnProtocol: false,
    authorized: true,
    authorizationError: null,
    getCipher: () => ({ standardName: 'TLS_AES_128_GCM_SHA256' }),
    getProtocol: () => 'TLSv1.3',
    isSessionReused: () => false,
    getPeerX509Certificate: () => undefined,
    ...more,
  }) as unknown as TLSSocket

describe('facts of a peer', () => {
  it('are empty where the connection is gone', () => {
    const gone = socket({ getCipher: () => undefined, getProtocol: () => null, servername: '' })
    expect(readFacts(gone, true)).toEqual({
      version: '',
      cipher: '',
      serverName: undefined,
      alpn: undefined,
      resumed: false,
      clientCertificate: undefined,
    })
  })
  it.each([
    [
      [
        ['O', 'One'],
        ['CN', 'low'],
        ['CN', 'a, b + c'],
      ],
      'CN=a\\, b \\+ c,CN=low,O=One',
      'a, b + c',
    ],
    [[['CN', 'line\nbreak é']], 'CN=line\\0Abreak é', 'line\nbreak é'],
    [[['O', 'nobody']], 'O=nobody', undefined],
    [[], '', undefined],
  ] as [[string, string][], string, string | undefined][])(
    'name the subject %j as RFC 4514 does',
    (subject, name, commonName) => {
      const { x509 } = authority.issue({ names: [], subject })
      const facts = readFacts(socket({ getPeerX509Certificate: () => x509 }), true)
      expect(facts.clientCertificate).toMatchObject({ subject: name, commonName, issuer: 'CN=Test CA' })
    },
  )
  it('keep several values of one part together', () => {
    expect(distinguishedName('O=One\nCN=x + UID=1')).toBe('CN=x+UID=1,O=One')
  })
  it('are freed of their escapes', () => {
    expect(unescaped('a\\, \\C3\\A9\\\\ \\#')).toBe('a, é\\ #')
  })
})
