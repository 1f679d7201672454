/** What an operator does to a server: the actions of HAProxy's page. */
import { type Backend, EvenerError, type Server } from '@evener/core'
import { invalid, oneOf } from './options.ts'

/** The actions. `weight` has a value. */
export const actionNames = ['ready', 'drain', 'maintenance', 'weight', 'shutdown-sessions'] as const

/** An action on a server. */
export interface ServerAction {
  /** The name of its backend. */
  readonly backend: string
  /** Its id. */
  readonly server: string
  readonly action: (typeof actionNames)[number]
  /** The weight: 0 to 256. */
  readonly weight?: number | undefined
}

/** Where servers are looked up. */
export interface Backends {
  backend(name: string): Backend | undefined
}

/** @throws {EvenerError} `EVENER_UNKNOWN_SERVER` */
export function serverOf(
  backends: Backends,
  { backend, server }: Pick<ServerAction, 'backend' | 'server'>,
): Server {
  const found = backends.backend(backend)?.server(server)
  if (found === undefined)
    throw new EvenerError('EVENER_UNKNOWN_SERVER', `no server ${JSON.stringify(`${backend}/${server}`)}`)
  return found
}

/** @throws {EvenerError} `EVENER_UNKNOWN_SERVER`, `EVENER_INVALID_OPTION` */
export function perform(backends: Backends, action: ServerAction): void {
  const server = serverOf(backends, action)
  switch (oneOf('action', action.action, actionNames)) {
    case 'ready':
      server.ready()
      break
    case 'drain':
      server.drain()
      break
    case 'maintenance':
      server.maintenance()
      break
    case 'shutdown-sessions':
      server.shutdownSessions()
      break
    case 'weight':
      if (action.weight === undefined) throw invalid('weight', action.weight, 'an integer from 0 to 256')
      server.setWeight(action.weight)
  }
}
