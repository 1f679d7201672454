/** A frontend with TLS, HTTP/2 and the PROXY protocol, between real clients and real servers. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { get as getOverTls } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BackendOptions,
  type ClientRequest,
  createBackend,
  createFrontend,
  type FrontendBindOptions,
  type FrontendOptions,
} from '@evener/core'
import { httpCheck } from '@evener/health'
import { echo, expectEventually, type FakeServer } from '@evener/testing'
import { Authority } from '@evener/tls/testing'
import { describe, expect, test } from 'vitest'
import { haproxyInstalled, haproxyTitle, startHaproxy } from './support/haproxy.ts'
import { afterwards, backendOf, origin } from './support/hosting.ts'
import { missingPrograms, run } from './support/program.ts'

const authority = new Authority('Evener tests')
const stranger = new Authority('Somebody else')
const app = authority.issue({ names: ['app.test'], addresses: [[127, 0, 0, 1]] })
const shop = authority.issue({ names: ['shop.test', '*.shop.test'] })
const person = authority.issue({ subject: [['CN', 'a person']], names: [] })
const unknown = stranger.issue({ subject: [['CN', 'nobody knows']], names: [] })
const pairOf = ({ cert, key }: { cert: string; key: string }) => ({ cert, key })

/** A test that is skipped, by name, where a program is missing. */
function withProgram(name: string, title: string, body: () => Promise<void>): void {
  const missing = missingPrograms(name).length > 0
  test.skipIf(missing)(missing ? `${name} is not installed: ${title}` : title, body)
}

/** Files for programs to read. */
function files(): { path(name: string, content: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'evener-tls-peers-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  return {
    path(name, content) {
      const file = join(folder, name)
      writeFileSync(file, content)
      return file
    },
  }
}

/** A frontend before one server, and what it was asked. */
async function door(options: Partial<FrontendOptions> = {}, bind: Partial<FrontendBindOptions> = {}) {
  const server: FakeServer = await origin(echo())
  const backend = backendOf(server)
  const seen: ClientRequest[] = []
  const frontend = createFrontend({
    route: request => {
      seen.push(request)
      return backend
    },
    tls: { certificates: [pairOf(app), pairOf(shop)] },
    ...options,
  })
  afterwards(() => frontend.close({ drainMs: 0 }))
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1', ...bind })
  return { server, frontend, seen, port: port as number }
}

describe('curl', () => {
  /** Ask app.test by curl, which tells the version and the status behind the body. */
  function curl(port: number, args: readonly string[], input = ''): Promise<string> {
    const own = [
      '--silent',
      '--show-error',
      '--max-time',
      '15',
      '--cacert',
      files().path('ca', authority.cert),
    ]
    const there = ['--resolve', `*:${port}:127.0.0.1`, '--write-out', ' HTTP/%{http_version} %{http_code}']
    return run('curl', [...own, ...there, ...args], input)
  }

  describe.each([
    ['HTTP/1.1', '--http1.1', '1.1'],
    ['HTTP/2', '--http2', '2'],
  ])('by %s', (_, flag, version) => {
    withProgram('curl', 'gets a page', async () => {
      const { port, seen } = await door()
      const said = await curl(port, [flag, `https://app.test:${port}/a?b=1`, '--data', 'hello'])
      expect(said).toBe(`hello HTTP/${version} 200`)
      expect(seen[0]).toMatchObject({ uri: '/a?b=1', authority: `app.test:${port}`, secure: true })
      expect(seen[0]?.connection?.tls).toMatchObject({ version: 'TLSv1.3', serverName: 'app.test' })
    })

    withProgram('curl', 'sends three megabytes and gets them back', async () => {
      const { port, server } = await door()
      const body = 'evener '.repeat(450_000)
      const said = await curl(port, [flag, `https://app.test:${port}/`, '--data-binary', '@-'], body)
      expect(said === `${body} HTTP/${version} 200`).toBe(true)
      expect(server.totalRequests).toBe(1)
    })

    withProgram('curl', 'is known by its certificate', async () => {
      const { port, server } = await door({
        tls: {
          certificates: pairOf(app),
          clientCertificates: { verify: 'required', ca: authority.cert },
        },
        forwarded: { tls: true },
      })
      const { path } = files()
      const mine = ['--cert', path('cert', person.cert), '--key', path('key', person.key)]
      expect(await curl(port, [flag, `https://app.test:${port}/`, ...mine])).toMatch(/200$/)
      const asked = server.requests.at(-1)
      expect([asked?.header('x-ssl-client-cn'), asked?.header('x-ssl-client-verify')]).toEqual([
        'a person',
        'SUCCESS',
      ])
    })

    withProgram('curl', 'gets in with nobody’s certificate only where it may', async () => {
      const { path } = files()
      const other = ['--cert', path('cert', unknown.cert), '--key', path('key', unknown.key)]
      for (const verify of ['required', 'optional'] as const) {
        const { port, seen } = await door({
          tls: { certificates: pairOf(app), clientCertificates: { verify, ca: authority.cert } },
        })
        for (const mine of [[], other]) {
          const said = curl(port, [flag, `https://app.test:${port}/`, ...mine])
          if (verify === 'required') await expect(said).rejects.toThrow('curl failed')
          else expect(await said).toMatch(/200$/)
        }
        const verified = seen.map(each => each.connection?.tls?.clientCertificate?.verified)
        expect(verified).toEqual(verify === 'required' ? [] : [undefined, false])
      }
    })

    withProgram('curl', 'hears of HSTS, and follows to HTTPS', async () => {
      const { port, frontend } = await door({ hsts: true })
      const { port: plain } = await frontend.listen({ port: 0, host: '127.0.0.1', tls: false })
      const head = ['--head', '--output', '-']
      expect(await curl(port, [flag, `https://app.test:${port}/`, ...head])).toMatch(
        /^strict-transport-security: max-age=31536000\r$/im,
      )
      const redirecting = await door({ httpsRedirect: { port } })
      const { port: from } = await redirecting.frontend.listen({ port: 0, host: '127.0.0.1', tls: false })
      const followed = [flag, '--location', `http://app.test:${from}/x`, '--data', 'kept']
      expect(await curl(port, [...followed, '--resolve', `app.test:${from}:127.0.0.1`])).toBe(
        `kept HTTP/${version} 200`,
      )
      expect(plain).not.toBe(port)
    })
  })

  withProgram('curl', 'begins with HTTP/2 without TLS, where that is allowed', async () => {
    const { port, seen } = await door({ tls: undefined, http2: { priorKnowledge: true } })
    const to = `http://app.test:${port}/`
    expect(await curl(port, ['--http2-prior-knowledge', to, '--data', 'x'])).toBe('x HTTP/2 200')
    expect(await curl(port, ['--http1.1', to, '--data', 'y'])).toBe('y HTTP/1.1 200')
    expect(seen.map(each => each.secure)).toEqual([false, false])
  })

  withProgram('curl', 'sends a PROXY header of its own', async () => {
    const { port, seen } = await door({}, { acceptProxy: { trust: ['127.0.0.1'] } })
    expect(await curl(port, ['--haproxy-protocol', `https://app.test:${port}/`])).toMatch(/ 200$/)
    expect(seen[0]?.connection).toMatchObject({ peerAddress: '127.0.0.1', localPort: port })
    expect(seen[0]?.connection?.proxyHeader).toMatchObject({ version: 1, family: 'tcp4' })
  })
})

describe('openssl s_client', () => {
  const question = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n'

  function client(port: number, args: readonly string[], input = ''): Promise<string> {
    const own = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', files().path('ca', authority.cert)]
    return run('openssl', [...own, ...args], input)
  }

  withProgram('openssl', 'is shown the certificate of the name it asks for', async () => {
    const { port } = await door()
    const shown = async (name: string) =>
      /^subject=\s*(.*)$/m.exec(await client(port, ['-servername', name, '-verify_return_error']))?.[1]
    expect(await shown('app.test')).toBe('CN = app.test')
    expect(await shown('shop.test')).toBe('CN = shop.test')
    expect(await shown('WWW.shop.test')).toBe('CN = shop.test')
    expect(await shown('elsewhere.test')).toBe('CN = app.test')
  })

  withProgram('openssl', 'is refused without a known name, where that is strict', async () => {
    const { port } = await door({ tls: { certificates: pairOf(app), strictSni: true } })
    expect(await client(port, ['-servername', 'app.test'])).toContain('CN = app.test')
    for (const args of [['-noservername'], ['-servername', 'elsewhere.test']]) {
      await expect(client(port, args)).rejects.toThrow(/handshake failure/)
    }
  })

  withProgram('openssl', 'agrees on a protocol, or on none', async () => {
    const { port } = await door()
    expect(await client(port, ['-alpn', 'h2,http/1.1'])).toContain('ALPN protocol: h2')
    expect(await client(port, ['-alpn', 'http/1.1'])).toContain('ALPN protocol: http/1.1')
    expect(await client(port, [])).toContain('No ALPN negotiated')
    await expect(client(port, ['-alpn', 'gopher'])).rejects.toThrow(/no application protocol/)
  })

  withProgram('openssl', 'resumes its session, and the route is told', async () => {
    const { port, seen } = await door()
    for (const version of ['-tls1_2', '-tls1_3']) {
      const session = files().path('session', '')
      const first = await client(port, [version, '-ign_eof', '-sess_out', session], question)
      expect(first).toMatch(/^New, TLSv1/m)
      const second = await client(port, [version, '-ign_eof', '-sess_in', session], question)
      expect(second).toMatch(/^Reused, TLSv1/m)
    }
    expect(seen.map(({ connection }) => connection?.tls?.resumed)).toEqual([false, true, false, true])
  })

  withProgram('openssl', 'gets the staple that it asks for', async () => {
    const stapled = { ...pairOf(app), ocsp: authority.vouch(app) }
    const { port } = await door({ tls: { certificates: [stapled, pairOf(shop)] } })
    const said = await client(port, ['-status', '-servername', 'app.test'])
    expect(said).toContain('OCSP Response Status: successful')
    expect(said).toContain('Cert Status: good')
    const none = await client(port, ['-status', '-servername', 'shop.test'])
    expect(none).toContain('OCSP response: no response sent')
  })

  withProgram('openssl', 'does not get in with an old version', async () => {
    const { port } = await door()
    const old = ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']
    await expect(client(port, old)).rejects.toThrow(/protocol version/)
  })
})

describe('h2load', () => {
  const cases = [
    ['a hundred streams on each connection', ['-c', '4', '-m', '100'], {}],
    ['HTTP/1.1 over TLS', ['--h1', '-c', '20'], {}],
    ['HTTP/2 without TLS', ['-c', '4', '-m', '100'], { tls: undefined, http2: { priorKnowledge: true } }],
  ] as const
  for (const [title, args, options] of cases) {
    withProgram('h2load', `finds every request answered: ${title}`, async () => {
      const { port } = await door(options)
      const scheme = 'tls' in options ? 'http' : 'https'
      const said = await run('h2load', ['-n', '4000', ...args, `${scheme}://127.0.0.1:${port}/`])
      expect(said).toContain('4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored')
      expect(said).toContain('status codes: 4000 2xx')
    })
  }
})

const timeouts = `
defaults
  timeout connect 5s
  timeout client 10s
  timeout server 10s`

/** Ask, and say from which port. */
async function asked(port: number, tls?: object): Promise<{ body: string; localPort: number }> {
  const request = tls === undefined ? get : getOverTls
  const agent = tls === undefined ? new Agent() : undefined
  const asking = request({ port, host: '127.0.0.1', ...(agent ? { agent } : { agent: false }), ...tls })
  let localPort = 0
  asking.once('socket', (socket: Socket) =>
    socket.once('connect', () => {
      localPort = socket.localPort as number
    }),
  )
  const [response] = await once(asking, 'response')
  let body = ''
  for await (const piece of response) body += piece
  agent?.destroy()
  return { body, localPort }
}

describe.skipIf(!haproxyInstalled())(haproxyTitle('HAProxy in front'), () => {
  const trusted = { acceptProxy: { trust: ['127.0.0.1'] } }
  const verified = { ca: authority.cert, servername: 'app.test' }

  test.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
  ] as const)('says by %s who the client is, with TLS behind it and without', async (words, version) => {
    const { port, seen, frontend } = await door({}, trusted)
    const plain = await frontend.listen({ port: 0, host: '127.0.0.1', tls: false, ...trusted })
    const haproxy = await startHaproxy({
      ports: 2,
      config: (a, b) => `${timeouts}
  mode tcp
listen plain
  bind 127.0.0.1:${a}
  server s 127.0.0.1:${plain.port} ${words}
listen tls
  bind 127.0.0.1:${b}
  server s 127.0.0.1:${port} ${words}`,
    })
    afterwards(() => haproxy.stop())
    const [toPlain, toTls] = haproxy.ports as [number, number]
    const clients = [await asked(toPlain), await asked(toTls, verified)]
    expect(seen.map(each => each.connection?.peerPort)).toEqual(clients.map(each => each.localPort))
    expect(seen.map(each => each.connection?.localPort)).toEqual([toPlain, toTls])
    expect(seen.map(each => each.connection?.proxyHeader?.version)).toEqual([version, version])
    expect(seen.map(each => each.secure)).toEqual([false, true])
  })

  test('says what it knows of the TLS that it has ended', async () => {
    const { path } = files()
    const { seen, frontend } = await door()
    const plain = await frontend.listen({ port: 0, host: '127.0.0.1', tls: false, ...trusted })
    const bundle = path('app.pem', app.cert + app.key)
    const haproxy = await startHaproxy({
      config: port => `${timeouts}
  mode tcp
listen tls
  bind 127.0.0.1:${port} ssl crt ${bundle} ca-file ${path('ca.pem', authority.cert)} verify optional alpn http/1.1
  server s 127.0.0.1:${plain.port} send-proxy-v2-ssl-cn proxy-v2-options authority,crc32c,unique-id`,
    })
    afterwards(() => haproxy.stop())
    await asked(haproxy.ports[0] as number, { ...verified, ...pairOf(person) })
    expect(seen[0]?.connection?.proxyHeader?.tlvs).toMatchObject({
      authority: 'app.test',
      tls: { tls: true, verified: true, version: 'TLSv1.3', commonName: 'a person' },
    })
  })

  test('checks by a PROXY header of its own, and finds the frontend up', async () => {
    const { port } = await door({ tls: undefined }, trusted)
    const haproxy = await startHaproxy({
      config: bind => `${timeouts}
  mode http
listen checked
  bind 127.0.0.1:${bind}
  option httpchk GET /
  server s 127.0.0.1:${port} send-proxy-v2 check inter 50`,
    })
    afterwards(() => haproxy.stop())
    await expectEventually(async () => {
      const stat = await haproxy.command('show stat')
      expect(stat).toMatch(/^checked,s,.*,UP,.*L7OK/m)
    })
  })
})

describe.skipIf(!haproxyInstalled())(haproxyTitle('HAProxy behind'), () => {
  /** A frontend before HAProxy, which answers with what it has been told of the client. */
  async function before(words: string, server: Partial<BackendOptions['servers'][number]>, checks?: object) {
    const { path } = files()
    const bundle = path('app.pem', app.cert + app.key)
    const haproxy = await startHaproxy({
      config: port => `${timeouts}
  mode http
frontend told
  bind 127.0.0.1:${port} accept-proxy ${words.replace('CRT', bundle)}
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port] %[fc_pp_authority] %[fc_pp_unique_id]"`,
    })
    afterwards(() => haproxy.stop())
    const address = `${words === '' ? '' : 'https://'}127.0.0.1:${haproxy.ports[0]}`
    const tls = words === '' ? {} : { tls: { ca: authority.cert, servername: 'app.test' } }
    const backend = createBackend({
      name: 'told',
      servers: [{ id: 'haproxy', address, ...tls, ...server }],
      ...checks,
    })
    const frontend = createFrontend({ route: backend, tls: { certificates: pairOf(app) } })
    afterwards(async () => {
      await frontend.close({ drainMs: 0 })
      backend.close()
    })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1', tls: false })
    const { port: secure } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    return { backend, port: port as number, secure: secure as number }
  }

  test.each([
    [1, ''],
    [2, ''],
    [1, 'ssl crt CRT'],
    [2, 'ssl crt CRT'],
  ] as const)('takes each client for itself, by version %i %s', async (sendProxy, words) => {
    const { port } = await before(words, { sendProxy })
    const clients = await Promise.all([asked(port), asked(port), asked(port)])
    for (const { body, localPort } of clients) {
      expect(body.trim()).toBe(`127.0.0.1 ${localPort} ${port}`)
    }
  })

  test('is told name and id by version 2', async () => {
    const uniqueId = () => 'request-7'
    const { secure } = await before('', {
      sendProxy: { version: 2, crc32c: true, authority: true, alpn: true, tls: true, uniqueId },
    })
    const { body, localPort } = await asked(secure, { ca: authority.cert, servername: 'app.test' })
    expect(body.trim()).toBe(`127.0.0.1 ${localPort} ${secure} app.test request-7`)
  })

  test.each([1, 2] as const)(
    'is found up by checks that begin with a header, version %i',
    async sendProxy => {
      const checker = { checker: httpCheck(), intervalMs: 50, rise: 1, fall: 1 }
      const { backend } = await before('', { sendProxy }, { checks: checker })
      const [server] = backend.servers
      await expectEventually(() => expect(server?.lastCheck).toMatchObject({ ok: true, code: 'L7OK' }))
      const without = await before('', { sendProxy, checkSendProxy: false }, { checks: checker })
      await expectEventually(() => expect(without.backend.servers[0]?.lastCheck?.ok).toBe(false))
    },
  )
})
