/**
 * The process itself, in the words of HAProxy's `show info` (management guide, section 9.3), as far as a process of Node has
 * such a thing.
 */
import { hostname } from 'node:os'
import { Frontend } from '@evener/core'
import type { Door } from './rows.ts'

/** What is said of a process, or of all workers of a cluster together. */
export interface ProcessInfo {
  readonly Name: string
  readonly Nbproc: number
  readonly Process_num: number
  readonly Pid: number
  readonly Uptime_sec: number
  /** Seconds since 1970. */
  readonly Start_time_sec: number
  /** Connections of frontends and TCP proxies. */
  readonly CurrConns: number
  readonly CumConns: number
  readonly CumReq: number
  readonly Maxconn: number
  readonly ConnRate: number
  readonly MaxConnRate: number
  readonly TotalBytesOut: number
  /** How much of its time the event loop waits. */
  readonly Idle_pct: number
  /** Resident memory. */
  readonly Memory_bytes: number
  readonly node: string
}

/** How busy the event loop was since this was asked last. */
let before = performance.eventLoopUtilization()

/** What there is to say now. */
export function processInfo(doors: Iterable<Door>): ProcessInfo {
  const total = {
    CurrConns: 0,
    CumConns: 0,
    CumReq: 0,
    Maxconn: 0,
    ConnRate: 0,
    MaxConnRate: 0,
    TotalBytesOut: 0,
  }
  for (const door of doors) {
    const { counters } = door
    total.TotalBytesOut += counters.bytesOut
    if ('requests' in counters) total.CumReq += counters.requests
    if (!('connections' in counters) || typeof door === 'function') continue
    total.CurrConns += counters.connectionsNow
    total.CumConns += counters.connections
    total.Maxconn += door.maxConnections
    total.ConnRate += Math.round(counters.connectionRate.perSecond(door.clock.now()))
    total.MaxConnRate += counters.connectionRate.max
    if (!(door instanceof Frontend)) total.CumReq += counters.connections
  }
  const now = performance.eventLoopUtilization()
  const { utilization } = performance.eventLoopUtilization(now, before)
  before = now
  return {
    Name: 'Evener',
    Nbproc: 1,
    Process_num: 1,
    Pid: process.pid,
    Uptime_sec: Math.floor(process.uptime()),
    Start_time_sec: Math.floor(Date.now() / 1000 - process.uptime()),
    ...total,
    Idle_pct: Math.round((1 - utilization) * 100),
    Memory_bytes: process.memoryUsage.rss(),
    node: hostname(),
  }
}
