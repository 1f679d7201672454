/** `show servers state`, `show servers conn`, `show backend`: HAProxy's tables of servers, column by column. */
import type { Backend, Server } from '@evener/core'
import type { Call, Command } from '../command.ts'
import { backendNamed } from '../find.ts'
import { initialWeight } from '../initial-weight.ts'

/** Backends by the number that `show stat` has for them, which counts doors too. */
function numbered(call: Call): [number: number, backend: Backend][] {
  const { doors, backends } = call.statistics
  const all = backends.map((backend, at): [number, Backend] => [doors.size + at + 1, backend])
  const [name] = call.args
  if (name === undefined) return all
  const wanted = /^\d+$/.test(name) ? all.find(([number]) => number === Number(name))?.[1] : undefined
  const backend = wanted ?? backendNamed(call, name)
  return all.filter(([, each]) => each === backend)
}

const stateColumns =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port'

/** SRV_ST_…: 0 stopped, 1 starting, 2 running, 3 stopping. */
function operationalState(server: Server): number {
  if (server.health === 'down' || server.adminInForce === 'maintenance') return 0
  if (server.stopping) return 3
  return server.throttlePercent === undefined ? 2 : 1
}

/** SRV_ADMF_…: forced and inherited maintenance, forced and inherited drain. */
function adminState(server: Server): number {
  const inherited = server.tracked?.adminInForce
  return (
    (server.admin === 'maintenance' ? 0x01 : 0) |
    (inherited === 'maintenance' ? 0x02 : 0) |
    (server.admin === 'drain' ? 0x08 : 0) |
    (inherited === 'drain' ? 0x10 : 0)
  )
}

/** HCHK_STATUS_…: codes by their number in HAProxy's `check-t.h`. */
const checkStatuses: readonly string[] = [
  'UNK',
  'INI',
  'START',
  'CHECKED',
  'HANA',
  'SOCKERR',
  'L4OK',
  'L4TOUT',
  'L4CON',
  'L6OK',
  'L6TOUT',
  'L6RSP',
  'L7TOUT',
  'L7RSP',
  'L57DATA',
  'L7OK',
  'L7OKC',
  'L7STS',
  'PROCERR',
  'PROCTOUT',
  'PROCOK',
]

const configured = 0x02
const enabled = 0x04
const underWay = 0x01
const ofAgent = 0x10

type Standing = ReturnType<Backend['checkStatus']>

const checkState = (standing: Standing): number =>
  standing === undefined
    ? 0
    : configured | (standing.paused ? 0 : enabled) | (standing.checking ? underWay : 0)

function stateLine(number: number, backend: Backend, server: Server, sid: number): string {
  const checks = backend.checkStatus(server)
  const agent = backend.agentStatus(server)
  const { lastCheck, address, checkAddress, agentAddress } = server
  const result = lastCheck === undefined ? 0 : lastCheck.code === 'L7OKC' ? 4 : lastCheck.ok ? 3 : 2
  const named = address.host !== '' && !/^[\d.]+$|:/.test(address.host)
  return [
    number,
    backend.name,
    sid,
    server.id,
    address.path === undefined ? address.host : `unix@${address.path}`,
    operationalState(server),
    adminState(server),
    server.configuredWeight,
    initialWeight(server),
    Math.max(0, Math.floor(server.sinceChangeMs / 1000)),
    Math.max(0, checkStatuses.indexOf(lastCheck?.code ?? 'UNK')),
    result,
    checks?.health ?? 0,
    checkState(checks),
    checkState(agent) | (agent === undefined ? 0 : ofAgent),
    0,
    0,
    named ? address.host : '-',
    address.port,
    '-',
    server.tls === undefined ? 0 : 1,
    checkAddress === address ? 0 : checkAddress.port,
    checkAddress === address ? '-' : checkAddress.host,
    agentAddress?.host ?? '-',
    agentAddress?.port ?? 0,
  ].join(' ')
}

const showState: Command = {
  words: 'show servers state',
  usage: ['[<backend>]', 'dump volatile server information (all or for a single backend)'],
  run: function* (call) {
    yield `1\n# ${stateColumns}\n`
    for (const [number, backend] of numbered(call)) {
      let sid = 0
      for (const server of backend.servers) yield `${stateLine(number, backend, server, ++sid)}\n`
    }
  },
}

const showConn: Command = {
  words: 'show servers conn',
  usage: ['[<backend>]', 'dump server connections status (all or for a single backend)'],
  run: function* (call) {
    yield '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n'
    for (const [number, backend] of numbered(call)) {
      let sid = 0
      for (const server of backend.servers) {
        const { address, counters } = server
        const where = `${address.path === undefined ? address.host : `unix@${address.path}`} ${address.port}`
        const { requestsNow, requestsMax } = counters
        yield `${server.fullName} ${number}/${++sid} ${where} - 0 ${requestsNow} ${requestsMax} ${requestsMax} 0 0 -1 0 0\n`
      }
    }
  },
}

const showBackend: Command = {
  words: 'show backend',
  usage: ['', 'list backends in the current running config'],
  run: ({ statistics }) => `# name\n${statistics.backends.map(({ name }) => `${name}\n`).join('')}`,
}

export const aboutServers: readonly Command[] = [showState, showConn, showBackend]
