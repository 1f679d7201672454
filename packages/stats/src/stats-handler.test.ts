import { createServer } from 'node:http'
import { createFrontend } from '@evener/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  hashPassword,
  listenStats,
  type StatsHandlerOptions,
  statistics,
  statsBackend,
  statsHandler,
} from './index.ts'
import { backendOf, basic, pageOf } from './test-support.ts'

const users = { operator: await hashPassword('secret') }
const asOperator = { authorization: basic('operator', 'secret') }

const tokenIn = (html: string): string => /name="evener-token" content="([^"]*)"/.exec(html)?.[1] ?? 'none'

describe('addresses', () => {
  test.each([
    ['', 'text/html; charset=utf-8', '<!doctype html>'],
    [';csv', 'text/plain; charset=utf-8', '# pxname,svname,'],
    [';csv;norefresh', 'text/plain; charset=utf-8', '# pxname,svname,'],
    ['haproxy?stats;csv', 'text/plain; charset=utf-8', '# pxname,svname,'],
    ['deep/in/;json', 'application/json', '[[{"objType":'],
    ['metrics', 'text/plain; version=0.0.4; charset=utf-8', '# HELP haproxy_'],
    [';metrics?scope=backend', 'text/plain; version=0.0.4; charset=utf-8', '# HELP haproxy_backend_'],
  ])('/%s is %s', async (path, type, beginning) => {
    const { ask } = await pageOf({ backends: [backendOf().backend] })
    const response = await ask(path)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect((await response.text()).startsWith(beginning)).toBe(true)
  })

  test('HEAD has the head only, and other methods are refused', async () => {
    const { ask } = await pageOf({ backends: [backendOf().backend] })
    for (const path of ['', ';csv', 'metrics', ';events']) {
      const response = await ask(path, { method: 'HEAD' })
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
    const response = await ask('', { method: 'DELETE' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('every answer forbids what it does not need, and the page all that is not in it', async () => {
    const { ask } = await pageOf({ backends: [backendOf().backend], title: '</title><script>1</script>' })
    const response = await ask('')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    const text = await response.text()
    expect(text.match(/<script>/g)).toHaveLength(1)
    expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
    expect(Buffer.byteLength(text)).toBeLessThan(60_000)
  })

  test('what cannot be made is answered, and nothing breaks', async () => {
    const given = statistics({ backends: [backendOf().backend] })
    const { ask } = await pageOf({ statistics: given })
    given.snapshot = () => Promise.reject(new Error('broken'))
    expect((await ask(';csv')).status).toBe(500)
  })
})

describe('users', () => {
  test('nobody sees anything without a password, whatever is asked for', async () => {
    const { ask } = await pageOf({ backends: [backendOf().backend], users })
    for (const path of ['', ';csv', ';events', 'metrics', ';action']) {
      const response = await ask(path)
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="statistics", charset="UTF-8"',
      ])
    }
    expect((await ask('', { headers: { authorization: basic('operator', 'wrong') } })).status).toBe(401)
    expect((await ask('', { headers: { authorization: basic('nobody', 'secret') } })).status).toBe(401)
    expect((await ask('', { headers: { authorization: 'Bearer x' } })).status).toBe(401)
    expect((await ask('', { headers: asOperator })).status).toBe(200)
  })

  test('who tries many passwords at once does not keep the process busy', async () => {
    const { ask } = await pageOf({ backends: [backendOf().backend], users })
    const tries = Array.from({ length: 20 }, (_, i) =>
      ask('', { headers: { authorization: basic('operator', `${i}`) } }),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    expect(statuses.filter(status => status === 429).length).toBeGreaterThan(10)
    expect(statuses.every(status => status === 401 || status === 429)).toBe(true)
  })
})

describe('actions', () => {
  async function world(options: Partial<StatsHandlerOptions> = {}) {
    const { backend } = backendOf()
    const page = await pageOf({ backends: [backend], users, actions: true, ...options })
    const token = tokenIn(await (await page.ask('', { headers: asOperator })).text())
    const headers = { ...asOperator, 'content-type': 'application/json', 'x-evener-token': token }
    const act = async (body: unknown, more: Record<string, string> = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await page.ask(';action', {
        method: 'POST',
        headers: { ...headers, ...more },
        body: text,
      })
      return [response.status, await response.text()]
    }
    return { ...page, backend, act, origin: page.url.slice(0, -1) }
  }
  const drain = { backend: 'app', server: 's1', action: 'drain' }

  test('change a server, and the page hears of it', async () => {
    const { backend, act, origin } = await world()
    const s1 = backend.server('s1')
    expect(await act(drain, { 'sec-fetch-site': 'same-origin', origin })).toEqual([204, ''])
    expect(s1?.admin).toBe('drain')
    await act({ ...drain, action: 'maintenance' })
    expect(s1?.admin).toBe('maintenance')
    await act({ ...drain, action: 'ready' })
    await act({ ...drain, action: 'weight', weight: 9 })
    await act({ ...drain, action: 'shutdown-sessions' })
    expect(s1).toMatchObject({ admin: 'ready', configuredWeight: 9 })
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a site of the same domain', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['no origin at all', { origin: 'null' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a wrong token', { 'x-evener-token': 'A'.repeat(43) }],
    ['no token', { 'x-evener-token': '' }],
  ])('of %s are refused', async (_, headers) => {
    const { backend, act } = await world()
    expect((await act(drain, headers))[0]).toBe(403)
    expect(backend.server('s1')?.admin).toBe('ready')
  })

  test.each([
    ['not JSON', '{', 400, 'JSON'],
    ['a list', [], 400, 'an object of options'],
    ['an unknown field', { ...drain, force: true }, 400, 'force'],
    ['an unknown action', { ...drain, action: 'explode' }, 400, 'explode'],
    ['no backend', { ...drain, backend: 1 }, 400, 'action.backend'],
    ['no server', { ...drain, server: null }, 400, 'action.server'],
    ['an unknown server', { ...drain, server: 'x' }, 404, 'app/x'],
    ['a weight that is none', { ...drain, action: 'weight', weight: 257 }, 400, '257'],
    ['a weight without a weight', { ...drain, action: 'weight' }, 400, 'weight'],
    ['more than an action', 'x'.repeat(5_000), 400, 'at most 4096'],
  ])('that are %s get an answer that says so', async (_, body, status, part) => {
    const { act } = await world()
    const [code, text] = await act(body)
    expect([code, text]).toEqual([status, expect.stringContaining(part)])
  })

  test('are off by default, and need users', async () => {
    const { act, ask } = await world({ actions: false })
    expect((await act(drain))[0]).toBe(403)
    expect(tokenIn(await (await ask('', { headers: asOperator })).text())).toBe('')
    expect(() => statsHandler({ backends: [], actions: true })).toThrow(
      /statsHandler.actions: true.*without users/,
    )
  })

  test('are sent by POST', async () => {
    const { ask } = await world()
    expect((await ask(';action', { headers: asOperator })).status).toBe(405)
  })

  test("another user's token is of no use", async () => {
    const { act } = await world({ users: { ...users, other: users.operator as string } })
    expect((await act(drain, { authorization: basic('other', 'secret') }))[0]).toBe(403)
  })
})

describe('where it is mounted', () => {
  test('on a port of its own that is taken, it says so', async () => {
    const { port } = await pageOf({ backends: [backendOf().backend] })
    await expect(listenStats({ backends: [], port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('on IPv6', async () => {
    const { url, ask } = await pageOf({ backends: [backendOf().backend], host: '::1' })
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/$/)
    expect((await ask('')).status).toBe(200)
  })

  test('as a backend of a frontend, with a name that is not in the way', async () => {
    const { backend } = backendOf()
    const page = await statsBackend({ backends: [backend], users })
    const frontend = createFrontend({ route: page.backend })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(async () => {
      await frontend.close({ drainMs: 0 })
      await page.close()
    })
    const response = await fetch(`http://127.0.0.1:${port}/stats;csv`, { headers: asOperator })
    expect((await response.text()).split('\n')).toHaveLength(5)
  })

  test('in a server of the host: a client that goes away leaves nothing behind', async () => {
    const handler = statsHandler({ backends: [backendOf().backend], refreshMs: 250 })
    const server = createServer(handler).listen(0, '127.0.0.1')
    onTestFinished(() => {
      handler.close()
      server.closeAllConnections()
      server.close()
    })
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const gone = new AbortController()
    const response = await fetch(`http://127.0.0.1:${port}/;events`, { signal: gone.signal })
    expect((await response.body?.getReader().read())?.done).toBe(false)
    expect(handler.watching).toBe(1)
    gone.abort()
    await expect.poll(() => handler.watching).toBe(0)
  })
})

test.each<[object, string, RegExp]>([
  [{ backend: [] }, 'EVENER_UNKNOWN_OPTION', /unknown option "backend"/],
  [{ backends: {} }, 'EVENER_INVALID_OPTION', /statistics.backends: an object.*an array/],
  [{ backends: [1] }, 'EVENER_INVALID_OPTION', /statistics.backends\[0\]: 1/],
  [{ frontends: { a: 1 } }, 'EVENER_INVALID_OPTION', /statistics.frontends.a: 1/],
  [{ frontends: null }, 'EVENER_INVALID_OPTION', /statistics.frontends: null/],
  [{ title: 1 }, 'EVENER_INVALID_OPTION', /statsHandler.title: 1/],
  [{ refreshMs: 10 }, 'EVENER_INVALID_OPTION', /statsHandler.refreshMs: 10.*250 to 60000/],
  [{ actions: 'yes' }, 'EVENER_INVALID_OPTION', /statsHandler.actions: "yes"/],
  [{ statistics: {} }, 'EVENER_INVALID_OPTION', /statsHandler.statistics: an object/],
  [{ users: {} }, 'EVENER_INVALID_OPTION', /statsHandler.users/],
  [
    { users: { 'a:b': users.operator } },
    'EVENER_INVALID_OPTION',
    /statsHandler.users: "a:b".*without a colon/,
  ],
  [{ users: { a: 'secret' } }, 'EVENER_INVALID_OPTION', /statsHandler.users.a: "…".*hashPassword/],
  [
    { users: { a: `scrypt$1000$8$5$${'A'.repeat(22)}$${'A'.repeat(43)}` } },
    'EVENER_INVALID_OPTION',
    /users.a/,
  ],
])('%j is refused', (options, code, message) => {
  expect(() => statsHandler(options as StatsHandlerOptions)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

test('two backends of one name are refused', () => {
  const [one, other] = [backendOf().backend, backendOf().backend]
  expect(() => statistics({ backends: [one, other] })).toThrow(
    expect.objectContaining({ code: 'EVENER_DUPLICATE_ID' }),
  )
  expect(() => statsHandler({ statistics: statistics({}), backends: [one] })).toThrow(/none beside/)
  expect(() => statistics({ name: '' })).toThrow(/statistics.name/)
})

test('a password that is empty has no hash', async () => {
  await expect(hashPassword('')).rejects.toMatchObject({ code: 'EVENER_INVALID_OPTION' })
})
