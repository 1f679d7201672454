/** What a name stands for when the rule runs: of backends, servers and doors that come from a map or a header. */
import type { BackendView, FrontendView, ServerView } from '../scope.ts'
import { type Converter, converter } from '../value.ts'

/** How names are looked up; undefined for one that there is not. Asked for each request. */
export interface NamedThings {
  backend?(name: string): BackendView | undefined
  server?(backend: string | undefined, name: string): ServerView | undefined
  frontend?(name: string): FrontendView | undefined
}

/** How many servers of the backend of this name may be chosen. HAProxy's converter `nbsrv`. */
export const nbsrvOf = (names: NamedThings): Converter<string, number> =>
  converter('nbsrv', 'str', 'int', name => names.backend?.(name)?.usableServers)

/** Whether there is a door of this name. HAProxy's `fe_exists`. */
export const feExists = (names: NamedThings): Converter<string, boolean> =>
  converter('fe_exists', 'str', 'bool', name => names.frontend?.(name) !== undefined)

/** Whether the server `backend/server` is up. HAProxy's converter `srv_is_up`. */
export const srvIsUpOf = (names: NamedThings): Converter<string, boolean> =>
  converter('srv_is_up', 'str', 'bool', name => serverOf(names, name)?.up)

/** How many requests wait for the server `backend/server`. HAProxy's `srv_queue`. */
export const srvQueueOf = (names: NamedThings): Converter<string, number> =>
  converter('srv_queue', 'str', 'int', name => serverOf(names, name)?.queueNow)

function serverOf(names: NamedThings, name: string): ServerView | undefined {
  const slash = name.indexOf('/')
  return names.server?.(slash < 0 ? undefined : name.slice(0, slash), name.slice(slash + 1))
}
