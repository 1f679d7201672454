import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from './contract.ts'
import { type ExternalCheckOptions, externalCheck } from './external-check.ts'
import { patience } from './test-support.ts'

const target: Target = { id: 'app', host: '127.0.0.1', port: 8080 }
const path = '/usr/bin:/bin'

/** Run this script by a shell. */
const script = (text: string, more: Partial<ExternalCheckOptions> = {}) =>
  externalCheck({ command: '/bin/sh', args: ['-c', text, 'check'], path, ...more })

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'evener-external-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

describe('a check by a command', () => {
  it.each<[string, object]>([
    ['exit 0', { ok: true, code: 'PROCOK', status: 0, message: 'ended well' }],
    ['echo fine; echo more', { ok: true, code: 'PROCOK', message: 'ended well: fine' }],
    ['echo sick; exit 3', { ok: false, code: 'PROCERR', status: 3, message: 'ended with 3: sick' }],
    ['kill -9 $$', { ok: false, code: 'PROCERR', message: 'ended by SIGKILL' }],
    ['sleep 60 & exit 0', { code: 'PROCOK' }],
  ])('%s', async (text, result) => {
    expect(await script(text).check(target, patience())).toMatchObject(result)
  })
  it('that cannot be started is PROCERR', async () => {
    for (const command of ['/nowhere/at/all', 'no-such-program']) {
      const result = await externalCheck({ command }).check(target, patience())
      expect(result).toMatchObject({ code: 'PROCERR', message: expect.stringContaining('ENOENT') })
    }
  })
  it('has HAProxy’s arguments and environment, and no other', async () => {
    const file = join(folder(), 'out')
    process.env.EVENER_SECRET = 'hunter2'
    onTestFinished(() => {
      delete process.env.EVENER_SECRET
    })
    const proxy = { name: 'shop', id: 3, address: '10.0.0.1', port: 80 }
    const env = ({ id }: Target) => ({ HAPROXY_SERVER_CURCONN: '7', WHO: id })
    const out = `echo "$@" > ${file}; env | sort >> ${file}`
    await script(out, { proxy, env }).check({ ...target, tls: {} }, patience())
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines[0]).toBe('10.0.0.1 80 127.0.0.1 8080')
    expect(lines.slice(1).filter(line => !/^(_|PWD|SHLVL|OLDPWD)=/.test(line))).toEqual([
      'HAPROXY_PROXY_ADDR=10.0.0.1',
      'HAPROXY_PROXY_ID=3',
      'HAPROXY_PROXY_NAME=shop',
      'HAPROXY_PROXY_PORT=80',
      'HAPROXY_SERVER_ADDR=127.0.0.1',
      'HAPROXY_SERVER_CURCONN=7',
      'HAPROXY_SERVER_NAME=app',
      'HAPROXY_SERVER_PORT=8080',
      'HAPROXY_SERVER_SSL=1',
      'PATH=/usr/bin:/bin',
      'WHO=app',
    ])
    await script(`echo "$@" > ${file}; env >> ${file}`, { preserveEnv: true }).check(
      { ...target, path: '/run/app.sock' },
      patience(),
    )
    const unix = readFileSync(file, 'utf8')
    expect(unix.split('\n')[0]).toBe('NOT_USED NOT_USED /run/app.sock NOT_USED')
    expect(unix).toContain('EVENER_SECRET=hunter2')
  })
  it('is told how the server is seen by its backend', async () => {
    const file = join(folder(), 'out')
    const seen = () => ({ state: 'UP', backend: 'shop', connections: [3, 9], maxConnections: 20 }) as const
    await script(`env > ${file}`).check({ ...target, seen }, patience())
    expect(readFileSync(file, 'utf8').split('\n')).toEqual(
      expect.arrayContaining([
        'HAPROXY_PROXY_NAME=shop',
        'HAPROXY_SERVER_CURCONN=3',
        'HAPROXY_SERVER_MAXCONN=20',
      ]),
    )
  })
  it('that takes too long is ended with all that it has started', async () => {
    const file = join(folder(), 'pids')
    const controller = new AbortController()
    const checking = script(`sleep 60 & echo $! $$ > ${file}.new; mv ${file}.new ${file}; wait`).check(
      target,
      controller.signal,
    )
    await expect.poll(() => existsSync(file)).toBe(true)
    controller.abort(new DOMException('too slow', 'TimeoutError'))
    expect(await checking).toMatchObject({
      ok: false,
      code: 'PROCTOUT',
      message: 'running the command: too slow',
    })
    const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number)
    // A process that was killed and not yet waited for is there as a zombie.
    const lives = (pid: number): boolean => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    }
    await expect.poll(() => pids.filter(lives)).toEqual([])
  })
  it('that writes without end is kept waiting by nobody, and not kept', async () => {
    const before = process.memoryUsage().rss
    const result = await script('head -c 20000000 /dev/zero').check(target, patience())
    expect(result).toMatchObject({ code: 'PROCOK' })
    expect(result.message.length).toBeLessThanOrEqual(200)
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
  })
  it('runs where it is told', async () => {
    const cwd = folder()
    await script('echo here > out', { cwd }).check(target, patience())
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('here\n')
  })
  it('whose variables make no sense is SOCKERR', async () => {
    const env = () => ({ A: 7 }) as never
    expect(await script('exit 0', { env }).check(target, patience())).toMatchObject({ code: 'SOCKERR' })
  })
  it.each<[string, object]>([
    ['options.command', {}],
    ['options.command', { command: '' }],
    ['options.command', { command: 'a\0b' }],
    ['options.args', { args: 'x' }],
    ['options.args', { args: [7] }],
    ['options.env', { env: 7 }],
    ['options.env.A', { env: { A: 7 } }],
    ['options.env.A=B', { env: { 'A=B': '7' } }],
    ['options.path', { path: 7 }],
    ['options.preserveEnv', { preserveEnv: 1 }],
    ['options.cwd', { cwd: '' }],
    ['options.proxy.port', { proxy: { port: 0 } }],
    ['options.proxy.id', { proxy: { id: -1 } }],
    ['options.proxy.name', { proxy: { name: 7 } }],
    ['options.proxy.host', { proxy: { host: 'a' } }],
    ['options.shell', { shell: true }],
  ])('refuses %s of %j', (field, options) => {
    const given = field === 'options.command' ? options : { command: '/bin/true', ...options }
    expect(() => externalCheck(given as ExternalCheckOptions)).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringContaining(`${field} is `),
      }),
    )
  })
})
