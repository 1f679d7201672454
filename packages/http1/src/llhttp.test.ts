/**
 * Evener beside Node's own parser: never may Evener accept what the other reads as other messages. A short portion
 * with fixed seeds; the same generator runs for as long as one likes in the fuzzer.
 */
import { createServer } from 'node:http'
import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import {
  disagreement,
  evenerReading,
  llhttpReading,
  oneOf,
  type Reading,
  type ReadMessage,
  requestStream,
  responseStream,
  seeded,
} from './testing/index.ts'

test('requests: 10,000 streams, no forbidden disagreement with llhttp', () => {
  let accepted = 0
  for (let seed = 0; seed < 10_000; seed++) {
    const bytes = requestStream(seeded(seed))
    const ours = evenerReading('request', bytes)
    accepted += ours.messages.length
    expect(disagreement(ours, llhttpReading('request', bytes)), `seed ${seed}`).toBeUndefined()
  }
  expect(accepted).toBeGreaterThan(3000)
})

test('responses: 10,000 streams, no forbidden disagreement with llhttp', () => {
  let accepted = 0
  for (let seed = 0; seed < 10_000; seed++) {
    const random = seeded(seed)
    const method = oneOf(random, ['GET', 'GET', 'GET', 'HEAD', 'CONNECT'])
    const bytes = responseStream(random)
    const ours = evenerReading('response', bytes, { requestMethod: method })
    accepted += ours.messages.length
    expect(disagreement(ours, llhttpReading('response', bytes, method)), `seed ${seed}`).toBeUndefined()
  }
  expect(accepted).toBeGreaterThan(3000)
})

/** How a whole `http.Server` reads the bytes of one connection. */
async function serverReading(bytes: Buffer): Promise<Reading> {
  const messages: ReadMessage[] = []
  let refused = false
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: false, keepAliveTimeout: 0 })
  server.on('request', (request, response) => {
    let content = ''
    request.setEncoding('latin1')
    request.on('data', (part: string) => {
      content += part
    })
    request.on('end', () => {
      messages.push({ start: `${request.method} ${request.url}`, content })
      response.end()
    })
    request.on('error', () => {})
  })
  server.on('clientError', (_error, socket) => {
    refused = true
    socket.destroy()
  })
  const [client, connection] = duplexPair()
  const closed = new Promise(resolve => connection.on('close', resolve))
  server.emit('connection', connection)
  client.resume()
  client.on('error', () => {})
  client.end(bytes)
  await closed
  client.destroy()
  return { messages, ending: refused ? 'refused' : 'partial' }
}

test('requests into a real node:http server: 400 streams, the same messages', async () => {
  let compared = 0
  for (let seed = 100_000; seed < 100_400; seed++) {
    const bytes = requestStream(seeded(seed))
    const ours = evenerReading('request', bytes)
    // The server closes after a request that says so, or that upgrades; the parser tests above cover what follows.
    if (ours.ending === 'tunnel' || /close|HTTP\/1\.0/i.test(bytes.toString('latin1'))) continue
    const theirs = await serverReading(bytes)
    compared += ours.messages.length
    expect(disagreement(ours, theirs), `seed ${seed}`).toBeUndefined()
  }
  expect(compared).toBeGreaterThan(80)
})
