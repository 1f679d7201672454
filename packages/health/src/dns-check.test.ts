import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from './contract.ts'
import { type DnsCheckOptions, dnsCheck } from './dns-check.ts'
import { patience, talkingServer, VirtualClock } from './test-support.ts'

/** A name server that answers each query with these. */
async function server(answers: (query: Buffer) => Buffer[]): Promise<{ socket: Socket; target: Target }> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  socket.on('message', (query, { port, address }) => {
    for (const answer of answers(query)) socket.send(answer, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, target: { id: 'dns', host: '127.0.0.1', port: socket.address().port } }
}

/** The query as an answer with this code. */
function answering(query: Buffer, code: number, more = Buffer.alloc(0)): Buffer {
  const answer = Buffer.concat([query, more])
  answer[2] = 0x81
  answer[3] = 0x80 | code
  return answer
}

const check = (target: Target, options?: DnsCheckOptions) => dnsCheck(options).check(target, patience())

describe('a check of a name server over UDP', () => {
  it('asks for the root by default, and takes NOERROR', async () => {
    let seen = ''
    const { target } = await server(query => {
      seen = query.subarray(2).toString('hex')
      return [answering(query, 0)]
    })
    expect(await check(target)).toMatchObject({
      ok: true,
      code: 'L7OK',
      status: 0,
      message: 'NOERROR, answers: 0',
    })
    expect(seen).toBe('01000001000000000000' + '00' + '00020001')
  })
  it('asks for what it is told', async () => {
    let seen = ''
    const { target } = await server(query => {
      seen = query.subarray(12).toString('latin1')
      return [answering(query, 3)]
    })
    const options = { name: 'app.test.', type: 'AAAA' } as const
    expect(await check(target, options)).toMatchObject({ ok: false, code: 'L7STS', status: 3 })
    expect(await check(target, { ...options, rcodes: ['NXDOMAIN'] })).toMatchObject({ code: 'L7OK' })
    expect(seen).toBe('\x03app\x04test\0\0\x1c\0\x01')
  })
  it.each([
    [2, 'SERVFAIL'],
    [5, 'REFUSED'],
    [11, 'rcode 11'],
  ])('tells the code %i', async (code, name) => {
    const { target } = await server(query => [answering(query, code)])
    expect(await check(target)).toMatchObject({ code: 'L7STS', status: code, message: `${name}, answers: 0` })
  })
  it('passes over what is no answer to its question', async () => {
    const { target } = await server(query => {
      const forged = answering(query, 0)
      forged.writeUInt16BE((forged.readUInt16BE(0) + 1) % 65_536, 0)
      const other = answering(query, 0)
      other[14] = 0x10
      return [Buffer.alloc(0), Buffer.alloc(3), query, forged, other, answering(query, 5)]
    })
    expect(await check(target)).toMatchObject({ code: 'L7STS', status: 5 })
  })
  it('hears of a server that could not read the question', async () => {
    const { target } = await server(query => {
      const answer = answering(query, 1).subarray(0, 12)
      answer.writeUInt16BE(0, 4)
      return [answer]
    })
    expect(await check(target)).toMatchObject({ code: 'L7STS', status: 1 })
  })
  it('is L4CON where nobody listens', async () => {
    const { socket, target } = await server(() => [])
    const gone = createSocket('udp4')
    gone.bind(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address()
    gone.close()
    expect(await check({ ...target, port })).toMatchObject({ code: 'L4CON' })
    expect(socket.address().port).toBe(target.port)
  })
  it('is L7TOUT without an answer', async () => {
    const clock = new VirtualClock()
    const { target } = await server(() => {
      clock.advanceNow(100)
      return []
    })
    expect(await check(target, { clock, timeoutMs: 100 })).toMatchObject({ code: 'L7TOUT', durationMs: 100 })
  })
  it('of a host that has no address is L4CON', async () => {
    const result = await check({ id: 'dns', host: 'nowhere.invalid', port: 53 })
    expect(result).toMatchObject({ ok: false, code: 'L4CON' })
  })
  it('aborted before its name is known leaves nothing', async () => {
    const controller = new AbortController()
    const checking = dnsCheck().check({ id: 'dns', host: 'localhost', port: 53 }, controller.signal)
    controller.abort()
    expect(await checking).toMatchObject({ code: 'L4TOUT' })
  })
})

describe('a check of a name server over TCP', () => {
  const options: DnsCheckOptions = { transport: 'tcp' }
  it('is answered behind a length', async () => {
    const talking = await talkingServer('')
    talking.server.on('connection', socket =>
      socket.on('data', query => {
        const answer = answering(query.subarray(2), 0)
        const length = Buffer.from([0, answer.length])
        // Byte by byte.
        for (const byte of Buffer.concat([length, answer])) socket.write(Buffer.from([byte]))
      }),
    )
    expect(await check(talking.target(), options)).toMatchObject({
      code: 'L7OK',
      message: 'NOERROR, answers: 0',
    })
  })
  it.each(['\0\x01x', '\0', 'HTTP/1.1 400'])('%j is no answer', async said => {
    const talking = await talkingServer('', [said, undefined])
    expect(await check(talking.target(), options)).toMatchObject({ code: 'L7RSP' })
  })
})

it.each<[string, object]>([
  ['options.name', { name: 'a..b' }],
  ['options.name', { name: 7 }],
  ['options.name', { name: `${'a'.repeat(64)}.test` }],
  ['options.name', { name: 'ab.'.repeat(100) }],
  ['options.type', { type: 'ANY' }],
  ['options.rcodes', { rcodes: [] }],
  ['options.rcodes', { rcodes: ['FINE'] }],
  ['options.rcodes', { rcodes: 'NOERROR' }],
  ['options.transport', { transport: 'tls' }],
  ['options.server', { server: 'x' }],
])('a check of a name server refuses %s of %j', (field, options) => {
  expect(() => dnsCheck(options as never)).toThrow(
    expect.objectContaining({
      code: 'EVENER_INVALID_OPTION',
      message: expect.stringContaining(`${field} is `),
    }),
  )
})
