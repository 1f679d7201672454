/** What a backend announces: changes of state, not requests. Events tell; they do not steer. */
import type { CheckResult } from '@evener/health'
import type { Failed } from './outcome.ts'
import type { AdminState, Server } from './server.ts'

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
  /** A server was added. */
  added: [server: Server]
  /** A server was removed; requests under way may still be there. */
  removed: [server: Server]
  /** A check was done. */
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
