/**
 * The request's body as the answer's, in the same framing, while it is still coming.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { formatHead, type HeaderPair } from '../wire/head.ts'
import { chunkOf, lastChunk, wantsKeepAlive } from './answer.ts'

/**
 * Answers 200 at once and sends each piece of body back as it is read, trailers too. Both directions run at the same
 * time: a client that sends all before it reads any is held back once the buffers on the way are full.
 */
export function echo(): Behaviour {
  return async (request, connection) => {
    const { framing } = request
    const length = framing.kind === 'length' ? framing.bytes : 0
    const chunked = framing.kind === 'chunked'
    const headers: HeaderPair[] = [['X-Server', connection.name]]
    headers.push(chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)])
    const type = request.header('content-type')
    if (type !== undefined) headers.push(['Content-Type', type])
    const closes = !wantsKeepAlive(request)
    if (closes) headers.push(['Connection', 'close'])
    if (request.waitsForContinue) await connection.write('HTTP/1.1 100 Continue\r\n\r\n')
    await connection.write(formatHead('HTTP/1.1 200 OK', headers))
    for await (const piece of request.pieces()) await connection.write(chunked ? chunkOf(piece) : piece)
    if (!request.complete) return connection.destroy()
    if (chunked) await connection.write(lastChunk(request.trailers))
    request.answered = true
    connection.answered++
    if (closes) connection.end()
  }
}
