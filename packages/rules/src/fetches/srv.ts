/** HAProxy's `srv_…`: a server's state and counters. */
import { refuse } from '../options.ts'
import type { Sample, SampleType } from '../sample.ts'
import type { ResponseScope, ServerView } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

type Of<T extends Sample> = Value<T, unknown>

/** Requests that it serves now. */
export const conn = (server: ServerView): Of<number> =>
  read('srv_conn', 'int', server, () => server.requestsNow)

/** How many more it could serve now; nothing where there is no limit. */
export const connFree = (server: ServerView): Of<number> =>
  read('srv_conn_free', 'int', server, () => server.freeConnections)

/** Whether it is up. */
export const isUp = (server: ServerView): Of<boolean> => read('srv_is_up', 'bool', server, () => server.up)

/** How many requests wait for it. */
export const queue = (server: ServerView): Of<number> =>
  read('srv_queue', 'int', server, () => server.queueNow)

/** Requests that came to it in the last second. */
export const sessRate = (server: ServerView): Of<number> =>
  read('srv_sess_rate', 'int', server, () => server.sessionRate)

/** Its weight. */
export const weight = (server: ServerView): Of<number> =>
  read('srv_weight', 'int', server, () => server.weight)

/** The name of the server that answered. */
export const name = (): Value<string, ResponseScope> =>
  fetch('srv_name', 'str', 'response', ({ server }: ResponseScope) => server?.name)

function read<T extends Sample>(
  keyword: string,
  type: SampleType,
  server: ServerView,
  of: () => T | undefined,
): Of<T> {
  if (typeof server?.name !== 'string') refuse(keyword, server, 'a server')
  return fetch(`${keyword}(${server.name})`, type, 'connection', of as never) as unknown as Of<T>
}
