/**
 * One request on a connection of its own: the short way where the bytes of the request do not matter.
 */
import { knownOptions } from '../options.ts'
import { formatHead, type HeaderList, type HeaderPair, headerPairs, headerValue } from '../wire/head.ts'
import { type RawClientOptions, type ReadResponseOptions, rawClient } from './raw-client.ts'
import type { RawResponse } from './response.ts'

/** What {@link request} asks. */
export interface RequestOptions extends Omit<RawClientOptions, 'port' | 'path'>, ReadResponseOptions {
  /** The request target, `/` by default. */
  readonly target?: string
  /** Added to `Host` and `Connection: close`, and to the framing; replaces those of the same name. */
  readonly headers?: HeaderList
  /** The body; `{ bytes }` generates that many. */
  readonly body?: string | Uint8Array | { readonly bytes: number }
  /** Send the body chunked. */
  readonly chunked?: boolean
  /** Sent after the last chunk. Makes the framing chunked. */
  readonly trailers?: HeaderList
}

const KNOWN = ['target', 'headers', 'body', 'chunked', 'trailers', 'host', 'tls', 'timeoutMs', 'halfOpen']
const ALL_KNOWN = [...KNOWN, 'method', 'keepBodyBytes', 'onPiece']

/**
 * Send one request to a port of this machine and read its response; the body goes out while the response comes in.
 * @throws as {@link rawClient} and `readResponse` do
 */
export async function request(port: number, options: RequestOptions = {}): Promise<RawResponse> {
  knownOptions('request()', options, ALL_KNOWN)
  const { method = 'GET', target = '/', host = '127.0.0.1', tls, timeoutMs, halfOpen } = options
  const client = await rawClient({
    port,
    host,
    ...(tls && { tls }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(halfOpen !== undefined && { halfOpen }),
  })
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body
  const chunked = options.chunked === true || options.trailers !== undefined
  const own = headerPairs(options.headers ?? [])
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const headers: HeaderPair[] = [
    ['Host', authority],
    ['Connection', 'close'],
  ]
  if (chunked) headers.push(['Transfer-Encoding', 'chunked'])
  else if (body)
    headers.push(['Content-Length', String(body instanceof Uint8Array ? body.length : body.bytes)])
  const added = headers.filter(([name]) => headerValue(own, name) === undefined)
  const sendAll = async () => {
    await client.send(formatHead(`${method} ${target} HTTP/1.1`, [...added, ...own]))
    if (!body && !chunked) return
    const trailers = options.trailers && { trailers: options.trailers }
    await client.sendBody(body ?? new Uint8Array(0), { chunked, ...trailers })
  }
  try {
    // The server may answer early and close: that the rest was not taken is then no failure.
    const sent = sendAll().catch(() => {})
    const response = await client.readResponse(options)
    client.destroy()
    await sent
    return response
  } finally {
    client.destroy()
  }
}

/** GET on a fresh connection. */
export function get(port: number, target = '/', headers: HeaderList = []): Promise<RawResponse> {
  return request(port, { target, headers })
}
