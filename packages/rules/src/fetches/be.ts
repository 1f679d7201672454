/** HAProxy's `be_…`: a backend's counters. Without an argument, of the backend that the request has come to. */
import type { BackendView, RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import { backendNumber } from './backend-number.ts'

type Counted = Value<number, RequestScope>

/** Requests that it serves now. */
export const conn = (backend?: BackendView): Counted =>
  backendNumber('be_conn', backend, one => one.requestsNow)

/** How many more it could serve now; nothing where there is no limit. */
export const connFree = (backend?: BackendView): Counted =>
  backendNumber('be_conn_free', backend, one => one.freeConnections)

/** Requests that came to it in the last second. */
export const sessRate = (backend?: BackendView): Counted =>
  backendNumber('be_sess_rate', backend, one => one.sessionRate)

/** Its name. HAProxy's `be_name`. */
export const name = (): Value<string, RequestScope> =>
  fetch('be_name', 'str', 'request', ({ backend }: RequestScope) => backend?.name)
