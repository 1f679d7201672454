import { createServer, type OutgoingHttpHeaders } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { type GrpcCheckOptions, grpcCheck } from './grpc-check.ts'
import { allClosed, deadTarget, hex, listen, patience, rawServer, targetOf } from './test-support.ts'

interface Answer {
  readonly status?: number
  readonly head?: OutgoingHttpHeaders
  readonly body?: Uint8Array
  readonly trailers?: OutgoingHttpHeaders
}

/** A server that answers a check so. The real one is in tests/. */
async function answered(answer: Answer, options: GrpcCheckOptions = {}) {
  const { status = 200, head = {}, body = Buffer.alloc(0), trailers } = answer
  let seen: unknown
  const server = await listen(
    createServer((request, response) => {
      request.on('data', (piece: Buffer) => {
        const { ':path': path, 'content-type': type, ':authority': authority } = request.headers
        seen = [path, type, authority, piece.toString('hex')]
      })
      request.on('end', () => {
        response.writeHead(status, head)
        if (trailers !== undefined) {
          response.stream.on('wantTrailers', () => {})
          response.addTrailers(trailers as Record<string, string>)
        }
        response.end(body)
      })
    }),
  )
  const result = await grpcCheck(options).check(targetOf(server), patience())
  await allClosed(server)
  return { ...result, seen }
}

const fine = { 'grpc-status': '0' }

describe('a check of gRPC', () => {
  it('asks for the whole server by default, or for a service', async () => {
    const serving = { body: hex('00 00000002 0801'), trailers: fine }
    const { code, seen } = await answered(serving, { host: 'grpc.test' })
    expect(code).toBe('L7OK')
    expect(seen).toEqual(['/grpc.health.v1.Health/Check', 'application/grpc', 'grpc.test', '0000000000'])
    expect((await answered(serving, { service: 'a.B' })).seen).toContain('0000000005' + '0a03' + '612e42')
    const long = await answered(serving, { service: 'x'.repeat(300) })
    expect((long.seen as string[])[3]).toMatch(/^000000012f0aac0278/)
  })
  it.each<[Answer, object]>([
    [
      { body: hex('00 00000002 0802'), trailers: fine },
      { code: 'L7STS', message: 'NOT_SERVING', status: 0 },
    ],
    [
      { body: hex('00 00000002 0803'), trailers: fine },
      { code: 'L7STS', message: 'SERVICE_UNKNOWN' },
    ],
    [
      { body: hex('00 00000002 0809'), trailers: fine },
      { code: 'L7STS', message: 'state 9' },
    ],
    [
      { body: hex('00 00000000'), trailers: fine },
      { code: 'L7STS', message: 'UNKNOWN' },
    ],
    [{ head: { 'grpc-status': '12' } }, { code: 'L7STS', status: 12, message: 'gRPC status 12' }],
    [
      { head: { 'grpc-status': '5', 'grpc-message': 'no%20such%0A' } },
      { code: 'L7STS', status: 5, message: 'gRPC status 5: no such' },
    ],
    [
      { head: { 'grpc-status': '5', 'grpc-message': 'no%' } },
      { code: 'L7STS', message: 'gRPC status 5: no%' },
    ],
    [{ status: 404 }, { code: 'L7RSP', status: 404, message: 'HTTP status 404' }],
    [{ body: hex('00 00000002 0801') }, { code: 'L7RSP', message: 'an answer without grpc-status' }],
    [{ head: { 'grpc-status': 'fine' } }, { code: 'L7RSP' }],
    [{ body: hex('01 00000002 0801'), trailers: fine }, { code: 'L7RSP' }],
    [{ body: hex('00 00000003 0801'), trailers: fine }, { code: 'L7RSP' }],
    [{ body: hex('00 00000002 1001'), trailers: fine }, { code: 'L7RSP' }],
    [{ body: hex('00'), trailers: fine }, { code: 'L7RSP' }],
    [
      { body: Buffer.alloc(5000), trailers: fine },
      { code: 'L7RSP', message: 'the answer is too long' },
    ],
  ])('%o', async (answer, result) => {
    expect(await answered(answer)).toMatchObject({ ok: false, ...result })
  })
  it('of what is no HTTP/2, or hangs up, is L7RSP, and of nobody L4CON', async () => {
    for (const said of ['HTTP/1.1 400 Bad Request\r\n\r\n', '', Buffer.alloc(4096, 0xff)]) {
      const server = await rawServer(socket => socket.end(said))
      expect(await grpcCheck().check(targetOf(server), patience())).toMatchObject({ code: 'L7RSP' })
    }
    expect(await grpcCheck().check(await deadTarget(), patience())).toMatchObject({ code: 'L4CON' })
  })
  it.each([{ service: 7 }, { service: 'x'.repeat(2000) }, { host: '' }, { path: '/' }])(
    'refuses %j',
    options => {
      expect(() => grpcCheck(options as never)).toThrow(
        expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
      )
    },
  )
})
