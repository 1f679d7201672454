/**
 * One change of a server's state, with all that the log line of it says: HAProxy's line, word for word where HAProxy has
 * one.
 *
 * ```text
 * Server app/s1 is DOWN, reason: Layer4 connection problem, info: "ECONNREFUSED", check duration: 1ms. 1 active and 0 backup servers left. 2 sessions active, 0 requeued, 0 remaining in queue
 * ```
 * Source: HAProxy `server.c`, `check.c`: what is said, and in which order.
 */
import type { CheckCode } from '@evener/health'
import type { ChangeReason, Server } from './server.ts'

/** What a server is after a change. */
export type TransitionKind =
  | 'up'
  | 'down'
  | 'stopping'
  | 'ready'
  | 'drain'
  | 'maintenance'
  | 'ejected'
  | 'returned'
  | 'circuit-open'
  | 'circuit-half-open'
  | 'circuit-closed'

/** The numbers of a backend at the moment of a change. */
export interface PoolFigures {
  /** Servers that take traffic: primaries, and backups. */
  readonly active: number
  readonly backup: number
  /** Requests that waited for this server and were moved. */
  readonly requeued: number
  /** Requests that wait in the backend. */
  readonly queued: number
}

const DESCRIPTIONS: Readonly<Record<CheckCode, string>> = {
  L4OK: 'Layer4 check passed',
  L4CON: 'Layer4 connection problem',
  L4TOUT: 'Layer4 timeout',
  L6OK: 'Layer6 check passed',
  L6RSP: 'Layer6 invalid response',
  L6TOUT: 'Layer6 timeout',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7STS: 'Layer7 wrong status',
  L7RSP: 'Layer7 invalid response',
  L7TOUT: 'Layer7 timeout',
  SOCKERR: 'Socket error',
  PROCOK: 'External check passed',
  PROCERR: 'External check error',
  PROCTOUT: 'External check timeout',
  CHECKED: 'No status change',
  HANA: 'Health analyze',
}

const PHRASES: Readonly<Record<TransitionKind, string>> = {
  up: 'is UP',
  down: 'is DOWN',
  stopping: 'is stopping',
  ready: 'is UP/READY',
  drain: 'enters drain state',
  maintenance: 'is going DOWN for maintenance',
  ejected: 'is EJECTED',
  returned: 'is UP (leaving ejection)',
  'circuit-open': 'has its circuit OPEN',
  'circuit-half-open': 'has its circuit HALF-OPEN',
  'circuit-closed': 'has its circuit CLOSED',
}

/** Those after which it takes no new clients. */
const LEAVING: ReadonlySet<TransitionKind> = new Set([
  'down',
  'stopping',
  'drain',
  'maintenance',
  'ejected',
  'circuit-open',
])

export class ServerTransition {
  readonly server: Server
  readonly kind: TransitionKind
  readonly reason: ChangeReason
  readonly figures: PoolFigures
  /** Requests and connections on the server at that moment. */
  readonly sessions: number

  constructor(server: Server, kind: TransitionKind, reason: ChangeReason, figures: PoolFigures) {
    this.server = server
    this.kind = kind
    this.reason = reason
    this.figures = figures
    this.sessions = server.counters.requestsNow
  }

  /** As HAProxy logs it, without the full stop that some of its lines end with. */
  toString(): string {
    const { server, kind, reason, figures } = this
    const { active, backup, requeued, queued } = figures
    const who = `${server.backup ? 'Backup ' : ''}Server ${server.fullName} ${PHRASES[kind]}`
    const via =
      reason.cause === 'tracked' && server.tracked !== undefined ? ` via ${server.tracked.fullName}` : ''
    const leaving = LEAVING.has(kind)
    const onBackup = backup > 0 && active === 0 ? ' Running on backup.' : ''
    const left = `${active} active and ${backup} backup servers ${leaving ? 'left' : 'online'}.${onBackup}`
    const sessions = leaving
      ? `${this.sessions} sessions active, ${requeued} requeued, ${queued} remaining in queue`
      : `${requeued} sessions requeued, ${queued} total in queue`
    return `${who}${via}${describe(reason)}. ${left} ${sessions}`
  }
}

function describe({ result, detail }: ChangeReason): string {
  if (result === undefined) return detail === undefined || detail === '' ? '' : `, info: "${quoted(detail)}"`
  const { code, status, message, durationMs } = result
  const layer7 = code.startsWith('L7') || code.startsWith('PROC')
  const parts = [
    `, reason: ${DESCRIPTIONS[code]}`,
    layer7 && status !== undefined ? `, code: ${status}` : '',
    message === '' ? '' : `, info: "${quoted(message)}"`,
    code === 'HANA' ? '' : `, check duration: ${Math.round(durationMs)}ms`,
  ]
  return parts.join('')
}

/** One line, whatever a server sent. */
const quoted = (text: string): string => text.replaceAll(/["\\]|[^\x20-\x7e]/g, '?').slice(0, 200)
