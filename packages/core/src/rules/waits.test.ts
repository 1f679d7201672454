import { connect } from 'node:net'
import {
  type ConnectionScope,
  deny,
  match,
  path,
  type RequestScope,
  Rule,
  reject,
  setHeader,
  silentDrop,
  tarpit,
  type Verdict,
} from '@evener/rules'
import { stickTable } from '@evener/session'
import { answer, echo, fakeServer, rawClient, VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { createFrontend, type FrontendOptions } from '../frontend/frontend.ts'

// What rules do to a connection over time. What they do to requests at every door is in http-rules.test.ts.

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`
const onRequest = (run: (scope: RequestScope) => Verdict | undefined) => new Rule('a rule', 'request', run)
const onConnection = (run: (scope: ConnectionScope) => Verdict | undefined) =>
  new Rule('a rule', 'connection', run)

async function world(rules: FrontendOptions['rules'], options: Partial<FrontendOptions> = {}) {
  const clock = new VirtualClock()
  const server = await fakeServer({ behave: echo() })
  const backend = createBackend({
    name: 'app',
    clock,
    servers: [{ id: 's1', address: server.address }],
  })
  const frontend = createFrontend({ route: backend, clock, rules, ...options })
  const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    expect(clock.pending).toBe(0)
    backend.close()
    await server.close()
  })
  const client = async () => {
    const one = await rawClient({ port: port as number })
    onTestFinished(() => one.destroy())
    return one
  }
  return { clock, server, backend, frontend, client, port: port as number }
}

/** Connect, and wait until that connection is closed. */
async function gone(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.resume()
  await new Promise(resolve => socket.once('close', resolve))
}

describe('a request that waits in rules', () => {
  test('is answered when its time is over, and no earlier', async () => {
    const { clock, client, frontend } = await world({ request: [tarpit({ delayMs: 10_000 })] })
    const one = await client()
    await one.send(get('/'))
    await expect.poll(() => frontend.counters.connectionsNow).toBe(1)
    await expect.poll(() => clock.pending).toBeGreaterThan(0)
    await clock.advanceAsync(9_999)
    expect(frontend.counters.refused).toEqual({})
    await clock.advanceAsync(1)
    expect((await one.readResponse()).status).toBe(500)
    expect(frontend.counters).toMatchObject({ requestsDenied: 1, refused: { 500: 1 } })
  })

  test('outlives the keep-alive and request timeouts, which are none of its business', async () => {
    const { clock, client } = await world(
      { request: [onRequest(() => ({ kind: 'wait', delayMs: 60_000 }))] },
      { timeouts: { httpRequestMs: 1_000, httpKeepAliveMs: 1_000, clientMs: 1_000 } },
    )
    const one = await client()
    await one.send(get('/'))
    await expect.poll(() => clock.pending).toBeGreaterThan(1)
    await clock.advanceAsync(60_000)
    expect((await one.readResponse()).status).toBe(200)
  })

  test('goes with its client, and leaves nothing', async () => {
    const table = stickTable({ type: 'ip', store: { conn_cur: true } })
    const { clock, client, server, frontend } = await world(
      { request: [tarpit({ delayMs: 10_000 })] },
      { track: [{ table }] },
    )
    const one = await client()
    await one.send(get('/'))
    await expect.poll(() => table.get('127.0.0.1', 'conn_cur')).toBe(1)
    one.destroy()
    await expect.poll(() => frontend.counters.connectionsNow).toBe(0)
    expect(table.get('127.0.0.1', 'conn_cur')).toBe(0)
    expect(clock.pending).toBe(0)
    expect(server.totalRequests).toBe(0)
    expect(frontend.counters.requestsDenied).toBe(0)
  })

  test('holds those that follow on its connection, in their order', async () => {
    const { clock, client } = await world({
      request: [
        onRequest(({ request }) => (request.uri === '/slow' ? { kind: 'wait', delayMs: 1_000 } : undefined)),
      ],
    })
    const one = await client()
    await one.send(
      get('/slow') +
        get('/fast').replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\nfast'),
    )
    await expect.poll(() => clock.pending).toBeGreaterThan(1)
    await clock.advanceAsync(1_000)
    expect((await one.readResponse()).text).toBe('')
    expect((await one.readResponse()).text).toBe('fast')
  })

  test('is answered with 503 when the frontend closes and does not wait for it', async () => {
    const { clock, client, frontend } = await world({ request: [tarpit({ delayMs: 10_000 })] })
    const one = await client()
    await one.send(get('/'))
    await expect.poll(() => clock.pending).toBeGreaterThan(1)
    const closed = frontend.close({ drainMs: 0 })
    expect((await one.readResponse()).status).toBe(503)
    await closed
  })

  test('for a body that does not come in time is answered with 408', async () => {
    const { clock, client, server } = await world({
      request: [onRequest(() => ({ kind: 'wait', body: { bytes: 100, timeoutMs: 2_000 } }))],
    })
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nsome')
    await expect.poll(() => clock.pending).toBeGreaterThan(1)
    await clock.advanceAsync(2_000)
    const response = await one.readResponse()
    expect(response.status).toBe(408)
    expect(server.totalRequests).toBe(0)
  })

  test('for a body asks for it where the client waits for a word', async () => {
    const { client } = await world({
      request: [onRequest(() => ({ kind: 'wait', body: { bytes: 4, timeoutMs: 2_000 } }))],
    })
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
    await expect.poll(() => one.unread).toBeGreaterThan(0)
    await one.send('body')
    const response = await one.readResponse()
    expect(response.text).toBe('body')
    expect(response.informational.map(({ status }) => status)).toEqual([100])
  })

  test('for a body that turns out to be wrong is refused, and its connection closed', async () => {
    const { client, server } = await world({
      request: [onRequest(() => ({ kind: 'wait', body: { bytes: 100, timeoutMs: 2_000 } }))],
    })
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')
    const response = await one.readResponse()
    expect([response.status, response.header('connection')]).toEqual([400, 'close'])
    expect(server.totalRequests).toBe(0)
  })

  test('does not keep a chunked body from being passed on whole', async () => {
    const { client, server } = await world({
      request: [onRequest(() => ({ kind: 'wait', body: { bytes: 3, timeoutMs: 2_000 } }))],
    })
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await one.send('3\r\ndef\r\n0\r\n\r\n')
    expect((await one.readResponse()).text).toBe('abcdef')
    expect(server.requests[0]?.body.toString()).toBe('abcdef')
  })
})

test('pipelined requests are each judged, and a denied one does not take the others along', async () => {
  const { client } = await world({
    request: [deny().if(match.str(path(), '/no'))],
    afterResponse: [setHeader('X-After', '1')],
  })
  const one = await client()
  await one.send(get('/a') + get('/no') + get('/b'))
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) {
    const response = await one.readResponse()
    expect(response.header('x-after')).toBe('1')
    statuses.push(response.status)
  }
  expect(statuses).toEqual([200, 403, 200])
})

test('early hints go out before the answer', async () => {
  const { client } = await world({
    request: [
      onRequest(({ carrier }) => {
        carrier.earlyHint('Link', '</a.css>; rel=preload')
        carrier.earlyHint('Link', 'bad\r\nX-Evil: 1')
        return undefined
      }),
    ],
  })
  const one = await client()
  await one.send(get('/'))
  const response = await one.readResponse()
  expect(response.status).toBe(200)
  expect(response.informational.map(({ status }) => status)).toEqual([103])
  expect(response.informational[0]?.headers.find(([name]) => name === 'Link')?.[1]).toBe(
    '</a.css>; rel=preload',
  )
})

test('set-timeout counts for this request alone', async () => {
  const { clock, client, server } = await world({
    request: [
      onRequest(({ carrier, request }) => {
        if (request.uri === '/short') carrier.setTimeout('server', 1_000)
        return undefined
      }),
    ],
  })
  server.behave(answer({ delayUntil: new Promise(() => undefined) }))
  const [one, two] = [await client(), await client()]
  await one.send(get('/short'))
  await two.send(get('/long'))
  await expect.poll(() => server.totalRequests).toBe(2)
  await clock.advanceAsync(1_000)
  expect((await one.readResponse()).status).toBe(504)
  expect(two.socket.destroyed).toBe(false)
})

describe('rules of connections', () => {
  test.each([
    ['reject', reject()],
    ['silent-drop', silentDrop()],
  ])('%s closes it before anything is read, and counts it', async (_name, rule) => {
    const { port, frontend } = await world({ connection: [rule] })
    await gone(port)
    await expect
      .poll(() => frontend.counters)
      .toMatchObject({ connections: 1, connectionsDenied: 1, connectionsNow: 0, requests: 0 })
  })

  test('a delay holds it, and its client may go meanwhile', async () => {
    const { clock, client, frontend } = await world({
      connection: [onConnection(() => ({ kind: 'wait', delayMs: 1_000 }))],
    })
    const [one, two] = [await client(), await client()]
    await one.send(get('/'))
    await expect.poll(() => clock.pending).toBe(2)
    two.socket.resetAndDestroy()
    await expect.poll(() => frontend.counters.connectionsNow).toBe(1)
    expect(clock.pending).toBe(1)
    await clock.advanceAsync(1_000)
    expect((await one.readResponse()).status).toBe(200)
  })

  test('what they say of the connection holds for its requests', async () => {
    const seen: unknown[] = []
    const table = stickTable({ type: 'ip', store: { conn_cur: true } })
    const { client } = await world(
      {
        connection: [
          onConnection(({ carrier, variables }) => {
            carrier.setAddress('source', '192.0.2.9', 9)
            carrier.track(0, undefined, '192.0.2.9')
            variables.set('sess.seen', true)
            return undefined
          }),
        ],
        request: [
          onRequest(({ connection, variables, tracked }) => {
            seen.push(
              connection.peerAddress,
              connection.peerPort,
              variables.get('sess.seen'),
              tracked?.[0]?.key,
            )
            return undefined
          }),
        ],
      },
      { track: [{ table, key: () => undefined, per: 'connection' }] },
    )
    const one = await client()
    await one.send(get('/'))
    expect((await one.readResponse()).status).toBe(200)
    expect(seen).toEqual(['192.0.2.9', 9, true, '192.0.2.9'])
    one.destroy()
    await expect.poll(() => table.get('192.0.2.9', 'conn_cur')).toBe(0)
  })

  test('one that throws closes the connection', async () => {
    const errors: unknown[] = []
    const { port, frontend } = await world({
      connection: [
        onConnection(() => {
          throw new Error('a rule of the host')
        }),
      ],
    })
    frontend.on('route-error', error => errors.push(error))
    await gone(port)
    expect(errors).toHaveLength(1)
  })
})
