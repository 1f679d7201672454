/** HAProxy's `nbsrv`, `queue` and `avg_queue`: how a backend is doing. Without an argument, the request's own. */
import type { BackendView, RequestScope } from '../scope.ts'
import type { Value } from '../value.ts'
import { backendNumber } from './backend-number.ts'

/** How many of its servers may be chosen. */
export const nbsrv = (backend?: BackendView): Value<number, RequestScope> =>
  backendNumber('nbsrv', backend, one => one.usableServers)

/** How many requests wait in it. */
export const queue = (backend?: BackendView): Value<number, RequestScope> =>
  backendNumber('queue', backend, one => one.queueNow)

/** How many of these fall to each server, rounded up; twice as many as wait where no server is left. */
export const avgQueue = (backend?: BackendView): Value<number, RequestScope> =>
  backendNumber('avg_queue', backend, ({ queueNow, usableServers }) =>
    usableServers > 0 ? Math.ceil(queueNow / usableServers) : queueNow * 2,
  )
