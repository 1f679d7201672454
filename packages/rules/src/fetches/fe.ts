/** HAProxy's `fe_…`: a door's counters. Without an argument, of the door that the client came by. */
import type { ConnectionScope, FrontendView } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

type Counted = Value<number, ConnectionScope>

/** Connections now. */
export const conn = (frontend?: FrontendView): Counted =>
  counted('fe_conn', frontend, one => one.connectionsNow)

/** Requests in the last second. */
export const reqRate = (frontend?: FrontendView): Counted =>
  counted('fe_req_rate', frontend, one => one.requestRate)

/** Connections in the last second. */
export const sessRate = (frontend?: FrontendView): Counted =>
  counted('fe_sess_rate', frontend, one => one.sessionRate)

/** Its name. */
export const name = (): Value<string, ConnectionScope> =>
  fetch('fe_name', 'str', 'connection', ({ around }: ConnectionScope) => around.frontend?.name)

function counted(
  keyword: string,
  frontend: FrontendView | undefined,
  read: (one: FrontendView) => number,
): Counted {
  return fetch(
    frontend === undefined ? keyword : `${keyword}(${frontend.name})`,
    'int',
    'connection',
    ({ around }: ConnectionScope) => {
      const one = frontend ?? around.frontend
      return one === undefined ? undefined : read(one)
    },
  )
}
