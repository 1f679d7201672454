/** What a backend announces: changes of state, not requests. Events tell; they do not steer. */
import type { CheckResult } from '@evener/health'
import type { Address } from './address.ts'
import type { Failed } from './outcome.ts'
import type { Server } from './server.ts'
import type { AdminState } from './server-state.ts'
import type { ServerTransition } from './transition.ts'

/** The events of a backend and what their listeners get. */
export interface BackendEvents {
  /** Checks found a server up again. */
  up: [server: Server]
  /** Checks found a server down. */
  down: [server: Server]
  /** The operator changed what a server is for. */
  admin: [server: Server, previous: AdminState]
  /** A server in drain or maintenance serves nobody any more. */
  drained: [server: Server]
  /** A weight changed, by the operator or by a slow start. */
  weight: [server: Server, previous: number]
  /** A server was moved to another address. */
  address: [server: Server, previous: Address]
  /** A server was added. */
  added: [server: Server]
  /** A server was removed; requests under way may still be there. */
  removed: [server: Server]
  /**
   * The state of a server changed, whoever's word it was: with the reason, the check's code and duration, and how many are
   * left. `String(transition)` is HAProxy's log line. After the event of its own that a change may have.
   */
  transition: [transition: ServerTransition]
  /** The agent of a server was asked; what it said has been done. */
  agent: [server: Server, result: CheckResult]
  /** Its quorum was reached, or lost: from now on the sorry servers serve. */
  quorum: [reached: boolean]
  /** A check was done, or errors of real requests counted as one. */
  check: [server: Server, result: CheckResult]
  /** An attempt failed and the same server is tried again. */
  retry: [server: Server, outcome: Failed]
  /** An attempt failed and another server is tried. */
  redispatch: [from: Server, outcome: Failed]
  /**
   * A balancer or an affinity of the host's own threw: the request goes on without it, or is answered with 500. Or the
   * engine cannot do what the server's options ask for: the request is answered with 502.
   */
  fault: [error: unknown]
  /** A request found the queue full. */
  'queue-full': [limit: number]
}
