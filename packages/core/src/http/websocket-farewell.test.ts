import { type Duplex, duplexPair } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameBoundary, WebSocketFarewell } from './websocket-farewell.ts'

/** A frame of so many bytes of content. */
function frame(opcode: number, bytes: number, masked = false): Buffer {
  const mask = masked ? 0x80 : 0
  const length =
    bytes < 126
      ? [mask | bytes]
      : bytes < 65_536
        ? [mask | 126, bytes >> 8, bytes & 0xff]
        : [mask | 127, 0, 0, 0, 0, 0, bytes >> 16, (bytes >> 8) & 0xff, bytes & 0xff]
  return Buffer.from([opcode, ...length, ...(masked ? [1, 2, 3, 4] : []), ...Buffer.alloc(bytes, 0x88)])
}

describe('where frames begin and end', () => {
  const frames = fc.array(
    fc
      .tuple(
        fc.constantFrom(0x81, 0x02, 0x80, 0x89, 0xc1),
        fc.constantFrom(0, 1, 125, 126, 300, 65_535, 65_536),
        fc.boolean(),
      )
      .map(([opcode, bytes, masked]) => frame(opcode, bytes, masked)),
    { minLength: 1, maxLength: 6 },
  )

  test('is known however the bytes come', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 70_000 })), (list, sizes) => {
        const ends = new Set<number>([0])
        let end = 0
        for (const one of list) {
          end += one.length
          ends.add(end)
        }
        const bytes = Buffer.concat(list)
        const boundary = new FrameBoundary()
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          expect(boundary.between).toBe(ends.has(at))
          const piece = bytes.subarray(at, at + size)
          boundary.pass(piece)
          at += piece.length
        }
        expect(boundary.between).toBe(true)
      }),
    )
  })

  test('byte by byte too', () => {
    const boundary = new FrameBoundary()
    const bytes = frame(0x82, 300, true)
    const seen = [...bytes].map(byte => {
      boundary.pass(Buffer.from([byte]))
      return boundary.between
    })
    expect(seen.lastIndexOf(false)).toBe(bytes.length - 2)
    expect(seen.at(-1)).toBe(true)
  })

  test('behind a Close there is no more', () => {
    const boundary = new FrameBoundary()
    boundary.pass(frame(0x88, 2))
    expect(boundary.between).toBe(false)
  })
})

describe('a farewell', () => {
  function between() {
    const [client, clientSide] = duplexPair()
    const [server, serverSide] = duplexPair()
    const farewell = new WebSocketFarewell(clientSide, serverSide)
    const read = (stream: Duplex) => [...((stream.read() as Buffer | null) ?? [])]
    const say = async () => {
      await new Promise(resolve => setImmediate(resolve))
      farewell.say()
      await new Promise(resolve => setImmediate(resolve))
      return { client: read(client), server: read(server) }
    }
    return { client, clientSide, server, serverSide, say }
  }

  test('is a Close of 1001 to both, to the server with a mask', async () => {
    const { say } = between()
    const { client, server } = await say()
    expect(client).toEqual([0x88, 0x02, 0x03, 0xe9])
    const [first, second, a = 0, b = 0, , , c = 0, d = 0] = server
    expect([server.length, first, second, a ^ c, b ^ d]).toEqual([8, 0x88, 0x82, 0x03, 0xe9])
  })

  test('is not said to who is in the middle of a frame, nor behind a Close', async () => {
    const { client, server, say } = between()
    server.write(frame(0x82, 300).subarray(0, 200))
    client.write(frame(0x88, 2, true))
    expect(await say()).toEqual({ client: [], server: [] })
  })

  test('is not said to who has gone', async () => {
    const { clientSide, serverSide, say } = between()
    clientSide.end()
    serverSide.destroy()
    expect(await say()).toEqual({ client: [], server: [] })
  })
})
