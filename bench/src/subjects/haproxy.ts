/** HAProxy, one thread, http mode: what all others are compared with. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, missingProgram, programVersion } from '../machine/programs.ts'
import { haproxyTcp } from './haproxy-tcp.ts'
import type { Place, Subject } from './subject.ts'
import { cipherSuite } from './tls.ts'

/** What a `bind` line says of TLS. */
const overTls = ({ certificate }: Place): string =>
  certificate === undefined
    ? ''
    : ` ssl crt ${certificate} alpn h2,http/1.1 ssl-min-ver TLSv1.3 ciphersuites ${cipherSuite}`

const configuration = (place: Place): string => `
global
  nbthread 1
  maxconn 16000
  # A connection at rest has one descriptor, not the two that HAProxy reckons with.
  no strict-limits

defaults
  mode http
  option http-keep-alive
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  timeout http-request 10s

frontend bench
  bind 127.0.0.1:${place.port} backlog 4096${overTls(place)}
  default_backend servers

backend servers
  balance roundrobin
  option forwardfor
  option httpchk GET /check
  # As with all others, a new client's first request may go on a connection that stands.
  http-reuse always
  cookie SERVERID insert indirect nocache
  server s1 127.0.0.1:${place.servers[0]} check inter 2s cookie s1
  server s2 127.0.0.1:${place.servers[1]} check inter 2s cookie s2
`

export const subject: Subject = {
  name: 'haproxy',
  about: '1 thread; in http mode X-Forwarded-For, health checks, stickiness cookie, counters',
  modes: ['http', 'https', 'h2', 'tcp'],
  proxies: true,
  sticky: true,
  version: () => programVersion('haproxy', '-v'),
  missing: () => missingProgram('haproxy'),
  launch(place) {
    const file = join(place.directory, 'haproxy.cfg')
    writeFileSync(file, (place.mode === 'tcp' ? haproxyTcp : configuration)(place))
    return { command: findProgram('haproxy') ?? 'haproxy', args: ['-db', '-f', file] }
  },
}
