/** What a server, and a command, are told of how the server is seen: beside a running HAProxy, the same. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackend, httpHandler } from '@evener/core'
import { externalCheck, httpCheck } from '@evener/health'
import { expectEventually } from '@evener/testing'
import { expect, test } from 'vitest'
import { haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards, portOf } from './support/hosting.ts'

/** Two servers, one of them told by each balancer's checks how it is seen; requests that are none are held. */
class Seen {
  /** What each balancer said, by the path that it checks; the same twice in a row is there once. */
  readonly said: Record<string, string[]> = { '/haproxy': [], '/evener': [] }
  /** What the next checks are answered, by path; then as the last. */
  readonly script: Record<string, number[]> = { '/haproxy': [200], '/evener': [200] }
  held = 0

  readonly answer = ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const said = this.said[url]
    if (said === undefined) {
      this.held++
      return
    }
    const state = String(headers['x-haproxy-server-state'])
    if (said.at(-1) !== state) said.push(state)
    const script = this.script[url] as number[]
    response.writeHead(script[0] as number).end()
    if (script.length > 1) script.shift()
  }

  /** Answer like this from now on, to both, until each has said this last. */
  async upTo(state: RegExp, ...script: number[]): Promise<void> {
    for (const path of Object.keys(this.said)) this.script[path] = [...script]
    await expectEventually(
      () =>
        Object.values(this.script).every(left => left.length === 1) &&
        Object.values(this.said).every(said => state.test(said.at(-1) ?? '')),
      { timeoutMs: 10_000 },
    )
  }
}

/** Without what was said while requests came or went, which one check sees and another does not. */
function settled(said: readonly string[]): string[] {
  const still = said.filter(line => /scur=(0\/0|1\/1);/.test(line))
  return still.filter((line, at) => line !== still[at - 1])
}

const checks = { intervalMs: 50, timeoutMs: 10_000, rise: 2, fall: 3 }
const timeouts = ['connect', 'client', 'server', 'check'].map(name => `  timeout ${name} 10s`).join('\n')

test.skipIf(!haproxyInstalled())(
  haproxyTitle('a server is told of its state, its weight and its connections'),
  async () => {
    const seen = new Seen()
    const port = await portOf(createServer(seen.answer))
    const other = await portOf(createServer((_, response) => response.writeHead(200).end()))
    const haproxy = await startHaproxy({
      config: front => `
defaults
  mode http
${timeouts}
frontend front
  bind 127.0.0.1:${front}
  default_backend app
backend app
  option httpchk GET /haproxy
  http-check send-state
  http-check disable-on-404
  default-server inter 50 fastinter 50 downinter 50 rise 2 fall 3
  server s1 127.0.0.1:${port} check weight 10 maxconn 2
  server s2 127.0.0.1:${other} check weight 20
`,
    })
    afterwards(() => haproxy.stop())
    const backend = createBackend({
      name: 'app',
      servers: [
        { id: 's1', address: `127.0.0.1:${port}`, weight: 10, maxConnections: 2 },
        { id: 's2', address: `127.0.0.1:${other}`, weight: 20 },
      ],
      checks: {
        ...checks,
        checker: httpCheck({ method: 'GET', path: '/evener', sendState: true, disableOn404: true }),
      },
    })
    afterwards(() => backend.close())
    const door = await portOf(createServer(httpHandler(backend)))

    await seen.upTo(/^UP; .*; weight=10\/30; scur=0\/0/, 200)
    // Two of three requests go to the heavier one, which answers at once.
    for (const way of [haproxy.ports[0] as number, door]) {
      const before = seen.held
      for (let request = 0; request < 3; request++) {
        const client = get({ port: way, host: '127.0.0.1', agent: false }, response => response.resume())
        afterwards(() => client.destroy())
        client.on('error', () => undefined)
      }
      await expectEventually(() => seen.held > before)
    }
    await seen.upTo(/^UP; .*; scur=1\/1/, 200)
    await seen.upTo(/^DOWN; .*; weight=10\/20/, 500, 500, 500)
    await seen.upTo(/^UP; /, 200, 200)
    await seen.upTo(/^UP; /, 500, 200, 200)
    await seen.upTo(/^NOLB; /, 404)
    await seen.upTo(/^UP; /, 200)
    await haproxy.command('set server app/s1 state drain')
    backend.server('s1')?.drain()
    await seen.upTo(/^UP; .*; weight=10\/20/, 200)
    const [evener, haproxys] = ['/evener', '/haproxy'].map(path => settled(seen.said[path] ?? []))
    expect(evener).toEqual(haproxys)
    expect(evener?.length).toBeGreaterThan(10)
  },
  60_000,
)

test.skipIf(!haproxyInstalled())(
  haproxyTitle('a command is told of the backend, the server and its connections'),
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'evener-command-'))
    afterwards(() => rmSync(folder, { recursive: true, force: true }))
    // Whole at once, by a name that says who asked: HAProxy gives the command no arguments of one's own.
    const commandOf = (name: string): string => {
      const command = join(folder, name)
      const out = join(folder, `${name}.txt`)
      writeFileSync(
        command,
        `#!/bin/sh\n{ echo "$@"; /usr/bin/env; } > ${out}.new && /bin/mv ${out}.new ${out}\n`,
      )
      chmodSync(command, 0o755)
      return command
    }
    /** What it was told last: its arguments and variables, without the shell's own. */
    const told = (name: string): string[] => {
      const file = join(folder, `${name}.txt`)
      if (!existsSync(file)) return []
      const lines = readFileSync(file, 'utf8').trim().split('\n')
      return lines.filter(line => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).toSorted()
    }
    const seen = new Seen()
    const port = await portOf(createServer(seen.answer))
    const haproxy = await startHaproxy({
      config: front => `
global
  external-check
  insecure-fork-wanted
defaults
  mode http
${timeouts}
frontend front
  bind 127.0.0.1:${front}
  default_backend app
backend app
  option external-check
  external-check command ${commandOf('haproxy')}
  external-check path /bin
  server s1 127.0.0.1:${port} check inter 50 maxconn 7
`,
    })
    afterwards(() => haproxy.stop())
    const backend = createBackend({
      name: 'app',
      servers: [{ id: 's1', address: `127.0.0.1:${port}`, maxConnections: 7 }],
      checks: { ...checks, checker: externalCheck({ command: commandOf('evener'), path: '/bin' }) },
    })
    afterwards(() => backend.close())
    const door = await portOf(createServer(httpHandler(backend)))
    for (const way of [haproxy.ports[0] as number, door]) {
      const client = get({ port: way, host: '127.0.0.1', agent: false })
      afterwards(() => client.destroy())
      client.on('error', () => undefined)
    }
    const holding = (name: string): boolean => told(name).includes('HAPROXY_SERVER_CURCONN=1')
    await expectEventually(() => holding('haproxy') && holding('evener'))
    // Nothing here is numbered; and a backend does not know by which door, and so in what protocol, it is asked.
    const unknown = /^HAPROXY_(PROXY_ID|SERVER_ID|SERVER_PROTO)=/
    const known = (name: string): string[] => told(name).filter(line => !unknown.test(line))
    expect(known('evener')).toEqual(known('haproxy'))
    expect(known('evener').length).toBeGreaterThan(9)
  },
  60_000,
)
