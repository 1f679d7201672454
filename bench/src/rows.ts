/** The rows. A new one: a line here; with a new kind of load, a file in `load/`. */
import { idleConnections } from './load/idle-connections.ts'
import { latencyAtHalf } from './load/latency-at-half.ts'
import { wrkLoad } from './load/wrk.ts'
import type { Row } from './row.ts'
import { tcpRows } from './rows-tcp.ts'
import { tlsRows } from './rows-tls.ts'

const references = ['haproxy', 'http-proxy-3']

function get(
  name: string,
  title: string,
  path: Row['path'],
  connections: number,
  more: Partial<Row> = {},
): Row {
  const load = wrkLoad({ path, connections, close: more.close ?? false })
  return { name, title, mode: 'http', path, compared: 'cpu', needs: ['wrk'], load, ...more }
}

export const rows: readonly Row[] = [
  get('small', '130 B answers, 64 connections', '/small', 64, { quick: true }),
  get('64k', '64 KiB answers, 64 connections', '/64k', 64, { quick: true }),
  get('1m', '1 MiB answers, 16 connections', '/1m', 16),
  get('upload', '1 MiB uploads, 16 connections', '/upload', 16, { quick: true }),
  get('chunked', '16 KiB answers in four chunks, 64 connections', '/chunked', 64),
  get('one', '130 B answers, 1 connection', '/small', 1),
  get('many', '130 B answers, 1,000 connections', '/small', 1_000, { quick: true }),
  get('connect', '130 B answers, a new connection for each request, 64 at a time', '/small', 64, {
    close: true,
    quick: true,
  }),
  {
    name: 'idle',
    title: '10,000 idle kept-alive connections',
    mode: 'http',
    path: '/small',
    compared: 'each',
    fresh: true,
    quick: true,
    load: idleConnections({ connections: 10_000, quickConnections: 2_000 }),
  },
  {
    name: 'latency',
    title: '130 B answers at half of the maximum rate, 64 connections',
    mode: 'http',
    path: '/small',
    compared: 'p99',
    needs: ['wrk'],
    load: latencyAtHalf({ path: '/small', connections: 64 }),
  },
  get('express', '130 B answers, 64 connections, in Express', '/small', 64, {
    subjects: [...references, 'evener-handler', 'express-bare', 'express-evener'],
  }),
  get('fastify', '130 B answers, 64 connections, in Fastify', '/small', 64, {
    subjects: [...references, 'evener-handler', 'fastify-bare', 'fastify-evener', 'reply-from'],
  }),
  get('httplog', '130 B answers, 64 connections, with a line of httplog for each request', '/small', 64, {
    subjects: ['evener-frontend', 'evener-httplog'],
  }),
  get('rules', '130 B answers, 64 connections, with rules for each request', '/small', 64, {
    subjects: ['haproxy', 'evener-frontend', 'evener-rules', 'evener-rules-300'],
  }),
  ...tcpRows,
  ...tlsRows,
]
