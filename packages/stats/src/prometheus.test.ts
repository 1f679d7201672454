import { createFrontend } from '@evener/core'
import type { Checker } from '@evener/health'
import { expect, test } from 'vitest'
import { prometheusText, type Scope, scopes } from './prometheus.ts'
import { takeSnapshot } from './snapshot.ts'
import { backendOf, serve } from './test-support.ts'

const up: Checker = {
  name: 'up',
  check: () => Promise.resolve({ ok: true, code: 'L4OK', message: '', durationMs: 3 }),
}

async function textOf(wanted: Iterable<Scope> = scopes, id = 's1') {
  const { backend, clock } = backendOf({
    servers: [
      { id, address: '127.0.0.1:9001' },
      { id: 'other', address: '127.0.0.1:9002', state: 'drain' },
    ],
    checks: { checker: up },
  })
  await clock.advanceAsync(10_000)
  serve(backend, clock, 3, 7)
  const doors = new Map([['main', createFrontend({ route: backend })]])
  const snapshot = await takeSnapshot({ doors, backends: [backend] }, 'latencies')
  return [...prometheusText(snapshot, new Set(wanted))].join('')
}

test('values stand under the names of HAProxy, in the units of Prometheus', async () => {
  const lines = (await textOf()).split('\n')
  for (const line of [
    'haproxy_frontend_status{proxy="main",state="UP"} 1',
    'haproxy_backend_http_responses_total{proxy="app",code="2xx"} 3',
    'haproxy_backend_response_time_average_seconds{proxy="app"} 0.007',
    'haproxy_backend_agg_server_status{proxy="app",state="DRAIN"} 1',
    'haproxy_server_sessions_total{proxy="app",server="s1"} 3',
    'haproxy_server_status{proxy="app",server="other",state="DRAIN"} 1',
    'haproxy_server_check_status{proxy="app",server="s1",state="L4OK"} 1',
    'haproxy_server_check_duration_seconds{proxy="app",server="s1"} 0.003',
    'haproxy_process_nbproc 1',
  ])
    expect(lines).toContain(line)
})

test('histograms hold all that was measured, added up from bucket to bucket', async () => {
  const text = await textOf()
  const name = 'evener_backend_response_time_seconds'
  expect(text).toContain(`${name}_bucket{proxy="app",le="0.005"} 0\n`)
  expect(text).toContain(`${name}_bucket{proxy="app",le="0.01"} 3\n`)
  expect(text).toContain(
    `${name}_bucket{proxy="app",le="+Inf"} 3\n${name}_sum{proxy="app"} 0.021\n${name}_count{proxy="app"} 3\n`,
  )
  expect(text).toContain('evener_server_response_time_seconds_count{proxy="app",server="s1"} 3\n')
})

test('a part of it can be had', async () => {
  const text = await textOf(['backend'])
  expect(text).toContain('haproxy_backend_status')
  expect(text).not.toMatch(/haproxy_(server|frontend|process)_/)
  expect(await textOf([])).toBe('')
})

test('a metric has its lines together, each of them once', async () => {
  const names: string[] = []
  const samples: string[] = []
  for (const line of (await textOf()).split('\n')) {
    const [, family] = /^# TYPE (\S+)/.exec(line) ?? []
    if (family !== undefined) names.push(family)
    if (line !== '' && !line.startsWith('#')) {
      expect(line.startsWith(names.at(-1) as string)).toBe(true)
      samples.push(line.slice(0, line.lastIndexOf(' ')))
    }
  }
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(samples).size).toBe(samples.length)
  expect(samples.length).toBeGreaterThan(200)
})

test('a name cannot leave its label', async () => {
  expect(await textOf(['server'], '"}\\x')).toContain(
    'haproxy_server_sessions_total{proxy="app",server="\\"}\\\\x"} 3\n',
  )
})
