/** Streams through a running frontend, several at a time, and what was forwarded to the other parsers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend, http1Engine } from '@evener/core'
import type { Finding } from '../finding.ts'
import { codecReading } from './codec-reader.ts'
import { Ledger } from './ledger.ts'
import { Origin } from './origin.ts'
import { startPeers } from './peers/peers.ts'
import { Slot } from './slot.ts'
import { streamOf } from './streams.ts'
import { TaggingEngine } from './tagging-engine.ts'

const slotCount = 24
const lineEveryMs = 10_000

export interface ProxyRun {
  /** The seed of the stream at a place from 0 on; undefined where there are no more. */
  seedAt(place: number): number | undefined
  /** Without the programs beside Evener: llhttp only. */
  readonly alone?: boolean
  say(line: string): void
}

/** @returns the first finding, or undefined */
export async function runProxy({ seedAt, alone = false, say }: ProxyRun): Promise<Finding | undefined> {
  const startedAt = performance.now()
  const directory = mkdtempSync(join(tmpdir(), 'evener-fuzz-'))
  const ledger = new Ledger()
  const peers = await startPeers(alone ? [] : ['haproxy', 'nginx'], directory, ledger, say)
  const origin = new Origin(ledger, bytes => {
    const { messages, refusal } = codecReading(bytes)
    if (refusal !== undefined) ledger.found(`Evener sends what it would refuse: ${refusal}`, undefined, bytes)
    if (messages.length > 0) peers.check(bytes, messages)
  })
  const path = join(directory, 'origin')
  await origin.listen(path)
  const engines = (['safe', 'always'] as const).map(
    reuse => new TaggingEngine(http1Engine({ reuse }), attempt => ledger.attempt(attempt.request)),
  )
  const backend = createBackend({
    name: 'origin',
    retryDelayMs: 0,
    servers: [{ id: 'o', address: `unix:${path}` }],
  })
  const slots = Array.from({ length: slotCount }, (_, i) => {
    return new Slot(ledger, backend, engines[i % 2] as TaggingEngine, join(directory, `f${i}`))
  })
  await Promise.all(slots.map(slot => slot.listen()))

  let done = 0
  const crashed = (error: unknown): void => ledger.found(`threw ${(error as Error).stack}`, undefined)
  process.on('uncaughtException', crashed)
  const report = (): void => {
    const seconds = (performance.now() - startedAt) / 1000
    const responses = slots.reduce((sum, slot) => sum + slot.responses, 0)
    const broken = slots.reduce((sum, slot) => sum + slot.broken, 0)
    const rss = Math.round(process.memoryUsage.rss() / 1e6)
    say(
      `${done} streams, ${Math.round(done / seconds)} a second; forwarded ${origin.messages} messages on ${origin.connections} connections; ${responses} responses, ${broken} streams with less than all; ${peers.figures()}; ${rss} MB resident`,
    )
  }
  const lines = setInterval(report, lineEveryMs)
  let next = 0
  await Promise.all(
    slots.map(async slot => {
      while (ledger.findings.length === 0) {
        const seed = seedAt(next++)
        if (seed === undefined) return
        await slot.run(streamOf(seed))
        done++
        await peers.room()
      }
    }),
  )
  clearInterval(lines)
  for (const slot of slots) await slot.frontend.close({ drainMs: 1_000 })
  for (const engine of engines) engine.close()
  await until(() => origin.open === 0, 5_000)
  if (origin.open > 0)
    ledger.found(`a leak: ${origin.open} server connections after all was closed`, undefined)
  const { requestsNow } = backend.counters
  if (requestsNow !== 0)
    ledger.found(`a leak: ${requestsNow} requests under way after all was closed`, undefined)
  await peers.finish()
  report()
  const refusals = [...origin.refusals].map(([words, times]) => `${words} ${times}`)
  say(`llhttp refused ${refusals.length === 0 ? 'nothing' : refusals.join(', ')}`)
  for (const line of peers.refusals()) say(line)
  await backend.close()
  origin.close()
  peers.close()
  process.off('uncaughtException', crashed)
  rmSync(directory, { recursive: true, force: true })
  return ledger.findings[0]
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition() && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10))
}
