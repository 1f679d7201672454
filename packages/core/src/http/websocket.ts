/**
 * The opening handshake of WebSocket, as who stands between both sides checks it: RFC 6455 sections 4.1 and 4.2.
 *
 * Each side checks the other by itself, and a handshake that one of them lets through wrongly is an attack on what stands
 * between: a server that is made to say 101 without meaning it leaves behind a connection on which anything may be said.
 * So nothing is asked of a server that is no handshake, and no 101 passes that does not answer the client's key.
 *
 * HTTP/2 has no key (RFC 8441 section 5). Where a client comes by it, a key is made for the server; where the server is
 * spoken to in it, the answer is made for the client. Both meet here in the form of HTTP/1.1.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { AnswerStatus } from './answer.ts'
import { headerValue } from './headers.ts'
import type { ClientRequest } from './request.ts'

/** A `Sec-WebSocket-Key`: 16 random bytes. */
export function webSocketKey(): string {
  return randomBytes(16).toString('base64')
}

/** The `Sec-WebSocket-Accept` that answers a key. */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** What a client's part of a handshake is refused with. */
export interface HandshakeRefusal {
  readonly status: AnswerStatus
  readonly message: string
}

/** What is wrong with a request for a WebSocket; undefined where it is one. */
export function wrongHandshake(request: ClientRequest): HandshakeRefusal | undefined {
  const version = request.header('sec-websocket-version')
  if (version !== undefined && version !== '13') {
    return { status: 426, message: 'The version of WebSocket is not 13.' }
  }
  const wrong =
    request.method !== 'GET'
      ? 'method'
      : version === undefined
        ? 'version'
        : // A second one is joined to the first, and neither is a key then.
          !key.test(request.header('sec-websocket-key') ?? '')
          ? 'key'
          : !distinctTokens(request.header('sec-websocket-protocol'))
            ? 'list of protocols'
            : undefined
  return wrong === undefined
    ? undefined
    : { status: 400, message: `The WebSocket handshake has no valid ${wrong}.` }
}

/** What is wrong with a server's 101, to whatever protocol; undefined where it is the one that was asked for. */
export function wrongUpgrade(request: ClientRequest, headers: readonly string[]): string | undefined {
  const agreed = headerValue(headers, 'upgrade')?.toLowerCase()
  if (request.upgrade === undefined || agreed !== request.upgrade) {
    return 'it changed to a protocol that was not asked for'
  }
  return agreed === 'websocket' ? wrongAgreement(request, headers) : undefined
}

/** What is wrong with a server's 101 for this request; undefined where both agree. */
export function wrongAgreement(request: ClientRequest, headers: readonly string[]): string | undefined {
  const options = elements(headerValue(headers, 'connection')?.toLowerCase())
  if (!options.includes('upgrade')) return 'its 101 does not say that the connection is upgraded'
  const asked = request.header('sec-websocket-key') ?? ''
  if (headerValue(headers, 'sec-websocket-accept') !== webSocketAccept(asked)) {
    return 'its 101 does not answer the key'
  }
  const protocol = headerValue(headers, 'sec-websocket-protocol')
  if (protocol !== undefined && !elements(request.header('sec-websocket-protocol')).includes(protocol)) {
    return 'it chose a protocol that was not offered'
  }
  const offered = extensionNames(request.header('sec-websocket-extensions'))
  for (const name of extensionNames(headerValue(headers, 'sec-websocket-extensions'))) {
    if (!offered.includes(name)) return 'it chose an extension that was not offered'
  }
  return undefined
}

/** 16 bytes in base64. */
const key = /^[+/0-9A-Za-z]{22}==$/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

function distinctTokens(list: string | undefined): boolean {
  const names = elements(list)
  return names.every(name => token.test(name)) && new Set(names).size === names.length
}

/** Without parameters, in whose values no comma may stand, quoted or not (RFC 6455 section 9.1). */
function extensionNames(list: string | undefined): string[] {
  return elements(list).map(element => (element.split(';', 1)[0] as string).trim())
}

function elements(list = ''): string[] {
  return list
    .split(',')
    .map(element => element.trim())
    .filter(element => element !== '')
}
