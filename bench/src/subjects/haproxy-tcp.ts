/** HAProxy's configuration for the rows of layer 4: tcp mode, one thread, with the checks that the others have. */
import type { Place } from './subject.ts'

export const haproxyTcp = ({ port, servers }: Place): string => `
global
  nbthread 1
  maxconn 16000
  no strict-limits

defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h

frontend bench
  bind 127.0.0.1:${port} backlog 4096
  default_backend servers

backend servers
  balance roundrobin
  server s1 127.0.0.1:${servers[0]} check inter 2s
  server s2 127.0.0.1:${servers[1]} check inter 2s
`
