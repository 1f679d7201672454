import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkSource, placesOf } from './certificate-files.ts'
import { loadCertificate } from './certificates.ts'
import { isHostName } from './host-name.ts'
import { pemBlocks } from './pem.ts'
import { Authority, pem } from './testing/authority.ts'
import { authority, bundle, folder, opensslInstalled, opensslTitle } from './testing/world.ts'

const load = (text: string, passphrase?: string) =>
  loadCertificate({ source: 'x.pem', pem: text, passphrase, ocsp: undefined })
const read = (path: string) => placesOf(path, path).map(place => loadCertificate(place.read()))
const firstName = (path: string) => read(path).map(each => each.info.names[0])

describe('a certificate', () => {
  it('is told by what it says', () => {
    const issued = authority.issue({ names: ['A.Test', '*.b.test', 'a.test'], addresses: [[127, 0, 0, 1]] })
    const { info } = load(issued.key + issued.cert)
    expect(info).toEqual({
      source: 'x.pem',
      names: ['a.test', '*.b.test'],
      keyKind: 'ecdsa',
      notBefore: issued.x509.validFromDate.getTime(),
      notAfter: issued.x509.validToDate.getTime(),
      fingerprint256: issued.x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      stapleNotAfter: undefined,
    })
  })
  it.each([
    ['rsa', 'rsa'],
    ['ed25519', 'ed25519'],
  ] as const)('may have a key of kind %s', (key, kind) => {
    const issued = authority.issue({ key })
    expect(load(issued.cert + issued.key).info.keyKind).toBe(kind)
  })
  it.skipIf(!opensslInstalled)(opensslTitle('may have a key of another kind'), () => {
    const key = execFileSync('openssl', ['genpkey', '-algorithm', 'ed448'], { encoding: 'utf8' })
    const keyFile = join(folder(), 'key.pem')
    writeFileSync(keyFile, key)
    const cert = execFileSync('openssl', ['req', '-x509', '-key', keyFile, '-subj', '/CN=x.test'], {
      encoding: 'utf8',
    })
    expect(load(cert + key).info).toMatchObject({ keyKind: 'other', names: ['x.test'] })
  })
  it('goes by its common name only where it has no alternative names', () => {
    const subject = [['CN', 'common.test'] as const]
    const names = (wish: Parameters<Authority['issue']>[0]) => {
      const { cert, key } = authority.issue({ subject, ...wish })
      return load(cert + key).info.names
    }
    expect(names({ names: [] })).toEqual(['common.test'])
    expect(names({ names: ['a.test'] })).toEqual(['a.test'])
    expect(names({ names: [], addresses: [[10, 0, 0, 1]] })).toEqual([])
  })
  it('takes no name from one that only looks like a list', () => {
    const { cert, key } = authority.issue({ names: ['evil, DNS:bank.test', 'a "b', 'a.test', 'not a name'] })
    expect(load(cert + key).info.names).toEqual(['a.test'])
  })
  it('stands first in its chain, then who issued it, whatever the order of the file', () => {
    const one = new Authority('One', authority)
    const two = new Authority('Two', one)
    const { cert, key } = two.issue()
    const stranger = new Authority('Stranger').cert
    for (const text of [
      stranger + authority.cert + one.cert + key + two.cert + cert,
      key + cert + two.cert + stranger + one.cert + authority.cert + cert,
    ]) {
      expect(load(text).chain).toBe([cert, two.cert, one.cert, authority.cert, stranger].join(''))
    }
  })
  it('may come with an encrypted key, and its passphrase', () => {
    const { cert, privateKey } = authority.issue()
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' } as const
    const key = privateKey.export(cipher) as string
    expect(load(cert + key, 'open').passphrase).toBe('open')
    expect(() => load(cert + key, 'sesame')).toThrow(/^x\.pem: a private key in it cannot be read/)
    expect(() => load(cert + key)).toThrow(/^x\.pem: a private key in it cannot be read/)
  })
  it.each([
    ['nothing', '', /^x\.pem: no certificate in it/],
    ['no key', authority.cert, /^x\.pem: no private key in it, nor beside it/],
    ['no certificate', authority.issued.key, /^x\.pem: no certificate/],
    ['the key of another', authority.cert + authority.issue().key, /belongs to a certificate/],
    ['a broken certificate', pem('CERTIFICATE', Buffer.from('x')), /a certificate in it cannot be read/],
    [
      'a broken key',
      authority.cert + pem('PRIVATE KEY', Buffer.from('x')),
      /a private key in it cannot be read/,
    ],
  ])('is refused with the source and the reason: %s', (_what, text, message) => {
    expect(() => load(text)).toThrow(message)
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_CERTIFICATE', subject: 'x.pem' }),
    )
  })
  it.skipIf(!opensslInstalled)(opensslTitle('is refused where OpenSSL finds the key too weak'), () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 512 })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const keyFile = join(folder(), 'key.pem')
    writeFileSync(keyFile, key)
    const cert = execFileSync('openssl', ['req', '-x509', '-key', keyFile, '-subj', '/CN=weak.test'], {
      encoding: 'utf8',
    })
    expect(() => load(cert + key)).toThrow(/^x\.pem: OpenSSL refuses it \(.*small/)
  })
})

describe('files', () => {
  it('may have key and staple beside them', () => {
    const path = folder()
    const { cert, key } = authority.issue({ names: ['a.test'] })
    writeFileSync(join(path, 'a.pem'), cert)
    writeFileSync(join(path, 'a.pem.key'), key)
    writeFileSync(join(path, 'a.pem.ocsp'), 'rubbish')
    writeFileSync(join(path, 'tls.crt'), cert)
    writeFileSync(join(path, 'tls.key'), key)
    const [a] = read(join(path, 'a.pem'))
    expect(a?.info.names).toEqual(['a.test'])
    expect(a?.stapleProblem).toBe('it is not an OCSP response in DER')
    expect(firstName(join(path, 'tls.crt'))).toEqual(['a.test'])
  })
  it('may be a bundle by kind of key', () => {
    const path = join(folder(), 'a.pem')
    const rsa = authority.issue({ key: 'rsa' })
    writeFileSync(`${path}.rsa`, rsa.cert + rsa.key)
    writeFileSync(`${path}.ecdsa`, bundle('a.test'))
    expect(read(path).map(each => each.info.keyKind)).toEqual(['ecdsa', 'rsa'])
  })
  it('may be all of a folder, in order, without hidden ones, folders and those beside others', () => {
    const path = folder()
    mkdirSync(join(path, 'deeper'))
    for (const name of ['b.pem', 'a.pem', '.hidden', 'a.pem.issuer', 'a.pem.sctl', 'x.key']) {
      writeFileSync(join(path, name), bundle(`${name.replace(/\W/g, '')}.test`))
    }
    expect(firstName(path)).toEqual(['apem.test', 'bpem.test'])
  })
  it('that cannot be found or read are told by name', () => {
    const path = folder()
    expect(() => placesOf(join(path, 'no'), 'x')).toThrow(`${path}/no: there is no such file or folder`)
    writeFileSync(join(path, 'file'), '')
    const place = placesOf(join(path, 'file'), 'x')[0]!
    mkdirSync(join(path, 'file.ocsp'))
    expect(() => place.read()).toThrow(/^.*\/file: EISDIR/)
    expect(() => placesOf(`${path}/file\0`, 'x')).toThrow(/file/)
  })
  it('may be replaced by what is in memory', () => {
    const { cert, key } = authority.issue({ names: ['a.test'] })
    const staple = Buffer.from('rubbish')
    for (const source of [
      cert + key,
      { pem: Buffer.from(cert + key), ocsp: staple },
      { cert, key, chain: authority.cert },
    ]) {
      const [place] = placesOf(checkSource('x', source), 'x')
      expect(loadCertificate(place!.read()).info).toMatchObject({ source: 'x', names: ['a.test'] })
    }
  })
})

describe('PEM', () => {
  it('is taken apart into its blocks, whatever stands between', () => {
    const text =
      'a\n-----BEGIN X-----\nab-c\n--d\n-----END X-----\r\nnote\n-----BEGIN Y-----\n-----END Z-----'
    expect(pemBlocks(text)).toEqual([{ label: 'X', text: '-----BEGIN X-----\nab-c\n--d\n-----END X-----\n' }])
  })
})

describe('a host name', () => {
  it.each(['a', 'a.test', 'a-b.c_d.test', '1.a', 'xn--bcher-kva.test', `${'a'.repeat(63)}.test`])(
    'may be %s',
    name => {
      expect(isHostName(name)).toBe(true)
    },
  )
  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    'a b',
    'ä.test',
    '127.0.0.1',
    '::1',
    '*.a',
    'a\0b',
    'a\n',
    `${'a'.repeat(64)}.test`,
    'a.'.repeat(127),
  ])('may not be %j', name => {
    expect(isHostName(name)).toBe(false)
  })
})
