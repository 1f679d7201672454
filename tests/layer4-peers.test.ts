/** Layer 4 between real clients and real servers, and beside HAProxy that speaks the PROXY protocol. */

import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import {
  createBackend,
  createTcpProxy,
  createUdpProxy,
  type SendProxy,
  type TcpConnection,
  type TcpProxyOptions,
} from '@evener/core'
import { testCertificate } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { startDnsmasq } from './support/dnsmasq.ts'
import { freePort, haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards, withPrograms } from './support/hosting.ts'
import { eventually, listens, run, startProgram } from './support/program.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'evener-layer4-'))
  afterwards(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A TCP proxy before this port, or with options of its own. */
async function proxyTo(port: number, options: Partial<TcpProxyOptions> = {}): Promise<number> {
  const backend = createBackend({ name: 'peer', servers: [{ id: 's1', address: `127.0.0.1:${port}` }] })
  const proxy = createTcpProxy({ route: backend, ...options })
  afterwards(async () => {
    await proxy.close({ drainMs: 0 })
    backend.close()
  })
  return (await proxy.listen({ port: 0, host: '127.0.0.1' })).port as number
}

describe('databases', () => {
  withPrograms(['redis-server', 'redis-cli'], 'redis-cli talks to redis-server', async () => {
    const port = await freePort()
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder()]
    const server = startProgram('redis-server', args)
    afterwards(() => server.stop())
    await listens(server, port)
    const front = `${await proxyTo(port)}`
    const cli = (input: string, ...more: string[]) => run('redis-cli', ['-p', front, ...more], input)
    expect(await cli('', 'set', 'evener', 'shares')).toBe('OK\n')
    expect(await cli('', 'get', 'evener')).toBe('shares\n')
    const value = 'x'.repeat(3_000_000)
    expect(await cli(value, '-x', 'set', 'large')).toBe('OK\n')
    expect((await run('redis-cli', ['-p', front, 'strlen', 'large'])).trim()).toBe('3000000')
    // Ten thousand commands without waiting, as bytes of the protocol.
    const mass = await cli('INCR n\r\n'.repeat(10_000), '--pipe')
    expect(mass).toContain('errors: 0, replies: 10000')
  })

  withPrograms(['initdb', 'postgres', 'psql'], 'psql talks to PostgreSQL', async () => {
    // It does not run as root.
    const isRoot = process.getuid?.() === 0
    const who = isRoot ? { uid: 65_534, gid: 65_534 } : {}
    const data = folder()
    if (isRoot) chownSync(data, 65_534, 65_534)
    const env = { ...process.env, HOME: data, LC_ALL: 'C' }
    await run('initdb', ['-D', data, '-U', 'evener', '-A', 'trust', '-N'], '', { ...who, env, cwd: data })
    const port = await freePort()
    const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', data, '-F']
    const server = startProgram('postgres', args, { ...who, env, cwd: data })
    afterwards(() => server.stop())
    await listens(server, port)
    const front = await proxyTo(port)
    const psql = (sql: string) =>
      run('psql', ['-h', '127.0.0.1', '-p', `${front}`, '-U', 'evener', '-d', 'postgres', '-XAtq'], sql, {
        env,
      })
    // Listening comes before it takes clients.
    await eventually(server, () =>
      psql('select 1').then(
        text => text === '1\n',
        () => false,
      ),
    )
    const rows = await psql(`
      create table share (id int primary key, name text);
      insert into share select i, repeat('x', 1000) from generate_series(1, 5000) i;
      copy share to stdout;`)
    expect(rows.split('\n')).toHaveLength(5_001)
    expect(await psql('select count(*), sum(length(name)) from share')).toBe('5000|5000000\n')
  })
})

describe('DNS', () => {
  withPrograms(['dnsmasq', 'dig'], 'dig and Node ask dnsmasq, by UDP and by TCP', async () => {
    const port = await startDnsmasq(
      '--address=/evener.test/192.0.2.7',
      `--txt-record=long.test,${'x'.repeat(250)},${'y'.repeat(250)}`,
    )
    const backend = createBackend({ name: 'dns', servers: [{ id: 's1', address: `127.0.0.1:${port}` }] })
    const udp = createUdpProxy({ route: backend, responses: 1 })
    afterwards(() => udp.close({ drainMs: 0 }))
    const front = (await udp.listen({ port: 0, host: '127.0.0.1' })).port as number
    const tcp = await proxyTo(port)
    const dig = (...args: string[]) => run('dig', ['@127.0.0.1', '+short', '+tries=2', ...args])
    expect(await dig('-p', `${front}`, 'www.evener.test')).toBe('192.0.2.7\n')
    expect(await dig('-p', `${tcp}`, '+tcp', 'www.evener.test')).toBe('192.0.2.7\n')
    expect(await dig('-p', `${front}`, 'long.test', 'TXT')).toContain('y'.repeat(250))
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${front}`])
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.evener.test`)
    const answers = await Promise.all(names.map(name => resolver.resolve4(name)))
    expect(answers).toEqual(names.map(() => ['192.0.2.7']))
    expect(udp.active).toBe(0)
  })
})

describe('TLS', () => {
  withPrograms(['openssl'], 'openssl s_client reaches the server of its SNI', async () => {
    const backends = await Promise.all(
      ['a', 'b'].map(async name => {
        const server = createTlsServer(testCertificate, socket => {
          socket.on('error', () => undefined)
          socket.once('data', () => socket.end(`this is ${name}\n`))
        }).listen(0, '127.0.0.1')
        await once(server, 'listening')
        afterwards(() => server.close())
        const { port } = server.address() as AddressInfo
        const backend = createBackend({ name, servers: [{ id: name, address: `127.0.0.1:${port}` }] })
        afterwards(() => backend.close())
        return backend
      }),
    )
    const port = await proxyTo(1, {
      inspect: 'client-hello',
      route: ({ serverName }) => backends[serverName === 'b.evener.test' ? 1 : 0],
    })
    const ask = (...args: string[]) =>
      run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-quiet', ...args], 'who?\n', {
        // What it heard counts. It complains where a server, such as Node's, ends without a close_notify.
        mayFail: true,
      })
    expect(await ask('-servername', 'a.evener.test')).toContain('this is a')
    expect(await ask('-servername', 'b.evener.test')).toContain('this is b')
    expect(await ask('-servername', 'B.Evener.Test', '-tls1_2')).toContain('this is b')
    expect(await ask('-noservername')).toContain('this is a')
  })
})

describe('the PROXY protocol', () => {
  const body = (port: number): Promise<{ text: string; localPort: number }> =>
    new Promise((resolve, reject) => {
      let localPort = 0
      get({ port, host: '127.0.0.1', agent: false }, answer => {
        let text = ''
        answer.on('data', chunk => {
          text += chunk
        })
        answer.on('end', () => resolve({ text, localPort }))
      })
        .on('socket', socket =>
          socket.on('connect', () => {
            localPort = socket.localPort as number
          }),
        )
        .on('error', reject)
    })

  test.skipIf(!haproxyInstalled()).each([
    [1, 'send-proxy'],
    [2, 'send-proxy-v2'],
    [2, 'send-proxy-v2-ssl proxy-v2-options crc32c,unique-id,authority'],
  ])(haproxyTitle('version %i: HAProxy in front, with %s, tells who the client is'), async (version, how) => {
    const origin = createHttpServer((_req, res) => res.end('served')).listen(0, '127.0.0.1')
    await once(origin, 'listening')
    afterwards(() => origin.close())
    const seen: TcpConnection[] = []
    const backend = createBackend({
      name: 'origin',
      servers: [{ id: 's1', address: `127.0.0.1:${(origin.address() as AddressInfo).port}` }],
    })
    afterwards(() => backend.close())
    const port = await proxyTo(1, {
      acceptProxy: { trust: ['127.0.0.1'] },
      route: connection => {
        seen.push(connection)
        return backend
      },
    })
    const haproxy = await startHaproxy({
      config: front => `
        defaults
          mode tcp
          timeout connect 5s
          timeout client 5s
          timeout server 5s
        listen front
          bind 127.0.0.1:${front}
          unique-id-format %{+X}o\\ %ci:%cp
          server s1 127.0.0.1:${port} ${how}`,
    })
    afterwards(() => haproxy.stop())
    const front = haproxy.ports[0] as number
    seen.length = 0
    const { text, localPort } = await body(front)
    expect(text).toBe('served')
    expect(seen.at(-1)?.facts).toMatchObject({
      peerAddress: '127.0.0.1',
      peerPort: localPort,
      localPort: front,
      proxyHeader: { version, command: 'proxy', family: 'tcp4' },
    })
  })

  test
    .skipIf(!haproxyInstalled())
    .each<SendProxy>([1, 2, { version: 2, crc32c: true, uniqueId: true, authority: true }])(
    haproxyTitle('version %j: HAProxy behind is told who the client is'),
    async sendProxy => {
      const haproxy = await startHaproxy({
        config: port => `
          defaults
            mode http
            timeout connect 5s
            timeout client 5s
            timeout server 5s
          frontend behind
            bind 127.0.0.1:${port} accept-proxy
            http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] to %[dst_port]"`,
      })
      afterwards(() => haproxy.stop())
      const port = await proxyTo(haproxy.ports[0] as number, { sendProxy })
      const { text, localPort } = await body(port)
      expect(text).toBe(`127.0.0.1:${localPort} to ${port}`)
    },
  )
})
