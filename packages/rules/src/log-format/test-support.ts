/** A request whose every fact is known, for the tests of templates: that of HAProxy's manual, section 8.2.3. */
import type { RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import type { LogRecord, LogScope } from './log-scope.ts'
import type { ReadExpression } from './parse.ts'

const connection = {
  peerAddress: '10.0.1.2',
  peerPort: 33317,
  localAddress: '2001:db8::1:80',
  localPort: 8080,
  acceptedAt: Date.UTC(2009, 1, 6, 11, 4, 6, 655),
  tls: undefined,
}

export function requestScope(request = {}): RequestScope {
  return {
    connection,
    variables: { get: () => undefined, set: () => undefined },
    tracked: undefined,
    around: {
      now: () => 0,
      random: () => 0,
      hostname: 'lb1',
      processId: 1234,
      frontend: { name: 'www', connectionsNow: 3, sessionRate: 0, requestRate: 0 },
    },
    request: { method: 'GET', target: '/shop?id=7', version: '1.1', ...request },
    backend: { name: 'static' },
    uniqueId: 'abc',
    requestNumber: 7,
  } as unknown as RequestScope
}

const record: LogRecord = {
  mode: 'http',
  frontend: 'www',
  secure: false,
  backend: 'static',
  server: 'srv1',
  serverAddress: '192.168.0.7',
  serverPort: 80,
  sourceAddress: '192.168.0.1',
  sourcePort: 40_000,
  handshakeMs: 1,
  idleMs: 2,
  requestMs: 10,
  queueMs: 0,
  connectMs: 30,
  responseMs: 69,
  activeMs: 120,
  partial: false,
  status: 200,
  bytesRead: 2750,
  bytesUploaded: 130,
  termination: '----',
  processConnections: 5,
  frontendConnections: 4,
  backendConnections: 3,
  serverConnections: 2,
  retries: 0,
  redispatched: false,
  serverQueue: 8,
  backendQueue: 9,
  requestCookie: undefined,
  responseCookie: undefined,
  requestCaptures: undefined,
  responseCaptures: undefined,
  requestLine: 'GET /index.html HTTP/1.1',
  uniqueId: 'abc',
  requestNumber: 7,
  logNumber: 3,
}

export function logScope(changes: Partial<LogRecord> = {}): LogScope {
  const scope = requestScope()
  return { ...scope, response: { status: 200 }, record: { ...record, ...changes } } as unknown as LogScope
}

/** Expressions that these tests know: `src`, `path`, `status`, `payload`, `empty`, `secure`, `text(…)`. */
export function testExpression(text: string, start: number): ReturnType<ReadExpression> {
  const end = text.startsWith('text(', start) ? text.lastIndexOf(')') + 1 : text.indexOf(']', start)
  return { value: sampleValue(end < 0 ? text : text.slice(start, end)), end: end < 0 ? text.length : end }
}

export function sampleValue(text: string): Value<string | number | boolean, never> {
  const said = /^text\((.*)\)$/s.exec(text)?.[1]
  if (said !== undefined) return fetch(text, 'str', 'connection', () => said)
  if (text === 'status') return fetch(text, 'int', 'response', ({ response }: LogScope) => response?.status)
  if (text === 'path') return fetch(text, 'str', 'request', ({ request }: LogScope) => request?.target)
  if (text === 'payload') return fetch(text, 'str', 'content', () => 'bytes')
  if (text === 'src')
    return fetch(text, 'str', 'connection', (scope: LogScope) => scope.connection.peerAddress)
  if (text === 'secure') return fetch(text, 'bool', 'connection', () => true)
  return fetch(text, 'str', 'connection', () => undefined)
}
