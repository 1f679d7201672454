/**
 * A result as an SVG document: a strip for each server, the darker the more it has in flight, and below the median
 * and the 99th percentile of latency over the same time.
 */
import { escapeXml, figure, percent, pixel } from './picture-words.ts'
import type { SimulationResult } from './result.ts'

const width = 720
const labelWidth = 110
const shareWidth = 60
const plotWidth = width - labelWidth - shareWidth - 24
const headHeight = 48
const latencyHeight = 120
const mostStripHeight = 16
const leastStripHeight = 1
const heightForServers = 320
/** Below this height a strip has no room for its name. */
const leastNamedHeight = 10

/** A line through these values, on a logarithmic scale from `least` to `most`. */
function line(values: readonly number[], least: number, most: number): string {
  const range = Math.log(most / least) || 1
  const points = values.flatMap((value, at) => {
    if (value <= 0) return []
    const x = pixel(((at + 0.5) / values.length) * plotWidth)
    const y = pixel(latencyHeight * (1 - Math.log(Math.max(value, least) / least) / range))
    return [`${x},${y}`]
  })
  return points.join(' ')
}

function strips({ servers, timeline }: SimulationResult, stripHeight: number): string {
  const most = Math.max(...timeline.inFlight.flat()) || 1
  const sliceWidth = plotWidth / timeline.p50.length
  const gap = stripHeight >= 4 ? 1 : 0
  return servers
    .map(({ id, share }, row) => {
      const y = pixel(row * stripHeight)
      // By the root, because a load of one or two beside one of fifty would be invisible.
      const cells = timeline.inFlight[row]!.flatMap((value, at) => {
        if (value === 0) return []
        const opacity = Math.max(0.02, Math.sqrt(value / most)).toFixed(2)
        return [
          `<rect x="${pixel(at * sliceWidth)}" width="${pixel(sliceWidth)}" y="${y}" height="${pixel(stripHeight - gap)}" fill-opacity="${opacity}"/>`,
        ]
      })
      const middle = pixel(y + stripHeight / 2 + 4)
      const named = stripHeight >= leastNamedHeight
      const name = named ? `<text x="-8" y="${middle}" text-anchor="end">${escapeXml(id)}</text>` : ''
      const part = named ? `<text x="${plotWidth + 8}" y="${middle}">${percent(share)}</text>` : ''
      return `${name}<g fill="#3b6fb6">${cells.join('')}</g>${part}`
    })
    .join('\n')
}

export function svgPicture(result: SimulationResult): string {
  const { balancer, latency, servers, timeline } = result
  const stripHeight = Math.min(mostStripHeight, Math.max(leastStripHeight, heightForServers / servers.length))
  const stripsHeight = Math.ceil(servers.length * stripHeight)
  const latencyTop = headHeight + stripsHeight + 28
  const height = latencyTop + latencyHeight + 32
  const seen = [...timeline.p50, ...timeline.p99].filter(value => value > 0)
  const least = Math.min(...seen, 1e9)
  const most = Math.max(...seen, least)
  const seconds = figure(result.durationMs / 1000)
  const summary = `${result.requests.toLocaleString('en-US')} requests; p50 ${figure(latency.p50)}, p99 ${figure(latency.p99)}, max ${figure(latency.max)} ms; ${result.failed + result.refused} lost`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11">
<title>${escapeXml(balancer)} in a simulation, seed ${escapeXml(String(result.seed))}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="20" font-size="14" font-weight="600">${escapeXml(balancer)}</text>
<text x="12" y="36" fill="#555">${escapeXml(summary)}</text>
<g transform="translate(${labelWidth} ${headHeight})">
${strips(result, stripHeight)}
</g>
<g transform="translate(${labelWidth} ${latencyTop})">
<text x="0" y="-8" fill="#555">latency by the time of arrival: p50 below, p99 above</text>
<rect width="${plotWidth}" height="${latencyHeight}" fill="none" stroke="#ccc"/>
<text x="-8" y="10" text-anchor="end">${figure(most)} ms</text>
<text x="-8" y="${latencyHeight}" text-anchor="end">${seen.length === 0 ? '' : `${figure(least)} ms`}</text>
<polyline fill="none" stroke="#2f9e6e" stroke-width="1.5" points="${line(timeline.p50, least, most)}"/>
<polyline fill="none" stroke="#c0392b" stroke-width="1.5" points="${line(timeline.p99, least, most)}"/>
<text x="0" y="${latencyHeight + 16}">0</text>
<text x="${plotWidth}" y="${latencyHeight + 16}" text-anchor="end">${seconds} s</text>
</g>
</svg>
`
}
