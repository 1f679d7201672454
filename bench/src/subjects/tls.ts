/** TLS as all subjects have it: version 1.3 alone, and the one cipher that they all know and prefer. */
import { readFileSync } from 'node:fs'
import type { TlsOptions } from 'node:tls'
import type { Place } from './subject.ts'

/** Programs differ in which they prefer, and AES-256 costs more: what is compared is not ciphers. */
export const cipherSuite = 'TLS_AES_128_GCM_SHA256'

/** Options for the servers of `node:tls` and what stands on it. */
export function nodeTls({ certificate = '' }: Place): TlsOptions {
  const pem = readFileSync(certificate)
  return { key: pem, cert: pem, minVersion: 'TLSv1.3', ciphers: cipherSuite }
}
