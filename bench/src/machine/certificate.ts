/** The certificate of a run: ECDSA P-256, for 127.0.0.1 and bench.test, gone with the keeper's temporary folders. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Keeper } from './keeper.ts'
import { findProgram } from './programs.ts'

/** The name that clients may send. */
export const certificateName = 'bench.test'

const made = new WeakMap<Keeper, string>()

/**
 * A file with key and certificate, made when first asked for; HAProxy, nginx and Caddy take both from one.
 * @throws an Error with what openssl complained of
 */
export function certificateIn(keeper: Keeper): string {
  let file = made.get(keeper)
  if (file === undefined) {
    file = make(keeper.directory())
    made.set(keeper, file)
  }
  return file
}

function make(directory: string): string {
  const key = join(directory, 'key.pem')
  const certificate = join(directory, 'certificate.pem')
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
  ]
  args.push('-subj', `/CN=${certificateName}`)
  args.push('-addext', `subjectAltName=DNS:${certificateName},IP:127.0.0.1`)
  args.push('-keyout', key, '-out', certificate)
  const { status, stderr, error } = spawnSync(findProgram('openssl') ?? 'openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl made no certificate: ${error?.message ?? stderr}`)
  const both = join(directory, 'bench.pem')
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 })
  return both
}
