/** A door for tests that speaks HTTP/2 alone: a listener, and what a frontend gives its connections. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { type LimitOptions, resolveLimits } from '@evener/http1'
import { type FakeServerOptions, fakeServer } from '@evener/testing'
import { onTestFinished } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { type ConnectionFacts, connectionFacts } from '../base/connection-facts.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'
import { type AnswerStatus, Answers } from '../http/answer.ts'
import { DoorCounters } from '../http/door-counters.ts'
import type { Engine } from '../http/engine.ts'
import { Forwarding } from '../http/forwarded.ts'
import type { DoorRules } from '../rules/door-rules.ts'
import { type FrameClient, frameClient } from './frames.ts'
import { Http2Connection, type Http2Settings } from './http2-connection.ts'
import { type Http2Options, readHttp2Options } from './options.ts'

/** What of a door may differ in a test. */
export interface DoorOptions {
  readonly http2?: Http2Options
  readonly limits?: LimitOptions
  readonly clock?: Clock
  readonly engine?: Engine
  readonly clientMs?: number
  readonly httpRequestMs?: number
  readonly httpKeepAliveMs?: number
  readonly maxRequests?: number
  readonly maxBodyBytes?: number
  readonly replayBytes?: number
  readonly maxConnections?: number
  readonly route?: Backend | AnswerStatus
  readonly backend?: Partial<BackendOptions>
  readonly server?: FakeServerOptions
}

const noRules: DoorRules = {
  lists: undefined,
  uniqueId: undefined,
  around: { now: Date.now, random: Math.random, frontend: undefined },
  counters: new DoorCounters(),
  requests: 0,
  failed: () => undefined,
}

/** A door, a backend of one server behind it, and ways to get clients; all closed when the test ends. */
export async function http2Door(options: DoorOptions = {}) {
  const server = await fakeServer(options.server)
  const backend = createBackend({
    name: 'app',
    ...options.backend,
    servers: [{ id: 's1', address: server.address, maxConnections: options.maxConnections }],
  })
  const engine = options.engine ?? http1Engine()
  const http2 = readHttp2Options('http2', options.http2)
  const connections = new Set<Http2Connection>()
  const sockets = new Set<Socket>()
  const refused: number[] = []
  let active = 0
  const settings: Http2Settings = {
    exchange: {
      engine,
      forwarding: new Forwarding(),
      answers: new Answers(),
      counters: new DoorCounters(),
      rules: noRules,
      clientMs: options.clientMs ?? 60_000,
      began: () => {
        active++
      },
      ended: () => {
        active--
      },
    },
    tracking: undefined,
    unreadable: () => undefined,
    log: undefined,
    limits: resolveLimits(options.limits),
    clock: options.clock ?? monotonic,
    httpRequestMs: options.httpRequestMs ?? 10_000,
    httpKeepAliveMs: options.httpKeepAliveMs ?? 10_000,
    maxRequests: options.maxRequests ?? Number.MAX_SAFE_INTEGER,
    maxBodyBytes: options.maxBodyBytes ?? Number.MAX_SAFE_INTEGER,
    replayBytes: options.replayBytes ?? 65_536,
    closing: false,
    admitting: { answers: new Answers(), clock: monotonic, route: () => options.route ?? backend },
    route: () => options.route ?? backend,
    failed: () => undefined,
    upgradeOf: head => (head.upgrade === 'websocket' ? 'websocket' : undefined),
    refused: status => {
      refused.push(status)
    },
    closed: connection => {
      connections.delete(connection as Http2Connection)
    },
  }
  const serve = (socket: Socket, facts: ConnectionFacts) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    connections.add(new Http2Connection(socket, settings, facts, http2, undefined, settings.clock.now()))
  }
  const listener = createServer({ allowHalfOpen: true }, socket =>
    serve(socket, connectionFacts(socket, undefined, undefined)),
  )
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => listener.close(resolve))
    engine.close()
    backend.close()
    await server.close()
  })
  return {
    server,
    backend,
    port,
    connections,
    /** Serve a connection that something else has accepted. */
    serve,
    refused,
    active: () => active,
    /** A client of Node's. */
    client: () => {
      const session = connectHttp2(`http://127.0.0.1:${port}`)
      session.on('error', () => undefined)
      onTestFinished(() => session.destroy())
      return session
    },
    /** A client of hand-made frames. */
    frames: async (clientSettings?: Buffer): Promise<FrameClient> => {
      const client = await frameClient(port, clientSettings)
      onTestFinished(() => {
        client.socket.destroy()
      })
      return client
    },
  }
}

/** A response, whole. */
export interface Http2Response {
  readonly status: number | undefined
  readonly headers: Record<string, unknown>
  readonly text: string
  readonly bytes: number
  readonly trailers: Record<string, unknown> | undefined
  readonly hints: Record<string, unknown>[]
  readonly resetCode: number
}

/** Send a request and read its response to the end, or to its reset. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string | Buffer,
): Promise<Http2Response> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return responseOf(stream)
}

/** Read the response on a stream. */
export function responseOf(stream: ClientHttp2Stream): Promise<Http2Response> {
  return new Promise(resolve => {
    let head: Record<string, unknown> = {}
    let trailers: Record<string, unknown> | undefined
    const hints: Record<string, unknown>[] = []
    const chunks: Buffer[] = []
    stream.on('headers', hint => hints.push({ ...hint }))
    stream.on('response', fields => {
      head = { ...fields }
      delete head[sensitiveHeaders as unknown as string]
    })
    stream.on('trailers', fields => {
      trailers = { ...fields }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => undefined)
    stream.on('close', () => {
      const { ':status': status, ...headers } = head
      const content = Buffer.concat(chunks)
      resolve({
        status: status as number,
        headers,
        text: content.toString(),
        bytes: content.length,
        trailers,
        hints,
        resetCode: stream.rstCode,
      })
    })
  })
}
