/** Servers go and come; the log lines of both are the same words, but for what was found in detail and how long it took. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend } from '@evener/core'
import { httpCheck } from '@evener/health'
import { expectEventually } from '@evener/testing'
import { describe, expect, it } from 'vitest'
import { missingPrograms, startProgram } from './support/program.ts'

const missing = missingPrograms('haproxy')
if (missing.length > 0)
  console.warn(`left out, as ${missing.join(', ')} is missing: log lines beside HAProxy`)

class Moody {
  status = 200
  readonly #server: Server = createServer((_, response) => response.writeHead(this.status).end())
  port = 0
  async start(): Promise<this> {
    await new Promise<void>(resolve => this.#server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }
  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }
}

/** What both must say alike: not what was found in detail, nor the time it took, nor the full stop at the end. */
const alike = (line: string): string =>
  line
    .replace(/, info: "[^"]*"/, '')
    .replace(/, check duration: \d+ms/, '')
    // A server that closes in the middle of a check is found by either, as it falls.
    .replace('Socket error', 'Layer4 connection problem')
    .replace('Layer7 invalid response', 'Layer4 connection problem')
    .replace(/\.$/, '')

describe.skipIf(missing.length > 0)('beside HAProxy', () => {
  it('changes of health are logged in the same words', async () => {
    const [one, two, three] = await Promise.all([
      new Moody().start(),
      new Moody().start(),
      new Moody().start(),
    ])
    const folder = mkdtempSync(join(tmpdir(), 'evener-log-'))
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(
      file,
      `
defaults
  mode http
  timeout connect 10s
  timeout server 1s
  timeout client 1s
  timeout check 10s
backend app
  option httpchk GET /
  default-server inter 100 rise 1 fall 1
  server s1 127.0.0.1:${one.port} check
  server s2 127.0.0.1:${two.port} check
  server b1 127.0.0.1:${three.port} check backup
  server t1 127.0.0.1:${one.port} track s1
listen unused
  bind unix@${join(folder, 'unused.sock')}
`,
    )
    const haproxy = startProgram('haproxy', ['-db', '-f', file])
    const backend = createBackend({
      name: 'app',
      servers: [
        { id: 's1', address: `127.0.0.1:${one.port}` },
        { id: 's2', address: `127.0.0.1:${two.port}` },
        { id: 'b1', address: `127.0.0.1:${three.port}`, backup: true },
        { id: 't1', address: `127.0.0.1:${one.port}`, track: 's1' },
      ],
      checks: { checker: httpCheck({ method: 'GET' }), intervalMs: 100, timeoutMs: 10_000, rise: 1, fall: 1 },
    })
    const ours: string[] = []
    backend.on('transition', transition => ours.push(alike(String(transition))))
    const theirs = (): string[] =>
      [...haproxy.output().matchAll(/((?:Backup )?Server app\/.*)$/gm)].map(match =>
        alike(match[1] as string),
      )
    const both = (lines: number) =>
      expectEventually(() => ours.length >= lines && theirs().length >= lines, { timeoutMs: 15_000 })
    try {
      // Each has checked all of them before something happens.
      await expectEventually(() =>
        [...backend.servers].every(({ counters, checked }) => !checked || counters.checks > 1),
      )
      one.status = 503
      await both(2)
      one.status = 200
      await both(4)
      await two.stop()
      await both(5)
      await one.stop()
      await both(7)
      await two.start()
      await both(8)
      await three.stop()
      await both(9)
      expect(ours).toEqual(theirs())
    } finally {
      backend.close()
      await haproxy.stop()
      await Promise.allSettled([one.stop(), two.stop(), three.stop()])
      rmSync(folder, { recursive: true })
    }
  }, 60_000)
})
