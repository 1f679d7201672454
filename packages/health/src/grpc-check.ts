/**
 * Does the server say that it serves? `grpc.health.v1.Health/Check` over HTTP/2, with TLS or without it.
 *
 * `L7OK` `SERVING`; `L7STS` another state, or a gRPC error, whose code is the status (12 is a server without the health
 * service, 5 one that does not know this service); `L7RSP` no gRPC. Source: the gRPC health checking protocol (GRFC A17,
 * `grpc/health/v1/health.proto`) and "gRPC over HTTP2". Both messages have one field, so both are written and read here.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { type Dialed, dial, LoneContext, readConnect } from './connect.ts'
import type { Checker } from './contract.ts'
import { hostHeader } from './host-header.ts'
import { exchange } from './http-exchange.ts'
import { readHost } from './http-request.ts'
import { readOptions, refuse } from './options.ts'
import { oneLine, type Probe, probing, readProbeSettings } from './probe.ts'
import { PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions } from './protocol-check.ts'
import { Received } from './received.ts'

/** Options of {@link grpcCheck}. */
export interface GrpcCheckOptions extends ProtocolCheckOptions {
  /** The service that is asked for: the server as a whole by default, the empty name. */
  readonly service?: string | undefined
  /** `:authority`; by default the target's host, with its port unless that is the protocol's own. */
  readonly host?: string | undefined
}

const STATES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
/** The answer has seven bytes; what is much longer is something else. */
const MAX_ANSWER_BYTES = 1024
const MAX_SERVICE_BYTES = 1024

/**
 * A check by gRPC's health service.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function grpcCheck(options: GrpcCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'service', 'host'])
  const { service = '', host, connect } = options
  if (typeof service !== 'string' || Buffer.byteLength(service) > MAX_SERVICE_BYTES) {
    refuse('options.service', service, `a text of at most ${MAX_SERVICE_BYTES} bytes`)
  }
  if (host !== undefined) readHost('options.host', host)
  const body = askingFor(service)
  const endpointOf = readConnect('options.connect', { alpn: ['h2'], ...connect })
  const dialed: Dialed = {
    ready(probe, socket) {
      probe.enter('L7')
      const request = {
        method: 'POST',
        path: '/grpc.health.v1.Health/Check',
        host: host ?? hostHeader(probe.target),
        headers: { 'content-type': 'application/grpc', te: 'trailers' },
        body,
      }
      const received = new Received(MAX_ANSWER_BYTES)
      let head: IncomingHttpHeaders = {}
      exchange(probe, socket, 'h2', request, {
        head(status, _, headers) {
          head = headers
          if (status !== 200) probe.end('L7RSP', `HTTP status ${status}`, { status })
        },
        data(piece) {
          received.append(piece)
          if (received.full) probe.end('L7RSP', 'the answer is too long')
        },
        end: trailers => judge(probe, { ...head, ...trailers }, received.bytes()),
        failed: error => probe.fail(error),
      })
      return undefined
    },
  }
  const settings = readProbeSettings(options, probe => {
    dial(probe, endpointOf(new LoneContext(probe.target)), dialed)
  })
  return probing('grpc', settings)
}

/** HealthCheckRequest { string service = 1 }, behind "not compressed" and its length. */
function askingFor(service: string): Buffer {
  const name = Buffer.from(service)
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7]
}

function judge(probe: Probe, headers: IncomingHttpHeaders, received: Buffer): void {
  const said = headers['grpc-status']
  if (typeof said !== 'string' || !/^\d{1,4}$/.test(said)) {
    probe.end('L7RSP', 'an answer without grpc-status')
  } else if (said !== '0') {
    const message = oneLine(decoded(String(headers['grpc-message'] ?? ''))).slice(0, 150)
    probe.end('L7STS', `gRPC status ${said}${message && `: ${message}`}`, { status: Number(said) })
  } else {
    const state = stateIn(received)
    if (state === undefined) probe.end('L7RSP', 'an answer that is no HealthCheckResponse')
    else probe.end(state === 1 ? 'L7OK' : 'L7STS', STATES[state] ?? `state ${state}`, { status: 0 })
  }
}

/** A status message is percent-encoded; one that is so badly is taken as it stands ("gRPC over HTTP2", Responses). */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

/** HealthCheckResponse { ServingStatus status = 1 }; 0, the default, is not sent. */
function stateIn(received: Buffer): number | undefined {
  if (received.length < 5 || received[0] !== 0 || received.readUInt32BE(1) !== received.length - 5)
    return undefined
  if (received.length === 5) return 0
  return received.length === 7 && received[5] === 0x08 && received[6]! < 0x80 ? received[6] : undefined
}
