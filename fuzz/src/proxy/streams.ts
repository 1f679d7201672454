/** The stream that belongs to a seed. */
import { below, mutate, onceIn, oneOf, type Random, requestStream, seeded } from '@evener/http1/testing'
import { Stream } from './ledger.ts'

/** Two of three are damaged requests, the third is good requests for damaged responses. */
export function streamOf(seed: number): Stream {
  const random = seeded(seed)
  if (onceIn(random, 3)) return new Stream(seed, 'responses', goodRequests(random), random)
  const parts: Buffer[] = []
  for (let count = 1 + below(random, 3); count > 0; count--) parts.push(requestStream(random))
  let bytes: Buffer = Buffer.concat(parts)
  while (onceIn(random, 8)) bytes = mutate(random, bytes)
  return new Stream(seed, 'requests', bytes, random)
}

function goodRequests(random: Random): Buffer {
  let text = ''
  for (let left = 1 + below(random, 4); left > 0; left--) {
    const method = oneOf(random, ['GET', 'GET', 'HEAD', 'POST', 'DELETE'])
    const version = left === 1 && onceIn(random, 8) ? 'HTTP/1.0' : 'HTTP/1.1'
    const body = method === 'POST' ? 'Content-Length: 5\r\n\r\nhello' : '\r\n'
    text += `${method} /${left} ${version}\r\nHost: a\r\n${body}`
  }
  return Buffer.from(text)
}
