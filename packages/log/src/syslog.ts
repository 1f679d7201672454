/**
 * A syslog server, by UDP, TCP or a unix socket.
 *
 * Node has no unix datagram sockets, so what listens on `/dev/log` cannot be reached directly; rsyslog listens on a unix
 * stream by `imptcp` with `path`, syslog-ng by `unix-stream()`.
 */
import { connect, isIP, type NetConnectOpts } from 'node:net'
import { DatagramWriter } from './datagram-writer.ts'
import { type Framing, framings } from './framing.ts'
import { type BufferedOptions, checkBufferedOptions, LineSink } from './line-sink.ts'
import { choice, refuse } from './options.ts'
import type { LogSink } from './sink.ts'
import { StreamWriter } from './stream-writer.ts'

export interface SyslogOptions extends BufferedOptions {
  /** `udp://127.0.0.1:514`, `tcp://logs.example:601`, `tcp://[::1]`, `unix:/run/syslog.sock`. Port 514 by default. */
  readonly address: string
  /** How lines follow each other in a stream: `octet-counting` by default. */
  readonly framing?: Framing | undefined
}

/**
 * Lines for a syslog server, `rfc3164` by default.
 * @throws {LogError} `EVENER_INVALID_OPTION`
 */
export function syslog(options: SyslogOptions): LogSink {
  checkBufferedOptions('syslog', options, ['address', 'framing'])
  const peer = readAddress(options.address)
  const framing = choice('syslog.framing', options.framing, 'octet-counting', framings)
  return new LineSink('syslog', options, 'rfc3164', clock =>
    peer.kind === 'udp'
      ? new DatagramWriter(peer.host, peer.port)
      : new StreamWriter({ clock, framing, connect: () => connect(peer.to) }),
  )
}

type Peer =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'stream'; readonly to: NetConnectOpts }

function readAddress(address: string): Peer {
  const wrong = (): never =>
    refuse('syslog.address', address, 'udp://host:port, tcp://host:port or unix:/path of a stream socket')
  if (typeof address !== 'string') return wrong()
  const path = /^unix:(?:\/\/)?(\/[^\0]+)$/.exec(address)?.[1]
  if (path !== undefined) return { kind: 'stream', to: { path } }
  const said = /^(udp|tcp):\/\/(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(address)
  const host = said?.[2] ?? said?.[3]
  const port = Number(said?.[4] ?? 514)
  if (host === undefined || port < 1 || port > 65_535) return wrong()
  if (said?.[2] !== undefined && isIP(host) !== 6) return wrong()
  return said?.[1]?.toLowerCase() === 'udp'
    ? { kind: 'udp', host, port }
    : { kind: 'stream', to: { host, port, keepAlive: true } }
}
