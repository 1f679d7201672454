import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hex, patience, talkingServer } from './test-support.ts'
import { type WebsocketCheckOptions, websocketCheck } from './websocket-check.ts'

/** A server that accepts the upgrade, says this, and this to the ping, then hangs up. */
async function accepting(behindHead: Uint8Array, answer: Uint8Array, options: WebsocketCheckOptions = {}) {
  const talking = await talkingServer('')
  talking.server.on('connection', socket =>
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head.toString())?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
      socket.write(behindHead)
      socket.once('data', () => socket.end(answer))
    }),
  )
  const result = await websocketCheck(options).check(talking.target(), patience())
  return { ...result, heard: talking.heard[0] ?? '' }
}

const pong = Buffer.concat([hex('8a06'), Buffer.from('evener')])

describe('a check of a WebSocket', () => {
  it('is well when its ping is answered, whatever else is said', async () => {
    const text = Buffer.concat([hex('8102'), Buffer.from('hi')])
    const long = Buffer.concat([hex('827e0100'), Buffer.alloc(256)])
    const huge = Buffer.concat([hex('827f0000000000000100'), Buffer.alloc(256)])
    const none = Buffer.alloc(0)
    expect(await accepting(none, pong)).toMatchObject({ ok: true, code: 'L7OK', message: 'pong' })
    expect(await accepting(text, Buffer.concat([hex('8a00'), long, huge, pong]))).toMatchObject({
      code: 'L7OK',
    })
  })
  it('sends what it is told, and a masked ping', async () => {
    const options = { path: '/chat?x=1', host: 'ws.test', headers: { Origin: 'https://ws.test' } }
    const { heard } = await accepting(Buffer.alloc(0), pong, options)
    expect(heard).toMatch(/^GET \/chat\?x=1 HTTP\/1.1\r\nHost: ws.test\r\n/)
    expect(heard).toContain('\r\nOrigin: https://ws.test\r\n\r\n')
    const frame = Buffer.from(heard.slice(heard.indexOf('\r\n\r\n') + 4), 'latin1')
    expect(frame.subarray(0, 2).toString('hex')).toBe('8986')
    const payload = frame.subarray(6).map((byte, index) => byte ^ frame[2 + (index % 4)]!)
    expect(Buffer.from(payload).toString()).toBe('evener')
  })
  it.each<[string, string, object]>([
    ['a close', '880203e8', { code: 'L7STS', status: 1000, message: 'closed, 1000' }],
    ['a close without a code', '8800', { code: 'L7STS', message: 'closed, without a code' }],
    ['a masked frame', '8a86', { code: 'L7RSP', message: 'a frame that is masked' }],
    ['half a frame', '8a06 65', { code: 'L7RSP' }],
    ['half a length', '827f 0000', { code: 'L7RSP' }],
    ['more than can be', '827f ffffffffffffffff', { code: 'L7RSP' }],
    ['another pong', '8a0178', { code: 'L7RSP' }],
    ['nothing', '', { code: 'L7RSP' }],
  ])('%s is no pong', async (_, answer, result) => {
    expect(await accepting(Buffer.alloc(0), hex(answer))).toMatchObject({ ok: false, ...result })
  })
  it.each<[string, object]>([
    ['HTTP/1.1 403 Forbidden\r\n\r\n', { code: 'L7STS', status: 403, message: '403 Forbidden' }],
    ['HTTP/1.1 200 OK\r\n\r\n', { code: 'L7STS', status: 200 }],
    ['HTTP/1.1 101 x\r\n\r\n', { code: 'L7RSP', message: 'an upgrade that is not to this WebSocket' }],
    ['HTTP/1.1 101 x\r\nSec-WebSocket-Accept: AAAA\r\n\r\n', { code: 'L7RSP' }],
    ['HTTP/1.1 x\r\n\r\n', { code: 'L7RSP' }],
    ['HTTP/1.1 101', { code: 'L7RSP' }],
    ['220 mail.test', { code: 'L7RSP' }],
  ])('%j is no upgrade', async (said, result) => {
    const talking = await talkingServer('', [said, undefined])
    expect(await websocketCheck().check(talking.target(), patience())).toMatchObject({ ok: false, ...result })
  })
  it.each([{ path: 'x' }, { host: '' }, { headers: { Upgrade: 'x' } }, { protocol: 'x' }])(
    'refuses %j',
    options => {
      expect(() => websocketCheck(options as never)).toThrow(
        expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
      )
    },
  )
})
