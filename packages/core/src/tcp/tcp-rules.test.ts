import {
  accept,
  type ConnectionScope,
  type ContentScope,
  match,
  Rule,
  reject,
  silentDrop,
  src,
  type Verdict,
} from '@evener/rules'
import { stickTable } from '@evener/session'
import { VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { createTcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'
import { backendOf, Client, namedEcho, proxyOf } from './test-support.ts'

const onConnection = (run: (scope: ConnectionScope) => Verdict | undefined) =>
  new Rule('a rule', 'connection', run)
const onContent = (run: (scope: ContentScope) => Verdict | undefined) => new Rule('a rule', 'content', run)
/** Rejects what begins with `bad`, once there are three bytes or there will be no more. */
const rejectBad = () =>
  onContent(({ content }) => {
    if (content.bytes.length < 3) content.undecided = true
    return content.bytes.toString().startsWith('bad') ? { kind: 'reject', silently: false } : undefined
  })

async function world(options: Omit<TcpProxyOptions, 'route'>, route?: TcpProxyOptions['route']) {
  const clock = new VirtualClock()
  const server = await namedEcho('a')
  const backend = backendOf([server])
  return { clock, server, backend, ...(await proxyOf({ route: route ?? backend, clock, ...options })) }
}

describe('rules of connections', () => {
  test.each([
    ['reject', reject()],
    ['silent-drop', silentDrop()],
  ])('%s closes it, and counts it', async (_name, rule) => {
    const { dial, proxy, server } = await world({ rules: { connection: [rule] } })
    await dial().over()
    await expect.poll(() => proxy.counters.refusedBy['connection-rule']).toBe(1)
    expect(server.sockets).toHaveLength(0)
  })

  test('go by the address, up to the one that accepts', async () => {
    const { dial } = await world({
      rules: { connection: [accept().if(match.str(src(), '127.0.0.1')), reject()], session: [accept()] },
    })
    await dial().say('hello').hears('a:hello')
  })

  test('those of the session say who the client is, and what it tracks', async () => {
    const table = stickTable({ type: 'ip', store: { conn_cur: true } })
    let routed = ''
    const server = await namedEcho('a')
    const backend = backendOf([server])
    const { dial } = await world(
      {
        track: [{ table, key: () => undefined }],
        rules: {
          session: [
            onConnection(({ carrier, around }) => {
              expect(around.frontend?.name).toBe('tcp')
              carrier.setAddress('source', '192.0.2.5', undefined)
              carrier.track(0, undefined, '192.0.2.5')
              return undefined
            }),
          ],
        },
      },
      ({ sourceAddress }) => {
        routed = sourceAddress
        return backend
      },
    )
    const client = dial().say('hello')
    await client.hears('a:hello')
    expect(routed).toBe('192.0.2.5')
    expect(table.get('192.0.2.5', 'conn_cur')).toBe(1)
    client.socket.destroy()
    await expect.poll(() => table.get('192.0.2.5', 'conn_cur')).toBe(0)
  })

  test('a session that is rejected is counted as that', async () => {
    const { dial, proxy } = await world({ rules: { session: [reject()] } })
    await dial().over()
    await expect.poll(() => proxy.counters.refusedBy['session-rule']).toBe(1)
  })

  test('one that throws closes the connection, and is told', async () => {
    const { dial, proxy } = await world({
      rules: {
        connection: [
          onConnection(() => {
            throw new Error('a rule of the host')
          }),
        ],
      },
    })
    const errors: unknown[] = []
    proxy.on('route-error', error => errors.push(error))
    await dial().over()
    expect(errors).toHaveLength(1)
  })
})

describe('rules of the first bytes', () => {
  test.each([
    ['in one piece', ['bad bytes']],
    ['a byte at a time', ['b', 'a', 'd']],
  ])('see them, %s', async (_how, pieces) => {
    const { port, proxy, server } = await world({ rules: { content: [rejectBad()] } })
    const client = new Client(port)
    for (const piece of pieces) {
      client.say(piece)
      await new Promise(setImmediate)
    }
    await client.over()
    await expect.poll(() => proxy.counters.refusedBy['content-rule']).toBe(1)
    expect(server.sockets).toHaveLength(0)
  })

  test.each([
    ['alone', {}],
    ['after the ClientHello was looked for', { inspect: 'client-hello' as const }],
  ])('leave what passes whole, %s', async (_how, options) => {
    const { dial } = await world({ ...options, rules: { content: [rejectBad()] } })
    await dial().say('good bytes').hears('a:good bytes')
  })

  test('wait no longer than the inspection may take, then go by what there is', async () => {
    const { dial, clock } = await world({ rules: { content: [rejectBad()] } })
    const client = dial().say('ba')
    await expect.poll(() => clock.pending).toBe(1)
    await clock.advanceAsync(4_999)
    expect(client.heard).toBe('')
    await clock.advanceAsync(1)
    await client.hears('a:ba')
    expect(clock.pending).toBe(0)
  })

  test('wait for no bytes from a client that has ended', async () => {
    const { dial } = await world({ rules: { content: [rejectBad()] } })
    const client = dial()
    client.socket.end('ba')
    await client.hears('a:ba')
    await client.over()
  })

  test('wait with a client that goes away, and leave nothing', async () => {
    const { dial, clock, proxy } = await world({
      rules: { content: [rejectBad(), onContent(() => ({ kind: 'wait', delayMs: 1_000 }))] },
    })
    const [one, two] = [dial().say('b'), dial().say('good')]
    await expect.poll(() => clock.pending).toBe(3)
    one.socket.resetAndDestroy()
    two.socket.resetAndDestroy()
    await expect.poll(() => proxy.active).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('delay, and wait for what is promised', async () => {
    const { dial, clock } = await world({
      rules: {
        content: [
          onContent(() => ({ kind: 'wait', delayMs: 1_000, until: Promise.resolve(undefined) })),
          onContent(({ variables }) => {
            variables.set('sess.x', 1)
            return undefined
          }),
        ],
      },
    })
    const client = dial().say('hello')
    await expect.poll(() => clock.pending).toBe(1)
    await clock.advanceAsync(1_000)
    await client.hears('a:hello')
  })

  test('name the backend', async () => {
    const other = backendOf([await namedEcho('b')], { name: 'other' })
    const { dial } = await world({
      rules: { content: [onContent(() => ({ kind: 'backend', backend: other }))] },
    })
    await dial().say('hello').hears('b:hello')
  })

  test.each([
    ['a name in place of a backend', () => ({ kind: 'backend', backend: 'other' }) as const],
    [
      'an answer, which nobody would understand',
      () => ({ kind: 'answer', answer: { status: 403, headers: [], body: '' } }) as const,
    ],
    [
      'a promise that rejects',
      () => ({ kind: 'wait', until: Promise.reject(new Error('the host')) }) as const,
    ],
    [
      'an error',
      () => {
        throw new Error('the host')
      },
    ],
  ])('with %s, the connection is closed', async (_what, run) => {
    const { dial, server } = await world({ rules: { content: [onContent(run)] } })
    await dial().say('hello').over()
    expect(server.sockets).toHaveLength(0)
  })
})

test.each([
  [{ request: [] }, 'EVENER_UNKNOWN_OPTION', 'tcpProxy.rules'],
  [{ content: [1] }, 'EVENER_INVALID_OPTION', 'tcpProxy.rules.content[0]'],
  [{ session: [1] }, 'EVENER_INVALID_OPTION', 'tcpProxy.rules.session'],
])('%j is refused', (rules, code, message) => {
  const make = () => createTcpProxy({ route: () => undefined, rules: rules as never })
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})
