import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { CheckContext } from './connect.ts'
import type { CheckResult } from './contract.ts'
import { type TcpChainOptions, type TcpStep, tcpChain } from './tcp-chain.ts'
import {
  allClosed,
  certificate,
  deadTarget,
  key,
  listen,
  patience,
  rawServer,
  type TalkingServer,
  talkingServer,
  VirtualClock,
} from './test-support.ts'

function check(
  { target }: TalkingServer,
  steps: readonly TcpStep[],
  options: TcpChainOptions = {},
): Promise<CheckResult> {
  return tcpChain(steps, options).check(target(), patience())
}

/** A server that greets and says no more is asked to hang up, so that nothing has to be waited for. */
const greeting = async (text: string | Uint8Array, steps: readonly TcpStep[]) => {
  const talking = await talkingServer(text)
  talking.server.on('connection', socket => socket.end())
  return check(talking, steps)
}

describe('a chain of steps over TCP', () => {
  it('without steps is a connection', async () => {
    expect(await check(await talkingServer(''), [])).toMatchObject({ code: 'L4OK', message: 'connected' })
  })
  it('talks as it is told', async () => {
    const talking = await talkingServer('hello\n', ['one\n', 'two\n', 'three\n'])
    const result = await check(talking, [
      { expect: { string: 'hello' } },
      { send: 'a' },
      { expect: { rstring: /^one$/m } },
      { send: Buffer.from('b') },
      { expect: { binary: Buffer.from('two') } },
      { sendBinary: '63' },
      { expect: { rbinary: /^74687265650A$/ } },
    ])
    expect(result).toMatchObject({ ok: true, code: 'L7OK', message: 'as expected' })
    expect(talking.heard).toEqual(['abc'])
    await allClosed(talking.server)
  })
  it('makes texts of its target and of what it remembers', async () => {
    const talking = await talkingServer('', ['app\n'])
    const result = await check(talking, [
      { set: 'word', to: 'hi' },
      { set: 'name', to: ({ target }: CheckContext) => target.id },
      { set: 'gone', to: 1 },
      { unset: 'gone' },
      {
        send: ({ variables, target }: CheckContext) =>
          `${variables.get('word')} ${target.id} ${variables.has('gone')}`,
      },
      { expect: { string: ({ variables }) => String(variables.get('name')) } },
      { expect: { binary: () => '6170' } },
    ])
    expect(result).toMatchObject({ code: 'L7OK' })
    expect(talking.heard).toEqual(['hi app false'])
  })
  it('that ends with a send is well when it is sent', async () => {
    const talking = await talkingServer('')
    expect(await check(talking, [{ send: 'QUIT\r\n' }])).toMatchObject({ code: 'L7OK', message: 'sent' })
    await expect.poll(() => talking.heard).toEqual(['QUIT\r\n'])
  })
  it('forgets with a send what came before, and not with an expect', async () => {
    const talking = await talkingServer('one', ['two'])
    const again: TcpStep[] = [{ expect: { string: 'one' } }, { expect: { rstring: /^one$/ } }]
    expect(await check(talking, [...again, { send: 'x' }, { expect: { rstring: /^two$/ } }])).toMatchObject({
      code: 'L7OK',
    })
    const keeping: TcpStep[] = [...again, { send: 'x', keepReceived: true }, { expect: { string: 'onetwo' } }]
    expect(await check(talking, keeping)).toMatchObject({ code: 'L7OK' })
  })
  it('goes to several places, one after the other', async () => {
    const [first, second] = [await talkingServer('first'), await talkingServer('second')]
    const result = await tcpChain([
      { connect: {} },
      { expect: { string: 'first' } },
      { connect: { port: second.target().port } },
      { expect: { rstring: /^second$/ } },
      { connect: { port: () => first.target().port, closesWithReset: true } },
    ]).check(first.target(), patience())
    expect(result).toMatchObject({ code: 'L4OK' })
    await Promise.all([first, second].map(({ server }) => allClosed(server)))
  })
  it('that cannot reach the second place is L4CON', async () => {
    const { port } = await deadTarget()
    const steps: TcpStep[] = [{ connect: {} }, { expect: { string: 'a' } }, { connect: { port } }]
    expect(await check(await talkingServer('a'), steps)).toMatchObject({ code: 'L4CON' })
  })
  it('speaks TLS to its target where it says so, and where the target has it', async () => {
    const server = await listen(createTlsServer({ cert: certificate, key }, socket => socket.end('220\r\n')))
    const target = { id: 'app', host: '127.0.0.1', port: (server.address() as { port: number }).port }
    const tls = { ca: certificate }
    const banner: TcpStep = { expect: { string: '220' } }
    const codes: string[] = []
    for (const [steps, more] of [
      [[banner], { tls }],
      [[{ connect: { tls } }, banner], {}],
      [[{ connect: { tls: true } }, banner], { tls }],
      [[{ connect: { default: true } }], { tls }],
      [[{ connect: {} }], { tls }],
      [[{ connect: { tls: true } }], {}],
    ] as [TcpStep[], object][]) {
      codes.push((await tcpChain(steps).check({ ...target, ...more }, patience())).code)
    }
    expect(codes).toEqual(['L7OK', 'L7OK', 'L7OK', 'L6OK', 'L4OK', 'L6RSP'])
  })
})

describe('an expectation that does not fit', () => {
  it.each<[TcpStep, string | Uint8Array, string, string]>([
    [{ expect: { string: 'OK' } }, 'NO', 'L7RSP', 'step 1: did not find "OK" in "NO"'],
    [{ expect: { string: 'OK' } }, '', 'L7RSP', 'step 1: did not find "OK" in nothing'],
    [
      { expect: { rstring: /^O/ }, comment: 'greets' },
      'NO',
      'L7RSP',
      'step 1 (greets): did not find /^O/ in "NO"',
    ],
    [{ expectNot: { string: 'NO' } }, 'NO', 'L7RSP', 'step 1: found "NO" in "NO"'],
    [{ expect: { binary: 'ff00' } }, 'NO', 'L7RSP', 'step 1: did not find "ff00" in "NO"'],
    [{ expect: { binary: Buffer.from([1]) } }, 'NO', 'L7RSP', 'step 1: did not find 01 in "NO"'],
    [{ expect: { string: () => 'x' } }, 'NO', 'L7RSP', 'step 1: did not find what is expected in "NO"'],
    [{ expect: { judge: () => undefined } }, 'NO', 'L7RSP', 'step 1: did not find what is expected in "NO"'],
    [{ expect: { string: 'OK' }, errorStatus: 'L7STS' }, 'NO', 'L7STS', 'step 1: did not find "OK" in "NO"'],
    [{ expect: { string: 'OK' }, onError: 'sick' }, 'NO', 'L7RSP', 'sick'],
    [{ expect: { string: 'OK' }, onError: bytes => `said ${bytes}` }, 'NO', 'L7RSP', 'said NO'],
  ])('%o of %j', async (step, said, code, message) => {
    expect(await greeting(said, [step])).toMatchObject({ ok: false, code, message })
  })
  it.each<[TcpStep, string]>([
    [{ expect: { string: 'OK' }, okStatus: 'L7OKC' }, 'L7OKC'],
    [{ expect: { string: 'OK' }, okStatus: 'L4OK' }, 'L4OK'],
    [{ expectNot: { string: 'NO' }, okStatus: 'L6OK' }, 'L6OK'],
    [{ expectNot: { string: 'NO' }, minRecv: 0 }, 'L7OK'],
    [{ expect: { string: 'NO' }, errorStatus: 'L7OKC' }, 'L7OKC'],
    [{ expect: { judge: () => ({ code: 'L7STS', message: 'no' }) } }, 'L7STS'],
    [{ expectNot: { judge: () => false } }, 'L7OK'],
  ])('%o has the code %s', async (step, code) => {
    expect(await greeting('OK', [step])).toMatchObject({ code, ok: code.includes('OK') })
  })
  it('has a status and a message that are read out of the answer', async () => {
    const notes = {
      statusCode: (bytes: Buffer) => Number(bytes.subarray(0, 3)),
      onSuccess: (bytes: Buffer) => `${bytes.subarray(4)}`,
    }
    expect(await greeting('220 mail', [{ expect: { rstring: /^2/ }, ...notes }])).toMatchObject({
      status: 220,
      message: 'mail',
    })
    expect(await greeting('554 mail', [{ expect: { rstring: /^2/ }, ...notes }])).toMatchObject({
      ok: false,
      status: 554,
    })
  })
  it('is named by the comment in front of it, which a set leaves for the step behind', async () => {
    const steps: TcpStep[] = [{ comment: 'the banner' }, { set: 'a', to: 1 }, { expect: { string: 'OK' } }]
    expect((await greeting('NO', steps)).message).toMatch(/^step 3 \(the banner\): /)
  })
  it('shows nothing that would steer a terminal', async () => {
    const { message } = await greeting(Buffer.from([27, 91, 155, 0x7f, 10, 0x41]), [
      { expect: { string: 'OK' } },
    ])
    expect(message).toMatch(/^[\x20-\x7e]+$/)
  })
})

describe('an expectation waits', () => {
  /** Says `first`, and `second` when told to. */
  const twice = async (first: string) => {
    let go: (second: string) => void = () => {}
    const talking = await talkingServer(first)
    talking.server.on('connection', socket => {
      go = second => socket.end(second)
    })
    return { talking, go: (second: string) => go(second) }
  }
  it.each<[string, TcpStep]>([
    ['for a text', { expect: { string: 'OK' } }],
    ['for an expression', { expect: { rstring: /OK/ } }],
    ['for less than what is looked for, whatever minRecv', { expect: { string: 'N-OK' }, minRecv: 0 }],
    ['for as many bytes as told', { expect: { rstring: /OK/ }, minRecv: 4 }],
    ['for its judge', { expect: { judge: bytes => (bytes.length < 4 ? undefined : true) } }],
    ['for the end of what it does not want', { expectNot: { string: 'NO' } }],
  ])('%s', async (_, step) => {
    const clock = new VirtualClock()
    const { talking, go } = await twice('N-')
    let looked: () => void
    const seen = new Promise<void>(resolve => {
      looked = resolve
    })
    // A step in front tells when the first piece came.
    const first: TcpStep = {
      expect: {
        judge: () => {
          looked()
          return true
        },
      },
    }
    const checking = check(talking, [first, step], { clock, timeoutMs: 1000 })
    await seen
    expect(clock.pending).toBe(1)
    go('OK')
    expect(await checking).toMatchObject({ code: 'L7OK' })
  })
  it('no longer than it is told, and has the code that is wanted then', async () => {
    const codes: string[] = []
    for (const toutStatus of [undefined, 'L7TOUT', 'L6TOUT', 'L4TOUT'] as const) {
      const clock = new VirtualClock()
      const judge = () => {
        setImmediate(() => clock.advanceNow(1000))
        return undefined
      }
      const step: TcpStep = { expect: { judge }, toutStatus, comment: 'slow' }
      const result = await check(await talkingServer('a'), [step], { clock, timeoutMs: 1000 })
      expect(result.message).toBe('step 1 (slow): waiting for the answer: longer than 1000 ms')
      codes.push(result.code)
    }
    expect(codes).toEqual(['L7TOUT', 'L7TOUT', 'L6TOUT', 'L4TOUT'])
  })
  it('is final with the first bytes where minRecv is 0', async () => {
    expect(await check(await talkingServer('NO'), [{ expect: { rstring: /OK/ }, minRecv: 0 }])).toMatchObject(
      {
        code: 'L7RSP',
      },
    )
  })
  it('and looks at no more than maxBytes', async () => {
    const talking = await talkingServer(`${'x'.repeat(100)}OK`)
    const step: TcpStep = { expect: { string: 'OK' } }
    expect(await check(talking, [step], { maxBytes: 100 })).toMatchObject({ code: 'L7RSP' })
    expect(await check(talking, [step], { maxBytes: 102 })).toMatchObject({ code: 'L7OK' })
    await allClosed(talking.server)
  })
  it('a chain reads on after an answer that was longer than what is looked at', async () => {
    const talking = await talkingServer('x'.repeat(200_000), ['OK'])
    const steps: TcpStep[] = [{ expect: { string: 'x' } }, { send: 'a' }, { expect: { string: 'OK' } }]
    expect(await check(talking, steps, { maxBytes: 300 })).toMatchObject({ code: 'L7RSP' })
    expect(await check(talking, steps, { maxBytes: 300_000 })).toMatchObject({ code: 'L7OK' })
  })
})

describe('a chain whose target', () => {
  it('says enough and breaks the connection is as good as what it said', async () => {
    const server = await rawServer(socket => socket.write('OK', () => socket.resetAndDestroy()))
    const target = { id: 'app', host: '127.0.0.1', port: (server.address() as { port: number }).port }
    const checks = [/OK/, /NO/].map(rstring =>
      tcpChain([{ send: 'x' }, { expect: { rstring } }]).check(target, patience()),
    )
    expect((await Promise.all(checks)).map(({ code }) => code)).toEqual(['L7OK', 'L7RSP'])
  })
  it('breaks the connection without a word is L7RSP', async () => {
    const server = await rawServer(socket => socket.resetAndDestroy())
    const target = { id: 'app', host: '127.0.0.1', port: (server.address() as { port: number }).port }
    const steps: TcpStep[] = [{ send: 'x' }, { expect: { string: 'OK' } }]
    const result = await tcpChain(steps).check(target, patience())
    expect(result).toMatchObject({ code: 'L7RSP', message: expect.stringContaining('ECONNRESET') })
  })
  it('has hung up when something is to be sent is L7RSP', async () => {
    const server = await listen(createServer(socket => socket.end('bye')))
    const target = { id: 'app', host: '127.0.0.1', port: (server.address() as { port: number }).port }
    const steps: TcpStep[] = [
      { expect: { rstring: /$never/ }, errorStatus: 'L7OKC', minRecv: 100 },
      { send: 'x' },
      { expect: { string: 'OK' } },
    ]
    expect(await tcpChain(steps).check(target, patience())).toMatchObject({ code: 'L7OKC' })
    const more: TcpStep[] = [{ expectNot: { string: 'x' } }, { send: 'x' }, { expect: { string: 'OK' } }]
    expect(await tcpChain(more).check(target, patience())).toMatchObject({ code: 'L7RSP' })
  })
  it.each<[string, TcpStep]>([
    [
      'send',
      {
        send: () => {
          throw new Error('a bug')
        },
      },
    ],
    [
      'judge',
      {
        expect: {
          judge: () => {
            throw new Error('a bug')
          },
        },
      },
    ],
    [
      'port',
      {
        connect: {
          port: () => {
            throw new Error('a bug')
          },
        },
      },
    ],
  ])('is checked by a %s that throws is SOCKERR', async (_, step) => {
    const talking = await talkingServer('a')
    expect(await check(talking, [step])).toMatchObject({ code: 'SOCKERR', message: 'a bug' })
    await allClosed(talking.server)
  })
  it('is given what is no hexadecimal text is SOCKERR', async () => {
    expect(await check(await talkingServer('a'), [{ sendBinary: () => 'xy' }])).toMatchObject({
      code: 'SOCKERR',
    })
  })
})

describe('a chain over TCP refuses', () => {
  it.each<[string, unknown, object?]>([
    ['steps is', 'connect'],
    ['steps[0] is', [null]],
    ['steps[0] is', [{}]],
    ['steps[0].extra is', [{ send: 'a', extra: 1 }]],
    ['steps[0].comment is', [{ comment: '' }]],
    ['steps[0].extra is', [{ comment: 'a', extra: 1 }]],
    ['steps[0].comment is', [{ send: 'a', comment: 7 }]],
    ['steps[0].send is', [{ send: 7 }]],
    ['steps[0].keepReceived is', [{ send: 'a', keepReceived: 1 }]],
    ['steps[0].sendBinary is', [{ sendBinary: 'abc' }]],
    ['steps[0].expect is', [{ expect: {} }]],
    ['steps[0].expect is', [{ expect: 'OK' }]],
    ['steps[0].expect is', [{ expect: { string: 'a', rstring: /a/ } }]],
    ['steps[0].expect.string is', [{ expect: { string: '' } }]],
    ['steps[0].expect.rstring is', [{ expect: { rstring: 'a' } }]],
    ['steps[0].expect.rbinary is', [{ expect: { rbinary: 'a' } }]],
    ['steps[0].expect.binary is', [{ expect: { binary: '' } }]],
    ['steps[0].expect.binary is', [{ expect: { binary: new Uint8Array() } }]],
    ['steps[0].expectNot.judge is', [{ expectNot: { judge: 1 } }]],
    ['steps[0].minRecv is', [{ expect: { string: 'a' }, minRecv: -1 }]],
    ['steps[0].okStatus is', [{ expect: { string: 'a' }, okStatus: 'L7STS' }]],
    ['steps[0].errorStatus is', [{ expect: { string: 'a' }, errorStatus: 'L7OK' }]],
    ['steps[0].toutStatus is', [{ expect: { string: 'a' }, toutStatus: 'L7OK' }]],
    ['steps[0].onSuccess is', [{ expect: { string: 'a' }, onSuccess: 1 }]],
    ['steps[0].onError is', [{ expect: { string: 'a' }, onError: 1 }]],
    ['steps[0].statusCode is', [{ expect: { string: 'a' }, statusCode: 1 }]],
    ['steps[0].set is', [{ set: '', to: 1 }]],
    ['steps[0].unset is', [{ unset: 7 }]],
    ['steps[0].connect is', [{ connect: true }]],
    ['steps[0].connect.default is', [{ connect: { default: 1 } }]],
    ['steps[0].connect.port is', [{ connect: { port: 0 } }]],
    ['steps[0].connect.host is', [{ connect: { host: 'a b' } }]],
    ['steps[0].connect.path is', [{ connect: { path: '' } }]],
    ['steps[0].connect.tls is', [{ connect: { tls: 'yes' } }]],
    ['steps[0].connect.tls.verify is', [{ connect: { tls: { verify: 1 } } }]],
    ['steps[0].connect.servername is', [{ connect: { servername: 'a b' } }]],
    ['steps[0].connect.alpn is', [{ connect: { alpn: [] } }]],
    ['steps[0].connect.alpn is', [{ connect: { alpn: 'h2' } }]],
    ['steps[0].connect.sendProxy is', [{ connect: { sendProxy: 'v3' } }]],
    ['steps[0].connect.closesWithReset is', [{ connect: { closesWithReset: 1 } }]],
    ['steps is', [{ send: 'a' }, { connect: {} }]],
    ['options.maxBytes is', [], { maxBytes: 0 }],
    ['options.max is', [], { max: 1 }],
  ])('%s %j', (message, steps, options = {}) => {
    expect(() => tcpChain(steps as TcpStep[], options)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringContaining(message) }),
    )
  })
})
