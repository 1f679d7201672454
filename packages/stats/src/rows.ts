/**
 * The lines of the statistics: what core has counted, under HAProxy's names (management guide, section 9.1).
 *
 * A backend is a line for each server, in their order, and one for itself; a door is one line. What Evener has no notion of
 * (compression, a cache) is 0 where HAProxy has a number, and what does not apply is left out.
 *
 * Cost: 2 to 3 µs for a line, and one object.
 */
import {
  type Backend,
  Frontend,
  type HttpHandler,
  type ResponseCounters,
  type Server,
  TcpProxy,
} from '@evener/core'
import { describeCode } from './check-status.ts'
import type { StatRow } from './columns.ts'
import { statusOf } from './server-status.ts'

/** What requests and connections come by. */
export type Door = Frontend | TcpProxy | HttpHandler

/** HAProxy's numbers for the kinds of lines. */
export const rowTypes = { frontend: 0, backend: 1, server: 2 } as const

/** Statuses that say that it was the request that was wrong. */
const requestErrors = [400, 408, 413, 414, 417, 431, 501, 505]

const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000))
const orNone = (limit: number): number | undefined => (limit === 0 ? undefined : limit)

function responsesOf(counters: ResponseCounters) {
  return {
    hrsp_1xx: counters.responses1xx,
    hrsp_2xx: counters.responses2xx,
    hrsp_3xx: counters.responses3xx,
    hrsp_4xx: counters.responses4xx,
    hrsp_5xx: counters.responses5xx,
    hrsp_other: 0,
  }
}

/** @param iid its number among all doors and backends */
export function doorRow(name: string, door: Door, iid: number): StatRow {
  const common = {
    pxname: name,
    svname: 'FRONTEND',
    status: 'OPEN',
    pid: 1,
    iid,
    sid: 0,
    type: rowTypes.frontend,
    rate_lim: 0,
    dcon: 0,
    dses: 0,
    wrew: 0,
    eint: 0,
  }
  if (door instanceof TcpProxy) {
    return {
      ...common,
      ...connectionsOf(door),
      ...bytesOf(door.counters),
      ...refusalsOf(door),
      mode: 'tcp',
    }
  }
  const { counters } = door
  const { refused, rate } = counters
  const ereq = requestErrors.reduce((sum, status) => sum + (refused[status] ?? 0), 0)
  const all = Object.values(refused).reduce<number>((sum, count) => sum + (count ?? 0), 0)
  const now = door instanceof Frontend ? door.clock.now() : performance.now()
  const requestRate = Math.round(rate.perSecond(now))
  // A handler sees requests; their connections are its host's.
  const ofHandler = { scur: door.active, stot: counters.requests, rate: requestRate, rate_max: rate.max }
  return {
    ...common,
    ...(door instanceof Frontend ? connectionsOf(door) : ofHandler),
    ...bytesOf(counters),
    dreq: counters.requestsDenied,
    dresp: counters.responsesDenied,
    ereq,
    ...responsesOf(counters),
    req_rate: requestRate,
    req_rate_max: rate.max,
    req_tot: counters.requests,
    comp_in: 0,
    comp_out: 0,
    comp_byp: 0,
    comp_rsp: 0,
    cache_lookups: 0,
    cache_hits: 0,
    mode: 'http',
    intercepted: Math.max(0, all - ereq - counters.requestsDenied),
    dcon: door instanceof Frontend ? door.counters.connectionsDenied : 0,
  }
}

function connectionsOf(door: Frontend | TcpProxy) {
  const { counters, maxConnections, clock } = door
  const { connectionRate } = counters
  const perSecond = Math.round(connectionRate.perSecond(clock.now()))
  return {
    scur: counters.connectionsNow,
    smax: counters.connectionsMax,
    slim: maxConnections,
    stot: counters.connections,
    rate: perSecond,
    rate_max: connectionRate.max,
    conn_rate: perSecond,
    conn_rate_max: connectionRate.max,
    conn_tot: counters.connections,
  }
}

const bytesOf = ({ bytesIn, bytesOut }: { bytesIn: number; bytesOut: number }) => ({
  bin: bytesIn,
  bout: bytesOut,
})

function refusalsOf({ counters: { refusedBy } }: TcpProxy) {
  return {
    dcon: refusedBy['connection-rule'],
    dses: refusedBy['session-rule'],
    dreq: refusedBy['content-rule'],
    dresp: 0,
    ereq: refusedBy['proxy-header'] + refusedBy['client-hello'],
  }
}

/** What servers and backends have in common. */
function trafficOf(counters: Server['counters'] | Backend['counters'], now: number) {
  const { times, rate, lastBeganAt } = counters
  return {
    qcur: counters.queueNow,
    qmax: counters.queueMax,
    scur: counters.requestsNow,
    smax: counters.requestsMax,
    stot: counters.requests,
    ...bytesOf(counters),
    dresp: counters.responsesDenied,
    econ: counters.unreached,
    eresp: counters.responseErrors,
    wretr: counters.retries,
    wredis: counters.redispatches,
    lbtot: counters.balanced,
    rate: Math.round(rate.perSecond(now)),
    rate_max: rate.max,
    ...responsesOf(counters),
    req_tot: counters.requests,
    cli_abrt: counters.cutByClient,
    srv_abrt: counters.cutByServer,
    lastsess: lastBeganAt === Number.NEGATIVE_INFINITY ? -1 : seconds(now - lastBeganAt),
    qtime: Math.round(times.queue.averageMs),
    ctime: Math.round(times.connect.averageMs),
    rtime: Math.round(times.response.averageMs),
    ttime: Math.round(times.total.averageMs),
    qtime_max: Math.round(times.queue.maxMs),
    ctime_max: Math.round(times.connect.maxMs),
    rtime_max: Math.round(times.response.maxMs),
    ttime_max: Math.round(times.total.maxMs),
    wrew: 0,
    eint: 0,
    mode: 'http',
  }
}

/**
 * @param iid the number of its backend
 * @param sid its own in that, from 1 on
 */
export function serverRow(backend: Backend, server: Server, iid: number, sid: number): StatRow {
  const { counters } = server
  const standing = backend.checkStatus(server)
  const now = backend.clock.now()
  const { connecting, waiting, passing } = server.sessionSteps
  return {
    pxname: backend.name,
    svname: server.id,
    ...trafficOf(counters, now),
    slim: orNone(server.effectiveMaxConnections),
    status: statusOf(server, standing),
    weight: Math.ceil(server.weight),
    act: server.backup ? 0 : 1,
    bck: server.backup ? 1 : 0,
    lastchg: seconds(server.sinceChangeMs),
    qlimit: orNone(server.maxQueue),
    pid: 1,
    iid,
    sid,
    throttle: server.throttlePercent,
    tracked: server.tracked?.fullName,
    type: rowTypes.server,
    hanafail: counters.errorLimits,
    ...(standing === undefined ? {} : checkOf(server, standing)),
    ...agentOf(backend, server),
    addr: server.address.path === undefined ? server.address.text : 'unix',
    connect: counters.connects,
    reuse: counters.reuses,
    srv_icur: 0,
    idle_conn_cur: 0,
    safe_conn_cur: 0,
    used_conn_cur: counters.requestsNow,
    need_conn_est: counters.requestsNow,
    uweight: server.configuredWeight,
    ses_connect: connecting,
    ses_wait: waiting,
    ses_pass: passing,
  }
}

function checkOf(server: Server, { health, rise, fall }: NonNullable<ReturnType<Backend['checkStatus']>>) {
  const { counters, lastCheck } = server
  return {
    chkfail: counters.checksFailed,
    chkdown: counters.downTransitions,
    downtime: seconds(server.downtimeMs),
    check_status: lastCheck?.code ?? 'INI',
    check_code: lastCheck?.status,
    check_duration: lastCheck === undefined ? undefined : Math.round(lastCheck.durationMs),
    last_chk: lastCheck?.message ?? '',
    check_desc: describeCode(lastCheck?.code ?? 'INI'),
    check_rise: rise,
    check_fall: fall,
    check_health: health,
  }
}

function agentOf(backend: Backend, server: Server) {
  const standing = backend.agentStatus(server)
  if (standing === undefined) return {}
  const { lastResult, rise, fall, health } = standing
  return {
    agent_status: lastResult?.code ?? 'INI',
    agent_duration: lastResult === undefined ? undefined : Math.round(lastResult.durationMs),
    last_agt: lastResult?.message ?? '',
    agent_desc: describeCode(lastResult?.code ?? 'INI'),
    agent_rise: rise,
    agent_fall: fall,
    agent_health: health,
  }
}

/** What the line of a backend sums up of its servers: taken of one after the other, since there may be thousands. */
export class ServerTotals {
  act = 0
  bck = 0
  connects = 0
  reuses = 0
  connecting = 0
  waiting = 0
  passing = 0

  add(server: Server): void {
    const { connecting, waiting, passing } = server.sessionSteps
    this.connecting += connecting
    this.waiting += waiting
    this.passing += passing
    this.connects += server.counters.connects
    this.reuses += server.counters.reuses
    if (!server.eligible || server.weight === 0) return
    if (server.backup) this.bck++
    else this.act++
  }
}

/**
 * The line of a backend.
 * @param iid its number among all doors and backends
 * @param totals of its servers
 */
export function backendRow(backend: Backend, iid: number, totals: ServerTotals): StatRow {
  const { counters, pool } = backend
  const now = backend.clock.now()
  let [weight, uweight] = [0, 0]
  for (const server of pool) {
    weight += server.weight
    uweight += server.configuredWeight
  }
  return {
    pxname: backend.name,
    svname: 'BACKEND',
    ...trafficOf(counters, now),
    econ: counters.unreached + counters.rejected,
    dreq: counters.requestsDenied,
    status: pool.length > 0 ? 'UP' : 'DOWN',
    weight: Math.ceil(weight),
    act: totals.act,
    bck: totals.bck,
    chkdown: counters.downTransitions,
    lastchg: seconds(backend.sinceChangeMs),
    downtime: seconds(backend.downtimeMs),
    pid: 1,
    iid,
    sid: 0,
    type: rowTypes.backend,
    comp_in: 0,
    comp_out: 0,
    comp_byp: 0,
    comp_rsp: 0,
    cookie: backend.affinity?.name,
    algo: backend.balancer.name,
    connect: totals.connects,
    reuse: totals.reuses,
    cache_lookups: 0,
    cache_hits: 0,
    uweight,
    ses_connect: totals.connecting,
    ses_wait: totals.waiting,
    ses_pass: totals.passing,
  }
}
