/** The runtime API with the tools that operators have for HAProxy's, and beside HAProxy's own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend, createFrontend } from '@evener/core'
import { tcpCheck } from '@evener/health'
import { patternList } from '@evener/rules'
import { stickTable } from '@evener/session'
import { runtimeApi, statistics } from '@evener/stats'
import { expectEventually } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { freePort, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards, origin, withPrograms } from './support/hosting.ts'
import { run } from './support/program.ts'

/** An API at a unix socket, over a backend of two servers. */
async function runtime(addresses: readonly string[] = ['127.0.0.1:9001', '127.0.0.1:9002']) {
  const folder = mkdtempSync(join(tmpdir(), 'evener-runtime-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  const backend = createBackend({
    name: 'app',
    servers: addresses.map((address, at) => ({
      id: `s${at + 1}`,
      address,
      weight: 10,
      state: at === 1 ? ('maintenance' as const) : ('ready' as const),
    })),
    checks: { checker: tcpCheck(), intervalMs: 1000, rise: 2, fall: 3 },
  })
  const frontend = createFrontend({ route: backend })
  await frontend.listen({ port: 0, host: '127.0.0.1' })
  const stats = statistics({ frontends: { web: frontend }, backends: [backend] })
  const tables = [
    stickTable({ name: 't', type: 'string', expireMs: 60_000, store: { gpc: 1, conn_cnt: true } }),
  ]
  const patterns = [patternList({ name: 'm', entries: { a: 'A' } })]
  const api = runtimeApi({ statistics: stats, tables, patterns })
  const path = join(folder, 'api')
  await api.listen({ path, level: 'admin' })
  afterwards(async () => {
    await api.close()
    stats.close()
    await frontend.close({ drainMs: 0 })
    backend.close()
  })
  const command = async (line: string) => (await run('socat', ['-', path], `${line}\n`)).trim()
  return { backend, path, command }
}

describe('hatop', () => {
  withPrograms(['hatop', 'script'], 'shows servers and their states, and quits', async () => {
    const { path } = await runtime()
    const screen = spawn('script', ['-qec', `stty cols 160 rows 50; exec hatop -s ${path}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    afterwards(() => void screen.kill('SIGKILL'))
    let shown = ''
    screen.stdout.setEncoding('utf8').on('data', text => {
      shown += text
    })
    // Its last line: the screen is whole.
    await expectEventually(() => expect(shown).toContain('Q=QUIT'), { timeoutMs: 15_000 })
    screen.stdin.write('q')
    const code = await new Promise(resolve => screen.once('exit', resolve))
    for (const text of ['Evener Version', 'FRONTEND', 's1', 's2', 'BACKEND', 'MAINT'])
      expect(shown).toContain(text)
    expect(code).toBe(0)
  })
})

const commands = [
  'show backend',
  'get weight app/s1',
  'set weight app/s1 300',
  'set weight app/x 5',
  'set weight app/s1 50%',
  'get weight app/s1',
  'set server app/s1 state foo',
  'set server app/s1 state drain',
  'set server app/s1 state ready',
  'set server app/s1 agent up',
  'disable server app/s1',
  'enable server app/s1',
  'shutdown sessions server app/s1',
  'shutdown session 0x1',
  'disable frontend nowhere',
  'disable frontend web',
  'enable frontend web',
  'clear counters',
  'show cli level',
  'set table t key k data.gpc0 5 data.conn_cnt 2',
  'show table t data.gpc0 gt 9',
  'show table nowhere',
  'clear table t key k',
  'show table t',
  'set server app/s1 addr 127.0.0.2 port 80',
  'show servers state',
  'prompt',
]

/** Without what differs from run to run: sizes, numbers of backends, how often and how long. */
function masked(text: string): string {
  return text
    .split('\n')
    .map(line => {
      const state = /^\d+ (app \d .*)$/.exec(line)?.[1]?.split(' ')
      if (state === undefined) return line.replace(/size:\d+/, 'size:')
      // Time since the last change, the check under way or not, and its counter.
      for (const at of [8, 9, 10, 11, 12]) state[at] = '…'
      // HAProxy tells maintenance of the configuration (4) from that of an operator (1); here both are the operator's.
      if (state[5] === '5') state[5] = '1'
      return state.join(' ')
    })
    .join('\n')
}

describe('beside HAProxy', () => {
  const title = 'the same is said to the same commands'
  test.skipIf(!haproxyInstalled())(haproxyTitle(title), async () => {
    const servers = [await origin(), await origin()]
    const port = await freePort()
    const haproxy = await startHaproxy({
      config: () => `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend web
  bind 127.0.0.1:${port}
  default_backend app
backend t
  stick-table type string size 100k expire 60s store gpc0,conn_cnt
backend app
  server s1 ${servers[0]?.address} weight 10 check inter 1s
  server s2 ${servers[1]?.address} weight 10 check inter 1s disabled`,
      ports: 0,
    })
    afterwards(() => haproxy.stop())
    const { command } = await runtime(servers.map(({ address }) => address))
    const differences: string[] = []
    for (const line of commands) {
      const theirs = masked(await haproxy.command(line)).replace('name\nt\napp', 'name\napp')
      const ours = masked(await command(line))
      if (theirs !== ours) differences.push(`${line}\n  HAProxy: ${theirs}\n  Evener:  ${ours}`)
    }
    expect(differences).toEqual([])
  })
})
