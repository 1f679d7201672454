import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { answer, expectEventually, stall } from '@evener/testing'
import { expect, test } from 'vitest'
import { endHeaders, type FrameClient, fieldBlock, frame, requestFields, setting, uint32 } from './frames.ts'
import { ask, type DoorOptions, http2Door } from './test-support.ts'

const calm = 11

/** A door, a client that does its worst, and another one that is served all the while and after it. */
async function attacked(attack: (client: FrameClient) => void | Promise<void>, options: DoorOptions = {}) {
  const door = await http2Door(options)
  const other = door.client()
  const before = ask(other)
  const client = await door.frames()
  await client.frame('settings')
  await attack(client)
  expect(await before).toMatchObject({ status: 200 })
  const after = async () => {
    expect(await ask(other)).toMatchObject({ status: 200 })
    await expectEventually(() => expect(door.active()).toBe(0))
    await expectEventually(() => expect(door.connections.size).toBe(1))
  }
  return { ...door, attacker: client, after }
}

/** A frame for each number from 0, as one write. */
function many(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))
}

const head = fieldBlock(requestFields())
const cancel = uint32(8)

test('requests that are taken back as fast as they come end the connection', async () => {
  const { attacker, after, server } = await attacked(
    client => {
      const pair = (index: number) =>
        Buffer.concat([frame('headers', 5, 2 * index + 1, head), frame('reset', 0, 2 * index + 1, cancel)])
      client.bytes(many(500, pair))
    },
    { http2: { maxResetsPerMinute: 50 } },
  )
  expect(await attacker.goaway()).toBe(calm)
  await after()
  expect(server.totalRequests).toBeLessThan(60)
})

test('thousands of them in one read are too much for nghttp2 itself', async () => {
  const { attacker, after } = await attacked(client => {
    const pair = (index: number) =>
      Buffer.concat([frame('headers', 5, 2 * index + 1, head), frame('reset', 0, 2 * index + 1, cancel)])
    client.bytes(many(5_000, pair))
  })
  await attacker.end()
  await after()
})

test('requests that the client makes nghttp2 reset count as taken back', async () => {
  const { attacker, after } = await attacked(
    client => {
      // Trailers that do not end the request are an error of the stream's.
      const pair = (index: number) =>
        Buffer.concat([
          frame('headers', endHeaders, 2 * index + 1, head),
          frame('headers', endHeaders, 2 * index + 1, fieldBlock([['x-sum', '1']])),
        ])
      client.bytes(many(90, pair))
    },
    { http2: { maxResetsPerMinute: 50 }, server: { behave: answer() } },
  )
  expect(await attacker.goaway()).toBe(calm)
  await after()
})

test('requests that were answered make up for those that were taken back', async () => {
  const { frames, server } = await http2Door({ http2: { maxResetsPerMinute: 3 } })
  const client = await frames()
  let id = 1
  for (let round = 0; round < 10; round++) {
    server.script([stall('before-head')])
    const seen = server.totalRequests
    client.request(id)
    await server.waitFor(each => each.totalRequests > seen)
    client.send('reset', 0, id, cancel)
    await expectEventually(() => expect(server.openConnections).toBe(0))
    client.request(id + 2)
    await client.frame('headers', id + 2)
    id += 4
  }
  expect(client.frames.some(each => each.type === 'goaway')).toBe(false)
})

test.each([
  ['PING', () => frame('ping', 0, 0, Buffer.alloc(8))],
  ['SETTINGS', () => frame('settings', 0, 0, setting(4, 65_535))],
])('%s frames without end close the connection', async (_, make) => {
  const { attacker, after } = await attacked(
    async client => {
      for (let i = 0; i < 20; i++) {
        client.bytes(many(20, make))
        // A while between them, so that each is acknowledged before the next.
        await new Promise(resolve => setImmediate(resolve))
      }
    },
    { http2: { maxControlFramesPerMinute: 100 } },
  )
  expect(await attacker.goaway()).toBe(calm)
  await after()
})

test('PING frames come by the thousand from a client that reads no answer', async () => {
  const { attacker, after } = await attacked(client => {
    client.socket.pause()
    client.bytes(many(100_000, () => frame('ping', 0, 0, Buffer.alloc(8))))
  })
  attacker.socket.resume()
  await attacker.end()
  await after()
})

test('CONTINUATION frames without end close the connection', async () => {
  const { attacker, after } = await attacked(client => {
    client.send('headers', 1, 1, head)
    client.bytes(
      many(100, index => frame('continuation', 0, 1, fieldBlock([[`x-${index}`, 'x'.repeat(1_000)]]))),
    )
  })
  await attacker.end()
  await after()
})

test('fields that grow by the compression reset the stream', async () => {
  // One field of 4,000 bytes, which the table remembers, and then 10,000 times one byte that names it.
  const remembered = Buffer.concat([Buffer.of(0x40), fieldBlock([['x-bomb', 'x'.repeat(3_900)]]).subarray(1)])
  const { attacker, after } = await attacked(client => {
    const block = Buffer.concat([head, remembered, Buffer.alloc(10_000, 0x80 | 62)])
    client.send('headers', 1 | endHeaders, 1, block)
  })
  expect(await attacker.reset(1)).toBe(calm)
  attacker.socket.destroy()
  await after()
})

test('DATA frames with nothing in them, without end, close the connection', async () => {
  const { attacker, after } = await attacked(client => {
    client.request(1, requestFields([], 'POST'), 0)
    client.bytes(many(5_000, () => frame('data', 0, 1)))
  })
  await attacker.end()
  await after()
})

/** Frames of one byte each: these, and these again. */
function oneByteFrames(stream: number, count: number): Buffer {
  return Buffer.alloc(10 * count, frame('data', 0, stream, Buffer.of(1)))
}

test('DATA frames of one byte, for a request that waits, cost memory for their bytes and not for each frame', async () => {
  const door = await http2Door({ maxConnections: 1, server: { behave: stall('before-head') } })
  const client = (await door.frames()).request(1)
  await door.server.waitFor('request')
  const streams = [3, 5, 7, 9, 11]
  const flood = streams.map(stream => oneByteFrames(stream, 60_000))
  collectGarbage()
  const before = memory()
  for (const stream of streams) client.request(stream, requestFields([], 'POST'), 0)
  for (const bytes of flood) client.bytes(bytes)
  // It was all read once this has its answer.
  client.send('ping', 0, 0, Buffer.alloc(8))
  await client.frame('ping')
  expect(door.backend.queueLength).toBe(5)
  collectGarbage()
  // Kept as an object for each frame, they would be more than 30 MB.
  expect(memory() - before).toBeLessThan(5_000_000)
})

test('DATA frames of one byte go on together', async () => {
  const { frames, server } = await http2Door()
  const client = (await frames()).request(1, requestFields([], 'POST'), 0)
  client.bytes(oneByteFrames(1, 20_000)).send('data', 1, 1, Buffer.of(2))
  await client.frame('headers', 1)
  const { body } = server.requests[0] as { body: Buffer }
  expect(body.equals(Buffer.concat([Buffer.alloc(20_000, 1), Buffer.of(2)]))).toBe(true)
})

test('more streams at once than allowed end the connection', async () => {
  const { attacker, after } = await attacked(
    client => {
      for (let i = 0; i < 12; i++) client.request(2 * i + 1)
    },
    { http2: { maxConcurrentStreams: 10 } },
  )
  // PROTOCOL_ERROR by nghttp2; from Node 22 INTERNAL_ERROR.
  expect(await attacker.goaway()).toBeOneOf([1, 2])
  await after()
})

test('a client that reads nothing keeps neither its answers nor the connection for ever', async () => {
  const { attacker, after, connections } = await attacked(
    client => {
      client.socket.pause()
      for (let i = 0; i < 50; i++) client.request(2 * i + 1)
    },
    { server: { behave: answer({ body: { bytes: 100_000 } }) } },
  )
  await expectEventually(() => expect(connections.size).toBe(2))
  attacker.socket.destroy()
  await after()
})

function memory(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()
