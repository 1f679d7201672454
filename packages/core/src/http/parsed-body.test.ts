import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fakeServer, request } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import { type HttpHandlerOptions, httpHandler } from './http-handler.ts'

/** A server whose body parser runs before the handler, and what it told `next`. */
async function behindParser(parse: (text: string) => unknown, options: HttpHandlerOptions = {}) {
  const server = await fakeServer()
  const backend = createBackend({ name: 'parsed', servers: [{ id: 'a', address: server.address }] })
  const handler = httpHandler(backend, options)
  const errors: { code?: string }[] = []
  const host = createServer(async (req: IncomingMessage & { body?: unknown }, res) => {
    const pieces: Buffer[] = []
    for await (const piece of req) pieces.push(piece)
    req.body = parse(Buffer.concat(pieces).toString())
    handler(req, res, error => {
      errors.push(error as { code?: string })
      res.writeHead(500).end()
    })
  })
  await new Promise<void>(resolve => host.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await handler.close({ drainMs: 0 })
    host.close()
    host.closeAllConnections()
    backend.close()
    await server.close()
  })
  const { port } = host.address() as AddressInfo
  const post = (body: string, type: string) =>
    request(port, { method: 'POST', body, headers: { 'Content-Type': type } })
  return { server, errors, post }
}

const json = 'application/json; charset=utf-8'
const form = 'application/x-www-form-urlencoded'

describe('a body that a parser has read already', () => {
  test('is a clear error, and nothing hangs', async () => {
    const { server, errors, post } = await behindParser(JSON.parse)
    expect((await post('{"a":1}', json)).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'EVENER_BODY_CONSUMED' }])
    expect(server.requests).toEqual([])
  })

  test.each([
    [json, '{ "a": [1, "é"] }', JSON.parse, '{"a":[1,"é"]}'],
    ['application/problem+json', 'null', JSON.parse, 'null'],
    [form, 'a=1&b=x+y', () => ({ a: '1', b: ['x y', 'é'] }), 'a=1&b=x+y&b=%C3%A9'],
    ['text/plain', 'text', (text: string) => text, 'text'],
    ['image/png', 'bytes', (text: string) => Buffer.from(text), 'bytes'],
  ])('is written out again when asked for: %s', async (type, body, parse, written) => {
    const { server, post } = await behindParser(parse, { reserializeBody: true })
    expect((await post(body, type)).status).toBe(200)
    const [sent] = server.requests
    expect(sent?.body.toString()).toBe(written)
    expect(sent?.header('content-length')).toBe(String(Buffer.byteLength(written)))
    expect(sent?.header('content-type')).toBe(type)
  })

  test('of a type that nobody can write again stays an error', async () => {
    const { errors, post } = await behindParser(() => ({ parts: [] }), { reserializeBody: true })
    expect((await post('--x', 'multipart/form-data; boundary=x')).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'EVENER_BODY_CONSUMED' }])
  })
})
