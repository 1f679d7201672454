import { describe, expect, test } from 'vitest'
import type { MessageError } from './error.ts'
import { type ResponseHead, ResponseReader } from './response.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function accepted(text: string, method = 'GET'): ResponseHead {
  const head = new ResponseReader().read(method, bytes(text))
  if (head?.kind !== 'response') throw new Error(`refused: ${head?.message ?? 'incomplete'}`)
  return head
}

function refused(text: string, method = 'GET'): MessageError {
  const head = new ResponseReader().read(method, bytes(text))
  if (head?.kind !== 'error') throw new Error(`accepted, or incomplete: ${JSON.stringify(text)}`)
  return head
}

const answer = (status: number, ...lines: string[]) =>
  `HTTP/1.1 ${status} Why\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`

describe('a response head that is accepted', () => {
  test('gives its parts', () => {
    const head = accepted('HTTP/1.1 200 All is well\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc')
    expect(head).toMatchObject({
      status: 200,
      reason: 'All is well',
      minorVersion: 1,
      framing: 'length',
      contentLength: 3,
      keepAlive: true,
      interim: false,
      upgrade: '',
      hopHeaders: undefined,
      byteLength: 58,
    })
    expect(head.header('server')).toBe('x')
  })

  test('may come without a reason phrase, even without the space before it', () => {
    expect(accepted('HTTP/1.1 200 \r\n\r\n').reason).toBe('')
    expect(accepted('HTTP/1.1 200\r\n\r\n').reason).toBe('')
  })

  test.each([
    ['GET', answer(200), 'until-close', false],
    ['GET', answer(200, 'Content-Length: 0'), 'none', true],
    ['GET', answer(200, 'Transfer-Encoding: chunked'), 'chunked', true],
    ['GET', answer(200, 'Content-Length: 1', 'Connection: close'), 'length', false],
    ['GET', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n', 'length', false],
    ['GET', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n', 'length', true],
    ['GET', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n', 'until-close', false],
    ['GET', answer(100), 'none', true],
    ['GET', answer(204), 'none', true],
    ['GET', answer(204, 'Content-Length: 0'), 'none', true],
    ['GET', answer(304, 'Content-Length: 10'), 'none', true],
    ['GET', answer(304, 'Transfer-Encoding: chunked'), 'none', true],
    ['HEAD', answer(200, 'Content-Length: 10'), 'none', true],
    ['HEAD', answer(200), 'none', true],
    ['CONNECT', answer(200, 'Content-Length: 10'), 'tunnel', false],
    ['CONNECT', answer(204), 'tunnel', false],
    ['CONNECT', answer(407, 'Content-Length: 10'), 'length', true],
    ['GET', answer(101, 'Connection: upgrade', 'Upgrade: websocket'), 'tunnel', false],
  ])('to %s, %j has the framing %s', (method, text, framing, keepAlive) => {
    expect(accepted(text, method)).toMatchObject({ framing, keepAlive })
  })

  test('to HEAD still tells the length it declares', () => {
    expect(accepted(answer(200, 'Content-Length: 10'), 'HEAD').contentLength).toBe(10)
  })

  test('is interim for 1xx, which another follows, but not for 101', () => {
    expect(accepted(answer(103)).interim).toBe(true)
    const switching = accepted(answer(101, 'Upgrade: websocket', 'Connection: upgrade, x-mine'))
    expect(switching).toMatchObject({ interim: false, upgrade: 'websocket', hopHeaders: ['x-mine'] })
  })

  test('is found after an interim one in the same bytes', () => {
    const reader = new ResponseReader()
    const both = bytes(answer(100) + answer(200, 'Content-Length: 0'))
    expect(reader.read('GET', both)).toMatchObject({ status: 100 })
    expect(reader.read('GET', both, reader.consumed)).toMatchObject({ status: 200 })
    expect(reader.idle).toBe(true)
  })
})

describe('a response head is refused with 502 for', () => {
  test.each([
    ['\r\nHTTP/1.1 200 OK\r\n\r\n', 'START_LINE'],
    ['HTTP/1.1  200 OK\r\n\r\n', 'STATUS_CODE'],
    ['HTTP/1.1 099 OK\r\n\r\n', 'STATUS_CODE'],
    ['HTTP/1.1 600 OK\r\n\r\n', 'STATUS_CODE'],
    ['HTTP/1.1 20 OK\r\n\r\n', 'STATUS_CODE'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'START_LINE'],
    ['HTTP/1.1 200OK\r\n\r\n', 'START_LINE'],
    ['HTTP/2.0 200 OK\r\n\r\n', 'VERSION'],
    ['ICY 200 OK\r\n\r\n', 'START_LINE'],
    ['HTTP/1.1 200 O\x00K\r\n\r\n', 'CONTROL_BYTE'],
    ['HTTP/1.1 200 OK\n\n', 'BARE_LF'],
    [answer(200, 'Connection: "x"'), 'CONNECTION'],
    [answer(200, 'Content-Length: x'), 'CONTENT_LENGTH'],
    [answer(200, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 'LENGTH_AND_ENCODING'],
    // llhttp reads this one until the connection ends.
    [answer(200, 'Transfer-Encoding: chunked\t'), 'TRANSFER_ENCODING'],
    [answer(200, 'Transfer-Encoding: gzip'), 'TRANSFER_ENCODING'],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'ENCODING_IN_1_0'],
    [answer(204, 'Content-Length: 5'), 'BODY_FORBIDDEN'],
    [answer(204, 'Transfer-Encoding: chunked'), 'BODY_FORBIDDEN'],
    [answer(100, 'Content-Length: 5'), 'BODY_FORBIDDEN'],
    [answer(101), 'UPGRADE_MISSING'],
  ])('%j: %s', (text, code) => {
    expect(refused(text)).toMatchObject({ code: `EVENER_HTTP1_${code}`, status: 502 })
  })

  test('a coding in the answer that opens a tunnel', () => {
    expect(refused(answer(200, 'Transfer-Encoding: chunked'), 'CONNECT').code).toBe(
      'EVENER_HTTP1_BODY_FORBIDDEN',
    )
  })

  test('and stays refused', () => {
    const reader = new ResponseReader()
    const first = reader.read('GET', bytes('\x00'))
    expect(reader.read('GET', bytes(answer(200)))).toBe(first)
    const late = new ResponseReader()
    const fault = late.read('GET', bytes(answer(101)))
    expect(late.read('GET', bytes(answer(200)))).toBe(fault)
  })
})
