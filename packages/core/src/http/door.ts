/** What the HTTP doors have in common in their options. */
import { Backend } from '../balance/backend.ts'
import { invalid } from '../base/options.ts'
import type { ClientRequest } from './request.ts'

/** Which backend serves a request; undefined where none does. */
export type Route = (request: ClientRequest) => Backend | undefined

/** The timeouts of a door, with HAProxy's words. Milliseconds; `Infinity` switches one off. */
export interface DoorTimeouts {
  /** The client's silence: while its body is awaited, or while it should read. 60 s by default. */
  readonly clientMs?: number | undefined
  /** From the first byte of a request to the end of its head, whatever its pace. 10 s by default. */
  readonly httpRequestMs?: number | undefined
  /** Between two requests of a connection. 10 s by default. */
  readonly httpKeepAliveMs?: number | undefined
}

/** How to end gracefully. */
export interface CloseOptions {
  /** How long requests under way may take to finish; then they are broken off. 30 s by default, 0 at once. */
  readonly drainMs?: number | undefined
}

/** @throws {EvenerError} `EVENER_INVALID_OPTION` */
export function routeOf(field: string, backendOrRoute: Backend | Route): Route {
  if (backendOrRoute instanceof Backend) return () => backendOrRoute
  if (typeof backendOrRoute !== 'function') {
    throw invalid(field, backendOrRoute, 'a backend, or a function from a request to a backend')
  }
  return request => {
    const backend = backendOrRoute(request)
    // Plain JavaScript can hand over anything, a promise from an async function for one.
    if (backend !== undefined && !(backend instanceof Backend)) {
      throw invalid(`${field}: the route's answer`, backend, 'a backend or undefined, and no promise')
    }
    return backend
  }
}
