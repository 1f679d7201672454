import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BodySink, type BodySource, type Framing, RequestBody } from './request-body.ts'

/** A client whose chunks come when the test pushes them; it notes whether it was told to hold back. */
class Client implements BodySource {
  flowing = false

  resume(): void {
    this.flowing = true
  }

  pause(): void {
    this.flowing = false
  }
}

/** A server that has room for some bytes. */
class Server implements BodySink {
  room: number
  bytes = ''
  ended: readonly string[] | undefined

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room
  }

  write(chunk: Buffer): boolean {
    expect(this.ended).toBeUndefined()
    this.bytes += chunk.toString('latin1')
    this.room -= chunk.length
    return this.room > 0
  }

  end(trailers: readonly string[]): void {
    expect(this.ended).toBeUndefined()
    this.ended = trailers
  }
}

function bodyOf(replayBytes: number, framing: Framing = 'chunked') {
  const client = new Client()
  return { client, body: new RequestBody(framing, client, replayBytes) }
}

const chunk = (text: string) => Buffer.from(text, 'latin1')

describe('without a body', () => {
  test('it is complete from the beginning, and nothing is read', () => {
    const { client, body } = bodyOf(100, 'none')
    const server = new Server()
    expect(body.complete).toBe(true)
    body.attach(server)
    expect(server).toMatchObject({ bytes: '', ended: [] })
    body.detach(server)
    body.discard()
    expect(client.flowing).toBe(false)
  })
})

describe('one attempt', () => {
  test('nothing is read before there is one', () => {
    expect(bodyOf(100).client.flowing).toBe(false)
  })

  test('it gets the chunks, then the end with the trailers', () => {
    const { client, body } = bodyOf(100)
    const server = new Server()
    body.attach(server)
    expect(client.flowing).toBe(true)
    body.push(chunk('ab'))
    body.push(chunk('c'))
    body.finish(['X-Sum', '3'])
    expect(server).toMatchObject({ bytes: 'abc', ended: ['X-Sum', '3'] })
    expect(body).toMatchObject({ bytes: 3, complete: true })
  })

  test('trailers that would be believed as headers are left out', () => {
    const { body } = bodyOf(100)
    const server = new Server()
    body.attach(server)
    body.finish(['Content-Length', '9', 'X-Sum', '3', 'X-Forwarded-For', '192.0.2.1', 'Host', 'b.test'])
    expect(server.ended).toEqual(['X-Sum', '3'])
  })

  test('a server without room holds the client back until it has some', () => {
    const { client, body } = bodyOf(100)
    const server = new Server(2)
    body.attach(server)
    body.push(chunk('ab'))
    expect(client.flowing).toBe(false)
    expect(body.blocked).toBe(true)
    server.room = 10
    body.resume()
    expect(client.flowing).toBe(true)
    expect(body.blocked).toBe(false)
  })

  test('room after the end, or for nobody, starts nothing', () => {
    const { client, body } = bodyOf(100)
    const server = new Server(1)
    body.resume()
    expect(client.flowing).toBe(false)
    body.attach(server)
    body.push(chunk('a'))
    body.finish([])
    body.resume()
    expect(client.flowing).toBe(false)
  })
})

describe('another attempt', () => {
  test('gets everything from the beginning, within the limit', () => {
    const { client, body } = bodyOf(3)
    const [first, second] = [new Server(), new Server()]
    body.attach(first)
    body.push(chunk('ab'))
    body.detach(first)
    expect(client.flowing).toBe(false)
    expect(body.replayable).toBe(true)
    body.push(chunk('c'))
    body.attach(second)
    expect(client.flowing).toBe(true)
    body.finish([])
    expect(first).toMatchObject({ bytes: 'ab', ended: undefined })
    expect(second).toMatchObject({ bytes: 'abc', ended: [] })
  })

  test('gets the end too, where the body was whole already', () => {
    const { body } = bodyOf(3)
    const [first, second] = [new Server(), new Server()]
    body.attach(first)
    body.push(chunk('abc'))
    body.finish(['X-Sum', '3'])
    body.detach(first)
    body.attach(second)
    expect(second).toMatchObject({ bytes: 'abc', ended: ['X-Sum', '3'] })
  })

  test('that has no room for what was kept holds the client back', () => {
    const { client, body } = bodyOf(3)
    const [first, second] = [new Server(), new Server(1)]
    body.attach(first)
    body.push(chunk('ab'))
    body.detach(first)
    body.attach(second)
    expect(body.blocked).toBe(true)
    expect(client.flowing).toBe(false)
  })

  test('is not possible once more than the limit has left', () => {
    const { body } = bodyOf(3)
    body.attach(new Server())
    body.push(chunk('abc'))
    expect(body.replayable).toBe(true)
    body.push(chunk('d'))
    expect(body.replayable).toBe(false)
  })

  test('is not possible once the answer has begun', () => {
    const { body } = bodyOf(100)
    const server = new Server()
    body.attach(server)
    body.push(chunk('a'))
    body.commit()
    expect(body.replayable).toBe(false)
    body.push(chunk('b'))
    expect(server.bytes).toBe('ab')
  })

  test('that is over does not take the body away from the one after it', () => {
    const { client, body } = bodyOf(100)
    const [first, second] = [new Server(), new Server()]
    body.attach(first)
    body.detach(first)
    body.attach(second)
    body.detach(first)
    expect(client.flowing).toBe(true)
    body.push(chunk('a'))
    expect(second.bytes).toBe('a')
  })
})

describe('a body that nobody wants any more', () => {
  test('comes and is thrown away, and still counts', () => {
    const { client, body } = bodyOf(2)
    const server = new Server()
    body.attach(server)
    body.push(chunk('a'))
    body.discard()
    expect(client.flowing).toBe(true)
    body.push(chunk('bcd'))
    body.finish([])
    expect(server).toMatchObject({ bytes: 'a', ended: undefined })
    expect(body).toMatchObject({ bytes: 4, complete: true, replayable: false })
  })

  test('that is whole already starts nothing', () => {
    const { client, body } = bodyOf(2)
    body.finish([])
    body.discard()
    expect(client.flowing).toBe(false)
  })
})

type Step =
  | { readonly do: 'push'; readonly length: number }
  | { readonly do: 'attach'; readonly room: number }
  | { readonly do: 'detach' | 'resume' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), length: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('attach' as const), room: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ do: fc.constantFrom('detach' as const, 'resume' as const) }),
)

test('property: whatever happens on the way, an attempt that may be made gets all bytes, in order, once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(30), fc.boolean(), (steps, replayBytes, whole) => {
      const { client, body } = bodyOf(replayBytes)
      let sent = ''
      let server: Server | undefined
      let attached = false
      const mayAttach = () => body.replayable || !attached
      const attach = (room: number) => {
        if (server !== undefined) body.detach(server)
        server = undefined
        if (!mayAttach()) return
        server = new Server(room)
        attached = true
        body.attach(server)
        expect(server.bytes).toBe(sent)
      }
      for (const next of steps) {
        if (next.do === 'push') {
          const text = Array.from({ length: next.length }, (_, i) =>
            String.fromCharCode(33 + ((sent.length + i) % 90)),
          )
          sent += text.join('')
          body.push(chunk(text.join('')))
        } else if (next.do === 'attach') attach(next.room)
        else if (next.do === 'resume') {
          if (server !== undefined) server.room = 20
          body.resume()
        } else if (server !== undefined) {
          body.detach(server)
          server = undefined
        }
        if (server !== undefined) expect(server.bytes).toBe(sent)
        // The client is read where somebody takes what it sends, and only there.
        expect(client.flowing).toBe(server !== undefined && !body.blocked)
        expect(body.bytes).toBe(sent.length)
        // The memory keeps its limit: one byte more, and the promise to repeat is withdrawn.
        expect(body.replayable).toBe(sent.length <= replayBytes)
      }
      if (whole) body.finish([])
      if (server === undefined) attach(100)
      if (!whole) body.finish([])
      if (server !== undefined) expect(server).toMatchObject({ bytes: sent, ended: [] })
      else expect(sent.length).toBeGreaterThan(replayBytes)
    }),
    { numRuns: 2_000 },
  )
})
