import { answer, fakeServer, request, testCertificate } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { haproxyRules } from '../src/haproxy-rules.ts'
import { createGateway } from '../src/main.ts'
import { siteRules } from '../src/rules.ts'

interface Asked {
  readonly host?: string
  readonly method?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly plain?: boolean
}

describe.each([
  ['functions', siteRules],
  ["HAProxy's words", haproxyRules],
])('with rules in %s', (_, rules) => {
  async function started() {
    const behave = answer({
      headers: [
        ['Server', 'apache'],
        ['X-Powered-By', 'horses'],
        ['Location', 'http://www.example.test/next'],
      ],
    })
    const servers = { web: await fakeServer({ behave }), api: await fakeServer(), images: await fakeServer() }
    const { web, api, images } = servers
    const addresses = { web: web.address, api: api.address, images: images.address }
    const gateway = createGateway(addresses, rules)
    const https = await gateway.frontend.listen({ port: 0, host: '127.0.0.1' })
    const http = await gateway.frontend.listen({ port: 0, host: '127.0.0.1', tls: false })
    onTestFinished(async () => {
      await gateway.close()
      await Promise.all(Object.values(servers).map(server => server.close()))
    })
    const ask = async (
      target: string,
      { host = 'www.example.test', method = 'GET', headers = [], plain }: Asked = {},
    ) => {
      const response = await request((plain ? http : https).port as number, {
        target,
        method,
        headers: [['Host', host], ...headers],
        ...(plain !== true && { tls: { ca: testCertificate.cert, servername: 'localhost' } }),
      })
      const field = (name: string) =>
        response.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
      return { status: response.status, field }
    }
    return { ask, blocked: gateway.blocked, ...servers }
  }

  test('without TLS there is nothing but the way to it', async () => {
    const { ask, web } = await started()
    const { status, field } = await ask('/cart?full=1', { plain: true })
    expect([status, field('location')]).toEqual([301, 'https://www.example.test/cart?full=1'])
    expect(web.totalRequests).toBe(0)
  })

  test('the short name leads to the long one, and old pages to where they are now', async () => {
    const { ask } = await started()
    const short = await ask('/about', { host: 'Example.test:443' })
    expect([short.status, short.field('location')]).toEqual([301, 'https://www.example.test/about'])
    const old = await ask('/blog/2024/horses?page=2')
    expect([old.status, old.field('location')]).toEqual([308, '/journal/horses?page=2'])
    // What would only lead back to itself is served.
    expect((await ask('/blog/latest')).status).toBe(200)
  })

  test.each([
    ['/', {}, 'web', '/'],
    ['/product/12', {}, 'web', '/product?id=12'],
    ['/v1/orders?open', {}, 'api', '/api/orders?open'],
    ['/api/orders', {}, 'api', '/api/orders'],
    ['/orders', { host: 'API.example.test:8443' }, 'api', '/orders'],
    ['/Logo.PNG', {}, 'images', '/Logo.PNG'],
  ] as const)('%s, %o, goes to %s as %s', async (target, asked, name, seen) => {
    const { ask, ...all } = await started()
    expect((await ask(target, asked)).status).toBe(200)
    expect(all[name].requests.map(one => one.target)).toEqual([seen])
  })

  test('servers see who the client is, and nothing that it may not say', async () => {
    const { ask, web } = await started()
    await ask('/', {
      headers: [
        ['X-Real-IP', '10.0.0.1'],
        ['X-Internal-Role', 'admin'],
      ],
    })
    const [seen] = web.requests
    expect([seen?.header('x-real-ip'), seen?.header('x-internal-role')]).toEqual(['127.0.0.1', undefined])
  })

  test('clients see no more of servers than they need, and how to be careful', async () => {
    const { ask } = await started()
    const { field } = await ask('/')
    expect(['server', 'x-powered-by', 'location', 'x-content-type-options'].map(field)).toEqual([
      undefined,
      undefined,
      'https://www.example.test/next',
      'nosniff',
    ])
    expect(field('strict-transport-security')).toBe('max-age=31536000')
  })

  test('browsers on the known pages may use the API, and on no others', async () => {
    const { ask, api } = await started()
    const preflight = (origin: string) =>
      ask('/api/orders', {
        method: 'OPTIONS',
        headers: [
          ['Origin', origin],
          ['Access-Control-Request-Method', 'PUT'],
        ],
      })
    const known = await preflight('https://app.example.test')
    expect([known.status, known.field('access-control-allow-origin')]).toEqual([
      204,
      'https://app.example.test',
    ])
    expect((await preflight('https://evil.test')).field('access-control-allow-origin')).toBeUndefined()
    expect(api.totalRequests).toBe(0)
  })

  test('who is blocked gets nothing from then on', async () => {
    const { ask, blocked, web } = await started()
    expect((await ask('/')).status).toBe(200)
    blocked.add('127.0.0.0/8')
    expect((await ask('/')).status).toBe(403)
    expect(web.totalRequests).toBe(1)
  })
})
