/**
 * The head of a request as HTTP/2 has it: `:authority` in place of `Host`, names in lower case, and nothing about a
 * connection (RFC 9113 section 8.2.2), of which the exchange has left nothing but what is asked for here anew.
 *
 * Cookies go as they came, in one field or several: a server joins them (section 8.2.3).
 */
import type { Attempt } from '../../http/engine.ts'
import { webSocketAccept } from '../../http/websocket.ts'

/** Names and values in turn, pseudo-fields first. */
export function requestFields(attempt: Attempt): string[] {
  const { request, server, body } = attempt
  const fields = [
    ':method',
    request.method,
    ':scheme',
    server.tls === undefined ? 'http' : 'https',
    ':authority',
    '',
    ':path',
    request.uri,
  ]
  addOwn(fields, attempt, noNames)
  // The one word of TE that HTTP/2 knows: gRPC servers want to hear that trailers arrive.
  if (/(^|,)\s*trailers\s*($|,|;)/i.test(request.header('te') ?? '')) fields.push('te', 'trailers')
  if (request.expectContinue === true && body.framing !== 'none') fields.push('expect', '100-continue')
  return fields
}

/** The same for a WebSocket: an extended CONNECT (RFC 8441 section 5), which has no key. */
export function webSocketFields(attempt: Attempt): string[] {
  const { request, server } = attempt
  const fields = [
    ':method',
    'CONNECT',
    ':scheme',
    server.tls === undefined ? 'http' : 'https',
    ':authority',
    '',
    ':path',
    request.uri,
    ':protocol',
    'websocket',
  ]
  addOwn(fields, attempt, keyNames)
  return fields
}

const authorityAt = 5
const noNames: readonly string[] = []
const keyNames: readonly string[] = ['sec-websocket-key', 'content-length']

function addOwn(fields: string[], { headers, request, server }: Attempt, without: readonly string[]): void {
  let authority = ''
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    if (name === 'host') authority = value
    else if (!without.includes(name)) fields.push(name, value)
  }
  fields[authorityAt] =
    authority || request.authority || (server.address.path === undefined ? server.address.text : 'localhost')
}

/**
 * What a HTTP/1.1 server would have answered, where one in HTTP/2 has granted a WebSocket: 101, and the answer to the
 * client's key, which the server never saw.
 */
export function switchingHeaders(attempt: Attempt, headers: readonly string[]): string[] {
  const key = attempt.request.header('sec-websocket-key')
  const list = ['Connection', 'Upgrade', 'Upgrade', 'websocket']
  if (key !== undefined) list.push('Sec-WebSocket-Accept', webSocketAccept(key))
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name !== 'content-length' && name !== 'sec-websocket-accept')
      list.push(name, headers[i + 1] as string)
  }
  return list
}

/** Without pseudo-fields. */
export function regularFields(fields: readonly string[]): string[] {
  const regular: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (name.charCodeAt(0) !== 0x3a) regular.push(name, fields[i + 1] as string)
  }
  return regular
}
