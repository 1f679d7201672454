import { describe, expect, it } from 'vitest'
import { certificate } from './test-support.ts'
import { TlsContexts } from './tls-contexts.ts'

describe('TLS contexts', () => {
  it('the same authorities share a context', () => {
    const contexts = new TlsContexts()
    expect(contexts.get(certificate)).toBe(contexts.get(`${certificate}`))
    expect(contexts.get(undefined)).toBe(contexts.get(undefined))
    expect(contexts.get(certificate)).not.toBe(contexts.get(undefined))
  })
  it('a host that gives ever new buffers does not fill the memory', () => {
    const contexts = new TlsContexts()
    const first = Buffer.from(certificate)
    const context = contexts.get(first)
    for (let count = 0; count < 64; count++) contexts.get(Buffer.from(certificate))
    expect(contexts.get(first)).not.toBe(context)
  })
})
