/** A client gets the response that the server sent: status, headers, body, trailers, hints; and nothing that is not meant for it. */
import { answer, raw } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { message, worlds } from './world.ts'

const get = message('GET /')

/** Register the tests. */
export function faithfulResponses(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('head', () => {
    test('keeps status, reason, order, case and repetition', async () => {
      const lines = 'X-b: 1\r\nx-A: 2\r\nSet-Cookie: a=b\r\nX-b: 3\r\nSet-Cookie: c=d\r\n'
      const { door } = await world().one(
        raw(`HTTP/1.1 207 Many Things\r\n${lines}Content-Length: 2\r\n\r\nok`),
      )
      const response = await door.ask(get)
      expect(response).toMatchObject({ status: 207, reason: 'Many Things', text: 'ok', complete: true })
      const got = response.headers.map(pair => pair.join(': '))
      expect(got.slice(0, 6)).toEqual([
        'X-b: 1',
        'x-A: 2',
        'Set-Cookie: a=b',
        'X-b: 3',
        'Set-Cookie: c=d',
        'Content-Length: 2',
      ])
    })

    test('a Date of the server’s stays', async () => {
      const { door } = await world().one(answer({ headers: { Date: 'Mon, 02 Jan 2006 15:04:05 GMT' } }))
      expect((await door.ask(get)).header('date')).toBe('Mon, 02 Jan 2006 15:04:05 GMT')
    })

    test('what is about the connection ends here', async () => {
      const { door } = await world().one(
        answer({
          headers: {
            Connection: 'keep-alive, X-Private',
            'X-Private': '1',
            'Keep-Alive': 'timeout=77',
            'Proxy-Connection': 'keep-alive',
            Upgrade: 'h2c',
            TE: 'trailers',
            'X-Public': '1',
          },
        }),
      )
      const response = await door.ask(get)
      expect(response.header('x-public')).toBe('1')
      for (const name of ['x-private', 'proxy-connection', 'upgrade', 'te'])
        expect(response.header(name)).toBeUndefined()
      expect(response.header('connection') ?? '').not.toMatch(/x-private/i)
      expect(response.header('keep-alive') ?? '').not.toMatch(/77/)
    })

    test('a server that closes its connection does not close the client’s', async () => {
      const { server, door } = await world().one(answer({ keepAlive: false }))
      const client = await door.send(get + get)
      expect((await client.readResponse()).status).toBe(200)
      expect((await client.readResponse()).status).toBe(200)
      expect(server.totalConnections).toBe(2)
    })

    test('Content-Encoding and the coded bytes stay together', async () => {
      const body = Buffer.from('1f8b08000000000000034bcac9070023f7c9d703000000', 'hex')
      const { door } = await world().one(answer({ headers: { 'Content-Encoding': 'gzip' }, body }))
      const response = await door.ask(get)
      expect(response.header('content-encoding')).toBe('gzip')
      expect(response.body.equals(body)).toBe(true)
    })

    test.each([
      ['HEAD', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', '1234'],
      ['GET', 304, 'HTTP/1.1 304 Same\r\nContent-Length: 1234\r\n\r\n', '1234'],
      ['GET', 204, 'HTTP/1.1 204 None\r\n\r\n', undefined],
      ['HEAD', 200, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
    ])('an answer to %s with %i has no body and says what it said', async (method, status, bytes, length) => {
      const { door } = await world().one(raw(bytes))
      const client = await door.send(message(`${method} /`) + get)
      const response = await client.readResponse({ method })
      expect(response).toMatchObject({ status, bodyBytes: 0, complete: true })
      expect(response.header('content-length')).toBe(length)
      // Nothing was added behind it that would be read as the next response.
      expect((await client.readHead()).status).toBe(status)
    })
  })

  describe('body', () => {
    test.each(['length', 'chunked', 'close'] as const)(
      'framed by %s arrives whole, and the connection goes on',
      async framing => {
        const { door } = await world().one(answer({ framing, body: { bytes: 300_000 } }))
        const client = await door.send(get + get)
        for (let i = 0; i < 2; i++) {
          expect(await client.readResponse()).toMatchObject({ bodyBytes: 300_000, complete: true })
        }
      },
    )

    test.each(['length', 'chunked', 'close'] as const)(
      'framed by %s arrives whole at an HTTP/1.0 client',
      async framing => {
        const { door } = await world().one(answer({ framing, body: 'all of it' }))
        const response = await door.ask('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
        expect(response).toMatchObject({ text: 'all of it', complete: true })
        expect(response.header('transfer-encoding')).toBeUndefined()
      },
    )

    test('trailers arrive', async () => {
      const trailers = { 'X-Sum': ['1', '2'] }
      const { door } = await world().one(answer({ body: 'ok', headers: { Trailer: 'X-Sum' }, trailers }))
      const response = await door.ask(get)
      expect(response).toMatchObject({ text: 'ok', complete: true })
      expect(response.header('trailer')).toBe('X-Sum')
      expect(response.trailers).toEqual([
        ['X-Sum', '1'],
        ['X-Sum', '2'],
      ])
    })

    test.each(['Content-Length: 3', 'Set-Cookie: a=b', 'Content-Type: text/html'])(
      'the trailer %s would change the response: left out, or the response is broken',
      async trailer => {
        const [name = '', value = ''] = trailer.split(': ')
        const { door } = await world().one(answer({ body: 'ok', trailers: { [name]: value, 'X-Sum': '1' } }))
        const response = await door.ask(get)
        if (response.complete && response.status === 200) expect(response.trailers).toEqual([['X-Sum', '1']])
        else expect(response.complete && response.status !== 502).toBe(false)
      },
    )

    test('a head goes on before its body has come', async () => {
      let open: (() => void) | undefined
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      const { door } = await world().one(raw(['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', gate, 'ok']))
      const client = await door.send(get)
      const head = await client.readHead()
      expect(head.status).toBe(200)
      open?.()
      expect((await client.readBody(head)).text).toBe('ok')
    })
  })

  describe('interim responses', () => {
    test('103 Early Hints arrive before the response', async () => {
      const { door } = await world().one(
        answer({ informational: [{ status: 103, headers: { Link: '</a.css>; rel=preload; as=style' } }] }),
      )
      const response = await door.ask(get)
      expect(response.status).toBe(200)
      expect(response.informational.map(each => each.status)).toEqual([103])
      expect(response.informational[0]?.headers.map(([name, value]) => [name.toLowerCase(), value])).toEqual([
        ['link', '</a.css>; rel=preload; as=style'],
      ])
    })

    test('never reach an HTTP/1.0 client', async () => {
      const { door } = await world().one(
        answer({ informational: [{ status: 103, headers: { Link: '</a.css>; rel=preload' } }] }),
      )
      const response = await door.ask('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
      expect(response).toMatchObject({ status: 200, complete: true, informational: [] })
    })

    test('100 Continue that nobody waits for does not count as a response', async () => {
      const { door } = await world().one(answer({ informational: [{ status: 100 }, { status: 100 }] }))
      expect(await door.ask(get)).toMatchObject({ status: 200, complete: true })
    })
  })
}
