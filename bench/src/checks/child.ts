/**
 * The process that checks so many targets by one kind of check, and nothing else. Asked for its figures, it answers with
 * how many checks were done since it was asked last, and what a target has taken of the heap.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { HealthMonitor, httpCheck, tcpCheck } from '@evener/health'
import { targetHost } from './targets.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What the process answers with. */
export interface ChildFigures {
  readonly checks: number
  readonly failed: number
  readonly bytesPerTarget: number
}

const [kind, port, count, intervalMs] = process.argv.slice(2) as [string, string, string, string]
const targets = Number(count)
const heapBytes = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
const before = heapBytes()
const monitor = new HealthMonitor({
  // As HAProxy ends its checks by TCP.
  checker:
    kind === 'tcp' ? tcpCheck({ closesWithReset: true }) : httpCheck({ method: 'GET', path: '/check' }),
  intervalMs: Number(intervalMs),
})
let checks = 0
let failed = 0
monitor.on('result', (_, { ok }) => {
  checks++
  if (!ok) failed++
})
for (let index = 0; index < targets; index++) {
  monitor.add({ id: `t${index}`, host: targetHost(index), port: Number(port) })
}
monitor.start()

const stays = setInterval(() => undefined, 60_000)
process.on('disconnect', () => {
  clearInterval(stays)
  process.exit()
})
process.on('message', measureHeap => {
  const bytesPerTarget = measureHeap === true ? (heapBytes() - before) / targets : 0
  process.send?.({ checks, failed, bytesPerTarget } satisfies ChildFigures)
  checks = 0
  failed = 0
})
