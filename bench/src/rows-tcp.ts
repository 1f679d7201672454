/** The rows of layer 4: the same answers, asked for through a proxy that does not look at them. */
import { idleConnections } from './load/idle-connections.ts'
import { wrkLoad } from './load/wrk.ts'
import type { Row } from './row.ts'

function tcp(name: string, title: string, path: '/small' | '/1m', connections: number): Row {
  const load = wrkLoad({ path, connections, close: false })
  return { name, title, mode: 'tcp', path, compared: 'cpu', needs: ['wrk'], load }
}

export const tcpRows: readonly Row[] = [
  tcp('tcp', 'layer 4: 130 B answers, 64 connections', '/small', 64),
  tcp('tcp-1m', 'layer 4: 1 MiB answers, 16 connections', '/1m', 16),
  {
    name: 'tcp-idle',
    title: 'layer 4: 5,000 idle connections, each with one to a server',
    mode: 'tcp',
    path: '/small',
    compared: 'each',
    fresh: true,
    load: idleConnections({ connections: 5_000, quickConnections: 1_000 }),
  },
]
