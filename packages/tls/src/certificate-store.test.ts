import { createSecureContext } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CertificateStore } from './certificate-store.ts'
import { certificateOptions, type KeyKind, type LoadedCertificate } from './certificates.ts'
import { authority } from './testing/world.ts'

const real = authority.issue()
let made = 0
const makeContext = (certificates: readonly LoadedCertificate[]) => {
  made++
  return createSecureContext(certificateOptions(certificates.slice(0, 1)))
}
const certificate = (digest: string, names: string[], keyKind: KeyKind = 'ecdsa'): LoadedCertificate => ({
  info: {
    source: digest,
    names,
    keyKind,
    notBefore: 0,
    notAfter: 0,
    fingerprint256: digest,
    stapleNotAfter: undefined,
  },
  digest,
  chain: real.cert,
  key: real.key,
  passphrase: undefined,
  staple: undefined,
  stapleProblem: undefined,
})
const keys = (store: CertificateStore, name: string) => store.find(name)?.key

describe('a certificate store', () => {
  it('finds exact names before wildcards, which stand for one label', () => {
    const store = new CertificateStore(
      [certificate('wild', ['*.a.test']), certificate('exact', ['x.a.test'])],
      makeContext,
    )
    expect(keys(store, 'X.A.test')).toBe('exact')
    expect(keys(store, 'y.a.test')).toBe('wild')
    for (const name of ['a.test', 'z.y.a.test', '.a.test', '', 'test', '*'])
      expect(keys(store, name)).toBeUndefined()
  })
  it('puts one certificate of each kind of key together, the first given', () => {
    const store = new CertificateStore(
      [
        certificate('ec', ['a.test', 'b.test']),
        certificate('late', ['a.test', 'c.test']),
        certificate('rsa', ['a.test'], 'rsa'),
      ],
      makeContext,
    )
    expect(keys(store, 'a.test')).toBe('ec rsa')
    expect(keys(store, 'b.test')).toBe('ec')
    expect(keys(store, 'c.test')).toBe('late')
    expect(store.fallback.key).toBe('ec rsa')
    expect([...store.choices()].length).toBe(3)
  })
  it('falls back to the first, though it has no name, or its name is served by another', () => {
    const nameless = certificate('nameless', [])
    expect(new CertificateStore([nameless, certificate('ec', ['a.test'])], makeContext).fallback.key).toBe(
      'nameless',
    )
  })
  it('makes a context once, when it is asked for, and takes it over as long as nothing changes', () => {
    made = 0
    const a = certificate('a', ['a.test'])
    const before = new CertificateStore([a, certificate('b', ['b.test'])], makeContext)
    expect(made).toBe(0)
    const context = before.find('a.test')!.context()
    expect(before.find('a.test')!.context()).toBe(context)
    const after = new CertificateStore([a, certificate('b2', ['b.test'])], makeContext, before)
    expect(after.find('a.test')!.context()).toBe(context)
    expect(made).toBe(1)
    after.find('b.test')!.context()
    expect(made).toBe(2)
  })
  it('does for any names what a search from the first to the last would', () => {
    const label = fc.constantFrom('a', 'b', 'c')
    const host = fc.array(label, { minLength: 1, maxLength: 3 }).map(labels => labels.join('.'))
    const name = fc.oneof(
      host,
      host.map(each => `*.${each}`),
    )
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(name, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
        host,
        (lists, asked) => {
          const store = new CertificateStore(
            lists.map((names, index) => certificate(`${index}`, names)),
            makeContext,
          )
          const wildcard = asked.includes('.') ? `*${asked.slice(asked.indexOf('.'))}` : undefined
          const owner = (wanted: string | undefined) =>
            lists.findIndex(names => names.includes(wanted as string))
          const expected = owner(asked) >= 0 ? owner(asked) : owner(wildcard)
          expect(keys(store, asked)).toBe(expected < 0 ? undefined : `${expected}`)
        },
      ),
    )
  })
})
