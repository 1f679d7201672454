/** The rows over TLS: what it adds to requests, what a handshake costs, and HTTP/2. */
import { h2load } from './load/h2load.ts'
import { handshakes } from './load/handshakes.ts'
import { idleConnections } from './load/idle-connections.ts'
import { wrkLoad } from './load/wrk.ts'
import type { Row } from './row.ts'

function tls(name: string, title: string, path: '/small' | '/64k', connections: number): Row {
  const load = wrkLoad({ path, connections, close: false })
  return { name, title, mode: 'https', path, compared: 'cpu', needs: ['wrk', 'openssl'], load }
}

function handshake(name: string, title: string, resumed: boolean): Row {
  return {
    ...{ name, title, mode: 'https', path: '/small', close: true, compared: 'cpu', needs: ['openssl'] },
    subjects: ['haproxy', 'nginx', 'evener-frontend', 'node-tls'],
    load: handshakes({ resumed, atATime: 32 }),
  }
}

export const tlsRows: readonly Row[] = [
  tls('tls', 'TLS 1.3: 130 B answers, 64 connections', '/small', 64),
  tls('tls-64k', 'TLS 1.3: 64 KiB answers, 64 connections', '/64k', 64),
  handshake('handshake', 'a new TLS 1.3 handshake (ECDSA P-256) for each request of 130 B', false),
  handshake('resume', 'a resumed TLS 1.3 handshake for each request of 130 B', true),
  {
    name: 'tls-idle',
    title: 'TLS 1.3: 2,000 idle kept-alive connections',
    mode: 'https',
    path: '/small',
    compared: 'each',
    fresh: true,
    needs: ['openssl'],
    load: idleConnections({ connections: 2_000, quickConnections: 500 }),
  },
  {
    name: 'h2',
    title: 'HTTP/2 over TLS 1.3: 130 B answers, 4 connections with 100 streams each',
    mode: 'h2',
    path: '/small',
    compared: 'cpu',
    needs: ['h2load', 'openssl'],
    load: h2load({ path: '/small', connections: 4, streams: 100 }),
  },
]
