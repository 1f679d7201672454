/**
 * `pnpm testssl`: testssl.sh (Debian's package of that name) against a frontend with the default settings.
 *
 * Takes some minutes, so it is no test. Prints what it found of severity MEDIUM and worse; of that, what a certificate of
 * a test authority explains is told apart. Exit code: 0 nothing else, 1 something, 2 testssl.sh is not installed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend, createFrontend } from '@evener/core'
import { answer, fakeServer } from '@evener/testing'
import { Authority } from '@evener/tls/testing'
import { findProgram } from './support/program.ts'

/** What testssl.sh writes of one finding. */
interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

/** Of an authority of our own: nobody knows it, and it has neither a list nor a responder. */
const ofTheAuthority = new Set([
  'cert_chain_of_trust',
  'cert_revocation',
  'cert_crlDistributionPoints',
  'cert_ocspURL',
])

/** What browsers are asked for beside HSTS is the application's to say, and so this one says it. */
const headers = {
  'Content-Security-Policy': "default-src 'self'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
}

const program = findProgram('testssl') ?? findProgram('testssl.sh')
if (program === undefined) {
  console.error('testssl.sh is not installed (Debian: apt-get install testssl.sh)')
  process.exit(2)
}

const certificate = new Authority().issue({ names: ['localhost'], addresses: [[127, 0, 0, 1]] })
const server = await fakeServer({ behave: answer({ headers }) })
const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
const frontend = createFrontend({
  route: backend,
  hsts: true,
  tls: { certificates: { cert: certificate.cert, key: certificate.key } },
})
const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
const folder = mkdtempSync(join(tmpdir(), 'evener-testssl-'))
const file = join(folder, 'findings.json')
const args = ['--quiet', '--color', '0', '--warnings', 'batch', '--ip', '127.0.0.1', '--jsonfile', file]
const child = spawn(program, [...args, `localhost:${port}`], { stdio: ['ignore', 'inherit', 'inherit'] })
await new Promise(resolve => child.once('exit', resolve))
const findings: Finding[] = JSON.parse(readFileSync(file, 'utf8'))
rmSync(folder, { recursive: true, force: true })
await frontend.close({ drainMs: 0 })
backend.close()
await server.close()

const bad = findings.filter(({ severity }) => ['MEDIUM', 'HIGH', 'CRITICAL'].includes(severity))
const ours = bad.filter(({ id }) => !ofTheAuthority.has(id))
const tell = (title: string, list: readonly Finding[]) => {
  console.log(`\n${title}: ${list.length}`)
  for (const { id, severity, finding } of list) console.log(`  ${severity} ${id}: ${finding}`)
}
console.log(`\n${findings.length} findings`)
tell(
  'MEDIUM or worse, of the test authority',
  bad.filter(one => !ours.includes(one)),
)
tell('MEDIUM or worse', ours)
process.exit(findings.length > 50 && ours.length === 0 ? 0 : 1)
