/**
 * Requests whose body a parser of the host (`express.json()`, …) has read already: the bytes are gone, and what
 * remains is `req.body`. It can be written out again where its type says how; that is done on request only, because
 * it is not byte for byte what the client signed or hashed.
 */
import type { IncomingMessage } from 'node:http'
import { endToEnd, type Headers, Names } from './headers.ts'
import type { ClientRequest } from './request.ts'

/** Whether somebody has begun to read the body. */
export function bodyWasRead(req: IncomingMessage): boolean {
  return req.readableDidRead || req.readableEnded
}

/** The request with its body written out again; undefined where its type does not say how. */
export function bodyAgain(
  req: IncomingMessage,
  request: ClientRequest,
): { readonly request: ClientRequest; readonly bytes: Buffer } | undefined {
  const bytes = serialise((req as { body?: unknown }).body, request.header('content-type') ?? '')
  if (bytes === undefined) return undefined
  const rawHeaders: Headers = endToEnd(request.rawHeaders, framingNames)
  rawHeaders.push('Content-Length', String(bytes.length))
  return { request: withHeaders(request, rawHeaders), bytes }
}

/** The encoding is gone with the bytes: parsers inflate. */
const framingNames = new Names(['content-length', 'content-encoding', 'content-md5', 'digest'])

function serialise(body: unknown, contentType: string): Buffer | undefined {
  if (Buffer.isBuffer(body)) return body
  if (typeof body === 'string') return Buffer.from(body)
  if (typeof body !== 'object') return undefined
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/json' || type.endsWith('+json')) return Buffer.from(JSON.stringify(body))
  if (type === 'application/x-www-form-urlencoded' && body !== null) return Buffer.from(formFields(body))
  return undefined
}

function formFields(body: object): string {
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    for (const item of Array.isArray(value) ? value : [value]) fields.append(name, String(item))
  }
  return fields.toString()
}

function withHeaders(request: ClientRequest, rawHeaders: readonly string[]): ClientRequest {
  return {
    method: request.method,
    uri: request.uri,
    authority: request.authority,
    versionMinor: request.versionMinor,
    rawHeaders,
    sourceAddress: request.sourceAddress,
    peerAddress: request.peerAddress,
    secure: request.secure,
    upgrade: request.upgrade,
    tracked: request.tracked,
    get connection() {
      return request.connection
    },
    header: name => request.header(name),
  }
}
