import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientRequest } from '@evener/core'
import { expect, onTestFinished, test } from 'vitest'
import seeds from '../../seeds/proxy.json' with { type: 'json' }
import { tagName } from './codec-reader.ts'
import { Ledger, Stream } from './ledger.ts'
import { Origin } from './origin.ts'
import { runProxy } from './run.ts'

test('streams with fixed seeds, and those that once were findings, pass the frontend without one', async () => {
  const all = [...seeds.map(({ seed }) => seed), ...Array.from({ length: 400 }, (_, i) => 5_000_000 + i)]
  const lines: string[] = []
  const finding = await runProxy({ seedAt: place => all[place], alone: true, say: line => lines.push(line) })
  expect(finding).toBeUndefined()
  expect(lines.join('\n')).toMatch(new RegExp(`^${all.length} streams`, 'm'))
})

/** What is found when a proxy that accounts for `accounted` forwards `forwarded`, in which `#` is the tag's line. */
async function findings(accounted: string, forwarded: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'evener-fuzz-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const ledger = new Ledger()
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const origin = new Origin(ledger, () => resolve())
  onTestFinished(() => origin.close())
  await origin.listen(join(directory, 'origin'))
  const stream = new Stream(1, 'requests', Buffer.from(accounted), () => 0.5)
  const { method, target } = stream.forwardable[0] ?? { method: 'POST', target: '/' }
  const request = { method, uri: target } as ClientRequest
  ledger.routed(stream, request)
  const tag = ledger.attempt(request)
  const client = connect(join(directory, 'origin')).resume()
  client.end(forwarded.replaceAll('#', `${tagName}: ${tag}`))
  await Promise.all([over, once(client, 'close')])
  return ledger.findings.map(({ what }) => what)
}

const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n'

test('a proxy that forwards what it accounts for has no finding', async () => {
  expect(await findings(`${post}\r\nhello`, `${post}#\r\n\r\nhello`)).toEqual([])
})

test.each([
  ['a body read as a message', `${post}\r\nhello`, `GET / HTTP/1.1\r\nHost: a\r\n\r\n`, /did not send/],
  ['another body', `${post}\r\nhello`, `${post}#\r\n\r\nhellp`, /another body/],
  ['another method', `${post}\r\nhello`, `PUT / HTTP/1.1\r\n#\r\n\r\n`, /method PUT for POST/],
  ['a message sent twice', `${post}\r\nhello`, `${post}#\r\n\r\nhello${post}#\r\n\r\nhello`, /twice/],
  [
    'a part sent as a whole',
    `${post}\r\nhell`,
    `POST / HTTP/1.1\r\nContent-Length: 4\r\n#\r\n\r\nhell`,
    /part of one/,
  ],
])('the fuzzer finds %s', async (_what, accounted, forwarded, words) => {
  expect((await findings(accounted, forwarded)).join()).toMatch(words)
})
