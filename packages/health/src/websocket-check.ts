/**
 * Does the WebSocket answer? The upgrade, a Ping, and its Pong.
 *
 * `L7OK` the Pong came; `L7STS` the upgrade was refused, with the status that says so, or the server closed; `L7RSP` no
 * WebSocket; `L7TOUT` no Pong in time. Messages that the server sends by itself are passed over, within 16 KiB.
 * Source: RFC 6455, sections 4.1, 5.5.2 and 5.5.3.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Fit } from './chain-steps.ts'
import type { CheckContext } from './connect.ts'
import type { Checker } from './contract.ts'
import { hostHeader } from './host-header.ts'
import { readHeaders, readHost, readPath } from './http-request.ts'
import { readOptions } from './options.ts'
import { PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions, protocolCheck } from './protocol-check.ts'

/** Options of {@link websocketCheck}. */
export interface WebsocketCheckOptions extends ProtocolCheckOptions {
  /** The path with its query: `/` by default. */
  readonly path?: string | undefined
  /** The `Host` header; by default the target's host, with its port unless that is the protocol's own. */
  readonly host?: string | undefined
  /** Further headers, such as `Origin` and `Sec-WebSocket-Protocol`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const PING = 0x89
const PONG = 0x8a
const CLOSE = 0x88

/**
 * A check by a WebSocket's Ping.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function websocketCheck(options: WebsocketCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'path', 'host', 'headers'])
  const path = readPath('options.path', options.path ?? '/')
  const host = options.host === undefined ? undefined : readHost('options.host', options.host)
  const headers = readHeaders('options.headers', options.headers ?? {})
  const upgrade = ({ target, variables }: CheckContext): string => {
    const key = randomBytes(16).toString('base64')
    variables.set('key', key)
    const lines = {
      Host: host ?? hostHeader(target),
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Version': '13',
      ...headers,
    }
    const written = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
    return `GET ${path} HTTP/1.1\r\n${written.join('')}\r\n`
  }
  return protocolCheck(
    'websocket',
    [
      { send: upgrade, comment: 'upgrade' },
      { expect: { judge: upgraded }, comment: 'upgrade' },
      // The server may have begun to speak right behind its head.
      { send: maskedFrame(PING, Buffer.from('evener')), keepReceived: true, comment: 'ping' },
      { expect: { judge: answered }, comment: 'pong', onSuccess: 'pong' },
    ],
    options,
  )
}

function headOf(received: Buffer): string | undefined {
  const end = received.indexOf('\r\n\r\n')
  return end < 0 ? undefined : received.subarray(0, end + 4).toString('latin1')
}

function upgraded(received: Buffer, _: boolean, { variables }: CheckContext): Fit {
  // What does not begin as HTTP does is not waited for.
  if (!'HTTP/1.1 '.startsWith(received.subarray(0, 9).toString('latin1'))) return false
  const head = headOf(received)
  if (head === undefined) return undefined
  const [line = ''] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line)?.[1])
  if (Number.isNaN(status)) return false
  if (status !== 101) return { code: 'L7STS', message: line.slice(9), status }
  const accept = createHash('sha1')
    .update(`${variables.get('key')}${GUID}`)
    .digest('base64')
  const said = /\r\nsec-websocket-accept:[ \t]*([^\r]*?)[ \t]*\r\n/i.exec(head)?.[1]
  return said === accept
    ? true
    : { code: 'L7RSP', message: 'an upgrade that is not to this WebSocket', status }
}

/** Walk over the frames behind the head, to the Pong. A server's frames are not masked. */
function answered(received: Buffer): Fit {
  for (let at = (headOf(received) as string).length; at + 2 <= received.length; ) {
    const [kind, second] = [received[at] as number, received[at + 1] as number]
    if (second >= 0x80) return { code: 'L7RSP', message: 'a frame that is masked' }
    const lengthBytes = second === 127 ? 8 : second === 126 ? 2 : 0
    const begin = at + 2 + lengthBytes
    if (received.length < begin) return undefined
    // Longer than a safe integer is longer than anything that is kept.
    let length = second
    if (lengthBytes === 2) length = received.readUInt16BE(at + 2)
    else if (lengthBytes === 8) length = Number(received.readBigUInt64BE(at + 2))
    if (received.length < begin + length) return undefined
    const payload = received.subarray(begin, begin + length)
    if (kind === PONG && payload.toString('latin1') === 'evener') return true
    if (kind === CLOSE) {
      const status = length >= 2 ? payload.readUInt16BE(0) : undefined
      return { code: 'L7STS', message: `closed, ${status ?? 'without a code'}`, status }
    }
    at = begin + length
  }
  return undefined
}

/** A client's frames are masked (section 5.3). Nothing here is to be hidden: the mask is as good as any. */
function maskedFrame(kind: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!)
  return Buffer.concat([Buffer.from([kind, 0x80 | payload.length]), mask, masked])
}
