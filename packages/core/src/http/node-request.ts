/**
 * A request that came by way of `node:http`, checked for what Node's own parser lets through, and read in the
 * form that routes, balancers and engines see.
 *
 * Node refuses most that is dangerous (bare LF, two lengths, a length and chunks). What it accepts and RFC 9112
 * does not is refused here: several `Host` fields, or one with a list; other versions; chunks with HTTP/1.0; any
 * transfer coding but `chunked`; targets that are not valid for the method.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Tracked } from '@evener/session'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { plainAddress } from '../base/networks.ts'
import type { AnswerStatus } from './answer.ts'
import type { Forwarding } from './forwarded.ts'
import { headerValue } from './headers.ts'
import { nodeFacts } from './node-facts.ts'
import type { ClientRequest } from './request.ts'
import type { Framing } from './request-body.ts'
import { readTarget, validAuthority } from './target.ts'

/** Why a request is not accepted. */
export interface Refusal {
  readonly status: AnswerStatus
  readonly message: string
}

/** What of a message's head is looked at on every request: found in one pass, since `headers` would be a second copy. */
interface Found {
  hosts: number
  host: string | undefined
  contentLength: string | undefined
  transferEncoding: string | undefined
  expect: string | undefined
}

export class NodeRequest implements ClientRequest {
  readonly method: string
  readonly uri: string
  readonly authority: string
  readonly versionMinor: 0 | 1
  readonly rawHeaders: readonly string[]
  readonly peerAddress: string
  readonly sourceAddress: string
  readonly secure: boolean
  readonly upgrade: string | undefined
  tracked: readonly (Tracked | undefined)[] | undefined
  /** How its body is delimited. */
  readonly framing: Framing
  /** The length that it states, in bytes; 0 without one. */
  readonly contentLength: number
  readonly #socket: Socket

  /** See {@link readRequest}. */
  constructor(
    message: IncomingMessage,
    uri: string,
    authority: string,
    forwarding: Forwarding,
    upgrade: string | undefined,
    found: Found,
  ) {
    this.#socket = message.socket
    this.method = message.method as string
    this.uri = uri
    this.authority = authority
    this.versionMinor = message.httpVersionMinor === 0 ? 0 : 1
    this.rawHeaders = message.rawHeaders
    this.peerAddress = plainAddress(message.socket.remoteAddress ?? '')
    const encrypted = (message.socket as TLSSocket).encrypted === true
    this.sourceAddress = forwarding.sourceOf(this.peerAddress, message.rawHeaders)
    this.secure = forwarding.secureOf(this.peerAddress, message.rawHeaders, encrypted)
    this.upgrade = upgrade
    this.framing = framingBy(found.transferEncoding, found.contentLength)
    this.contentLength = found.contentLength === undefined ? 0 : Number(found.contentLength)
  }

  get socket(): Socket {
    return this.#socket
  }

  get connection(): ConnectionFacts {
    return nodeFacts(this.#socket)
  }

  header(name: string): string | undefined {
    return headerValue(this.rawHeaders, name)
  }
}

function findFields(rawHeaders: readonly string[]): Found {
  const found: Found = {
    hosts: 0,
    host: undefined,
    contentLength: undefined,
    transferEncoding: undefined,
    expect: undefined,
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break
        found.hosts++
        found.host = value
        break
      case 6:
        if (name.toLowerCase() === 'expect') found.expect = joined(found.expect, value)
        break
      case 14:
        if (name.toLowerCase() === 'content-length') found.contentLength = value
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding')
          found.transferEncoding = joined(found.transferEncoding, value)
        break
    }
  }
  return found
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

/** How the body of a message is delimited. */
export function framingOf(message: IncomingMessage): Framing {
  return framingBy(message.headers['transfer-encoding'], message.headers['content-length'])
}

function framingBy(coding: string | undefined, length: string | undefined): Framing {
  if (coding !== undefined) return 'chunked'
  return length === undefined || /^0+$/.test(length) ? 'none' : 'length'
}

/**
 * Check a message and read it.
 * @param target what it asks for: `req.url`, or where an application has stripped a prefix, `req.originalUrl`
 * @param upgrades the protocols that a client may change to
 */
export function readRequest(
  message: IncomingMessage,
  target: string,
  forwarding: Forwarding,
  upgrades: ReadonlySet<string>,
): NodeRequest | Refusal {
  const { rawHeaders } = message
  if (message.httpVersionMajor !== 1 || message.httpVersionMinor > 1) return refuse(505)
  const parsed = readTarget(message.method as string, target)
  if (parsed === undefined) return refuse(400, 'The request target is not valid.')
  const found = findFields(rawHeaders)
  const { host } = found
  if (found.hosts > 1) return refuse(400, 'There is more than one Host field.')
  if (host === undefined && message.httpVersionMinor === 1) return refuse(400, 'There is no Host field.')
  if (host !== undefined && !validAuthority(host)) return refuse(400, 'The Host field is not valid.')
  if (
    parsed.authority !== undefined &&
    host !== undefined &&
    !sameAuthority(parsed.authority, host, target[4] === ':' ? '80' : '443')
  ) {
    return refuse(400, 'The Host field and the request target name different hosts.')
  }
  const coding = found.transferEncoding
  if (coding !== undefined) {
    if (message.httpVersionMinor === 0) return refuse(400, 'HTTP/1.0 has no chunked bodies.')
    if (coding.toLowerCase() !== 'chunked') return refuse(501, 'The transfer coding is not supported.')
  }
  const expectation = found.expect
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') return refuse(417)
  const authority = parsed.authority ?? host ?? ''
  return new NodeRequest(message, parsed.uri, authority, forwarding, upgradeAmong(message, upgrades), found)
}

/** Whether both name the same host and port: in any case, and with the scheme's own port written out or not. */
function sameAuthority(a: string, b: string, defaultPort: string): boolean {
  return a === b || normalized(a, defaultPort) === normalized(b, defaultPort)
}

function normalized(authority: string, defaultPort: string): string {
  const [, host = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority) as RegExpExecArray
  return `${host.toLowerCase()}:${port.replace(/^0+(?=\d)/, '') || defaultPort}`
}

/** The protocol to change to: one that is allowed, and asked for in the way that RFC 9110 section 7.8 has it. */
export function upgradeOf(message: IncomingMessage, upgrades: ReadonlySet<string>): string | undefined {
  const upgrade = message.headers.upgrade?.toLowerCase()
  if (upgrade === undefined || message.httpVersionMinor === 0 || !upgrades.has(upgrade)) return undefined
  const listed = message.headers.connection
    ?.toLowerCase()
    .split(',')
    .some(token => token.trim() === 'upgrade')
  return listed === true && framingOf(message) === 'none' ? upgrade : undefined
}

/** Most requests come where none may change protocols: not by the `upgrade` event. */
function upgradeAmong(message: IncomingMessage, upgrades: ReadonlySet<string>): string | undefined {
  return upgrades.size === 0 ? undefined : upgradeOf(message, upgrades)
}

function refuse(status: AnswerStatus, message = ''): Refusal {
  return { status, message }
}
