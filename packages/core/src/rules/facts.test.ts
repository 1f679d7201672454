/** What rules can ask of the connections on both sides, at real doors and before real servers. */
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { proxyHeaderV2 } from '@evener/proxy-protocol'
import { setHeader, setSrc, str, template } from '@evener/rules'
import { expectEventually, rawClient, stall, testCertificate } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BackendOptions, createBackend } from '../balance/backend.ts'
import { createFrontend, type FrontendBindOptions } from '../frontend/frontend.ts'
import type { FrontendRules } from './rule-lists.ts'
import { backendSight } from './sights.ts'
import { doors, ruled } from './test-support.ts'

const { key, cert } = testCertificate

interface Telling {
  readonly rules?: FrontendRules
  readonly bind?: Partial<FrontendBindOptions>
}

/** A frontend before these servers, with a field of the response that says what a rule knows then. */
async function telling(
  format: string,
  backendOptions: Omit<BackendOptions, 'name'>,
  { rules, bind }: Telling = {},
) {
  const backend = createBackend({ name: 'app', ...backendOptions })
  const told = setHeader('X-Told', template(format, 'response'))
  const frontend = createFrontend({ route: backend, rules: { ...rules, response: [told] } })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1', ...bind })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
  })
  const ask = async (first: Buffer | string = '') => {
    const client = await rawClient({ port: port as number })
    onTestFinished(() => client.destroy())
    if (first !== '') await client.send(first)
    const next = async () => {
      await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
      const { headers } = await client.readResponse()
      return headers.find(([name]) => name.toLowerCase() === 'x-told')?.[1]
    }
    return next
  }
  return { ask, backend, port: port as number }
}

describe.each(doors)('$name', kind => {
  test('rules know the version, the time, and whether anything came before', async () => {
    const seen = setHeader(
      'X-Seen',
      template('%[fc_http_major] %[http_first_req] %[fc_rcvd_proxy] %[request_date(ms)]', 'request'),
    )
    const { ask, server } = await ruled(kind, { door: { rules: { request: [seen] } } })
    const before = Date.now()
    expect((await ask()).status).toBe(200)
    const [major, first, proxied, at] = server.requests[0]?.header('x-seen')?.split(' ') ?? []
    expect([major, first, proxied]).toEqual([kind.http2 ? '2' : '1', '1', '0'])
    expect(Number(at)).toBeGreaterThanOrEqual(before)
    expect(Number(at)).toBeLessThanOrEqual(Date.now())
  })
})

test('the second request of a connection is not its first', async () => {
  const { server } = await ruled(doors[0]!, {})
  const { ask } = await telling('%[http_first_req]', { servers: [{ id: 's1', address: server.address }] })
  const next = await ask()
  expect([await next(), await next()]).toEqual(['1', '0'])
})

test("what a PROXY header says is the connection's, and a rule of a request changes the request's alone", async () => {
  const { server } = await ruled(doors[0]!, {})
  const format = '%[src] %[fc_src]:%[fc_src_port] %[fc_rcvd_proxy] %[fc_pp_authority] %[fc_pp_unique_id]'
  const servers = [{ id: 's1', address: server.address }]
  const { ask } = await telling(
    format,
    { servers },
    {
      bind: { acceptProxy: { trust: ['127.0.0.1'] } },
      rules: { request: [setSrc(str('198.51.100.9'))] },
    },
  )
  const header = proxyHeaderV2({
    command: 'proxy',
    family: 'tcp4',
    sourceAddress: '192.0.2.7',
    sourcePort: 4711,
    destinationAddress: '192.0.2.1',
    destinationPort: 443,
    tlvs: { authority: 'shop.test', uniqueId: Buffer.from('u-1') },
  })
  const next = await ask(header)
  expect(await next()).toBe('198.51.100.9 192.0.2.7:4711 1 shop.test u-1')
})

const serverSide =
  '%[bc_http_major] %[bc_reused] %[bc_src] %[bc_dst]:%[bc_dst_port] %[ssl_bc] %[ssl_bc_protocol] %[ssl_bc_sni] %[ssl_bc_alpn]'

test('responses know the connection that they came by', async () => {
  const { server } = await ruled(doors[0]!, {})
  const { ask } = await telling(serverSide, { servers: [{ id: 's1', address: server.address }] })
  const next = await ask()
  const ends = `127.0.0.1 127.0.0.1:${server.port} 0`
  expect([await next(), await next()].map(told => told?.trim())).toEqual([`1 0 ${ends}`, `1 1 ${ends}`])
})

test.each(['http1', 'h2'] as const)('and its TLS, in %s', async protocol => {
  const listener = (_req: unknown, res: { end(): void }) => res.end()
  const server =
    protocol === 'http1'
      ? createHttpsServer({ key, cert }, listener)
      : createSecureServer({ key, cert }, listener as never)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const tls = { ca: cert, servername: 'localhost' }
  const { ask } = await telling(serverSide, {
    servers: [{ id: 's1', address: `https://127.0.0.1:${port}`, tls, protocol }],
  })
  const next = await ask()
  const [major, alpn] = protocol === 'http1' ? [1, 'http/1.1'] : [2, 'h2']
  const ends = `127.0.0.1 127.0.0.1:${port} 1 TLSv1.3 localhost ${alpn}`
  expect([await next(), await next()]).toEqual([`${major} 0 ${ends}`, `${major} 1 ${ends}`])
})

test('an answer of our own came by no connection', async () => {
  const { ask } = await telling(
    'none',
    { servers: [{ id: 's1', address: '127.0.0.1:1' }] },
    {
      rules: { afterResponse: [setHeader('X-Told', template('%[bc_dst]|%[ssl_bc]', 'response'))] },
    },
  )
  expect(await (await ask())()).toBe('|0')
})

test('backends and servers say how many more they could serve', async () => {
  const { server } = await ruled(doors[0]!, { behave: stall('before-head') })
  const { backend, port } = await telling('', {
    servers: [
      { id: 'one', address: server.address, maxConnections: 3 },
      { id: 'two', address: server.address, maxConnections: 1 },
    ],
  })
  const sight = backendSight(backend)
  const free = () => [
    sight.freeConnections,
    sight.server('one')?.freeConnections,
    sight.server('two')?.freeConnections,
  ]
  expect(free()).toEqual([4, 3, 1])
  const client = await rawClient({ port })
  onTestFinished(() => client.destroy())
  await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await expectEventually(() => sight.freeConnections === 3)
  backend.server('one')?.setMaxConnections(0)
  expect([sight.freeConnections, sight.server('one')?.freeConnections]).toEqual([undefined, undefined])
})
