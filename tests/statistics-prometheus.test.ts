/** A real Prometheus: promtool finds nothing to complain of, and a server scrapes and knows what it has read. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend, createFrontend, createTcpProxy } from '@evener/core'
import { tcpCheck } from '@evener/health'
import { hashPassword, listenStats } from '@evener/stats'
import { expectEventually, fakeServer, get } from '@evener/testing'
import { expect } from 'vitest'
import { freePort } from './support/haproxy.ts'
import { afterwards, withPrograms } from './support/hosting.ts'
import { run, startProgram } from './support/program.ts'

/** Statistics with something in all of their metrics. */
async function world() {
  const origin = await fakeServer({ name: 'app1' })
  afterwards(() => origin.close())
  const backend = createBackend({
    name: 'app',
    checks: { checker: tcpCheck(), intervalMs: 100 },
    servers: [
      { id: 'app1', address: origin.address, maxConnections: 100, maxQueue: 10 },
      { id: 'a"b\\c', address: '127.0.0.1:9' },
    ],
  })
  const main = createFrontend({ route: backend })
  const raw = createTcpProxy({ route: backend })
  const { port } = await main.listen({ port: 0, host: '127.0.0.1' })
  const users = { prometheus: await hashPassword('secret') }
  const page = await listenStats({ frontends: { main, raw }, backends: [backend], users })
  afterwards(async () => {
    await page.close()
    await main.close({ drainMs: 0 })
    backend.close()
  })
  for (let i = 0; i < 5; i++) await get(port as number)
  return { page, backend }
}

withPrograms(['promtool'], 'promtool finds nothing to complain of', async () => {
  const { page } = await world()
  const response = await fetch(`${page.url}metrics`, {
    headers: { authorization: `Basic ${btoa('prometheus:secret')}` },
  })
  const text = await response.text()
  expect(text).toContain('haproxy_server_http_responses_total{proxy="app",server="app1",code="2xx"}')
  expect(await run('promtool', ['check', 'metrics'], text)).toBe('')
})

withPrograms(
  ['prometheus'],
  'a Prometheus server scrapes it, and answers questions about what it read',
  async () => {
    const { page } = await world()
    const folder = await mkdtemp(join(tmpdir(), 'evener-prometheus-'))
    afterwards(() => rm(folder, { recursive: true, force: true }))
    const config = {
      scrape_configs: [
        {
          job_name: 'evener',
          scrape_interval: '200ms',
          scrape_timeout: '200ms',
          basic_auth: { username: 'prometheus', password: 'secret' },
          static_configs: [{ targets: [`127.0.0.1:${page.port}`] }],
        },
      ],
    }
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
    const port = await freePort()
    const prometheus = startProgram('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ])
    afterwards(() => prometheus.stop())
    const ask = async (query: string): Promise<[Record<string, string>, string][]> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
      const { data } = (await response.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] }
      }
      return data.result.map(({ metric, value }) => [metric, value[1]])
    }
    await expectEventually(
      async () => {
        expect(await ask('sum(haproxy_backend_http_responses_total{proxy="app",code="2xx"})')).toEqual([
          [{}, '5'],
        ])
        expect(await ask('haproxy_server_status{state="UP"} == 1')).toEqual([
          [expect.objectContaining({ server: 'app1', proxy: 'app', state: 'UP' }), '1'],
        ])
      },
      { timeoutMs: 20_000 },
    )
    // Histograms are such: what they hold can be asked for.
    const [[, median] = [{}, '']] = await ask(
      'histogram_quantile(0.5, evener_backend_total_time_seconds_bucket)',
    )
    expect(Number(median)).toBeGreaterThan(0)
  },
)
