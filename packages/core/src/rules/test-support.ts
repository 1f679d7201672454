/** The HTTP doors as tests of rules see them: each with the same rules, asked in the same way. */
import { createServer, request as nodeRequest } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type Behaviour, fakeServer } from '@evener/testing'
import { onTestFinished } from 'vitest'
import { type BackendOptions, createBackend } from '../balance/backend.ts'
import { createFrontend } from '../frontend/frontend.ts'
import type { Route } from '../http/door.ts'
import type { DoorCounters } from '../http/door-counters.ts'
import { type HttpHandlerOptions, httpHandler } from '../http/http-handler.ts'
import { responseOf } from '../http2/test-support.ts'

/** What came back. */
export interface Answered {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface Asking {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

type DoorOptions = Omit<HttpHandlerOptions, 'originalUrl' | 'reserializeBody'>

interface ServedDoor {
  readonly port: number
  readonly counters: DoorCounters
  readonly active: () => number
}

export interface DoorKind {
  readonly name: string
  readonly http2: boolean
  readonly serve: (route: Route, options: DoorOptions) => Promise<ServedDoor>
}

const handlerDoor: DoorKind = {
  name: 'httpHandler',
  http2: false,
  serve: async (route, options) => {
    const handler = httpHandler(route, options)
    const server = createServer()
    handler.attach(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await handler.close({ drainMs: 0 })
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    })
    const { port } = server.address() as AddressInfo
    return { port, counters: handler.counters, active: () => handler.active }
  },
}

const frontendDoor = (name: string, http2: boolean): DoorKind => ({
  name,
  http2,
  serve: async (route, options) => {
    const frontend = createFrontend({ ...options, route, http2: { priorKnowledge: http2 } })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => frontend.close({ drainMs: 0 }))
    return { port: port as number, counters: frontend.counters, active: () => frontend.active }
  },
})

export const doors: readonly DoorKind[] = [
  handlerDoor,
  frontendDoor('createFrontend, HTTP/1.1', false),
  frontendDoor('createFrontend, HTTP/2', true),
]

export interface RuledOptions {
  readonly door?: DoorOptions
  readonly backend?: Partial<BackendOptions>
  readonly behave?: Behaviour
  readonly route?: Route
}

/** A server behind a backend behind such a door. */
export async function ruled(kind: DoorKind, { door = {}, backend: more, behave, route }: RuledOptions) {
  const server = await fakeServer(behave === undefined ? {} : { behave })
  const backend = createBackend({
    name: 'app',
    ...more,
    servers: more?.servers ?? [{ id: 's1', address: server.address }],
  })
  onTestFinished(async () => {
    backend.close()
    await server.close()
  })
  const served = await kind.serve(route ?? (() => backend), door)
  const ask = (asking: Asking = {}) => (kind.http2 ? ask2(served.port, asking) : ask1(served.port, asking))
  return { server, backend, ...served, ask }
}

function ask1(port: number, { method = 'GET', path = '/', headers = {}, body }: Asking): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method, path, headers: { host: 'a.test', ...headers } }
    const req = nodeRequest({ ...options, agent: false }, res => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode,
          headers: res.headers,
          text: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

async function ask2(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: Asking,
): Promise<Answered> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  const fields = { ':method': method, ':path': path, ':authority': 'a.test', ...headers }
  const stream = session.request(fields, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const { status, headers: answered, text, resetCode } = await responseOf(stream)
  session.destroy()
  if (status === undefined) throw new Error(`reset with ${resetCode}`)
  return { status, headers: answered, text }
}
