/** A result as text: its figures in a few lines, then a line for each server with its share and its load over time. */
import { figure, percent } from './picture-words.ts'
import type { SimulationResult } from './result.ts'

const mostServers = 24
const barWidth = 20
const blocks = ' ▁▂▃▄▅▆▇█'
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of so many characters and eighths of one. */
function bar(share: number): string {
  const length = Math.round(Math.min(1, share) * barWidth * 8)
  return ('█'.repeat(Math.floor(length / 8)) + eighths[length % 8]).padEnd(barWidth)
}

/** One character for two slices, its height what was in flight relative to `most`. */
function sparkline(values: readonly number[], most: number): string {
  let line = ''
  for (let at = 0; at < values.length; at += 2) {
    const value = (values[at]! + (values[at + 1] ?? values[at]!)) / 2
    // Something is never shown as nothing.
    const height = value === 0 || most === 0 ? 0 : Math.max(1, Math.round((value / most) * 8))
    line += blocks[Math.min(8, height)]
  }
  return line
}

export function textPicture(result: SimulationResult): string {
  const { latency, wait, keys, servers, timeline } = result
  const times = ['mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const
  const count = (value: number) => value.toLocaleString('en-US')
  const lines = [
    `${result.balancer}: ${count(result.requests)} requests in ${figure(result.durationMs / 1000)} s, seed ${result.seed}`,
    `  latency  ${times.map(name => `${name} ${figure(latency[name])}`).join('   ')} ms`,
  ]
  if (result.maxQueued > 0) {
    lines.push(`  queue    at most ${count(result.maxQueued)}, p99 of the wait ${figure(wait.p99)} ms`)
  }
  if (result.failed + result.refused + result.retries > 0) {
    const { failed, refused, retries } = result
    lines.push(`  lost     ${count(failed)} failed, ${count(refused)} refused; ${count(retries)} retries`)
  }
  const moved = keys.compared === 0 ? '' : `, ${percent(keys.movedShare)} moved when the pool changed`
  lines.push(`  keys     ${percent(keys.sameServer)} of requests went where their key was last${moved}`)

  const shown = servers.slice(0, mostServers)
  const idWidth = Math.max(6, ...shown.map(({ id }) => id.length))
  const mostShare = Math.max(...servers.map(({ share }) => share))
  const mostInFlight = Math.max(...timeline.inFlight.flat())
  const head = ['share', 'due', 'busy', 'in flight', 'failed']
    .map((name, at) => name.padStart(at < 3 ? 8 : 10))
    .join('')
  lines.push(`  ${'server'.padEnd(idWidth)} ${' '.repeat(barWidth)}${head}  load over time`)
  for (const [at, server] of shown.entries()) {
    const figures = [percent(server.share), percent(server.dueShare), percent(server.busy)].map(text =>
      text.padStart(8),
    )
    const rest = [figure(server.meanInFlight), count(server.failed)].map(text => text.padStart(10))
    const share = bar(mostShare === 0 ? 0 : server.share / mostShare)
    const load = sparkline(timeline.inFlight[at]!, mostInFlight)
    lines.push(
      `  ${server.id.padEnd(idWidth)} ${share}${figures.join('')}${rest.join('')}  ${load}`.trimEnd(),
    )
  }
  if (servers.length > mostServers) lines.push(`  … and ${count(servers.length - mostServers)} more`)
  return lines.join('\n')
}
