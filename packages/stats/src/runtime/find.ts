/** What the words of commands name: servers, backends, doors, tables and lists of patterns. */
import type { Backend, Server } from '@evener/core'
import type { PatternList } from '@evener/rules'
import type { StickTable } from '@evener/session'
import type { Door } from '../rows.ts'
import { type Call, CommandError } from './command.ts'

/** The backend of that name. */
export function backendNamed({ statistics }: Call, name: string | undefined): Backend {
  const backend = name === undefined ? undefined : statistics.backend(name)
  if (backend === undefined) throw new CommandError('No such backend.')
  return backend
}

/** The server that `backend/server` names. */
export function serverNamed(call: Call, name: string | undefined): { backend: Backend; server: Server } {
  const slash = name?.indexOf('/') ?? -1
  if (name === undefined || slash === -1) throw new CommandError("Require 'backend/server'.")
  const backend = call.statistics.backend(name.slice(0, slash))
  if (backend === undefined) throw new CommandError('No such backend.')
  const server = backend.server(name.slice(slash + 1))
  if (server === undefined) throw new CommandError('No such server.')
  return { backend, server }
}

/** The frontend, proxy or handler of that name. */
export function doorNamed({ statistics }: Call, name: string | undefined): Door {
  if (name === undefined) throw new CommandError('A frontend name is expected.')
  const door = statistics.doors.get(name)
  if (door === undefined) throw new CommandError('No such frontend.')
  return door
}

export function tableNamed({ tables }: Call, name: string | undefined): StickTable {
  const table = tables.find(each => each.name === name)
  if (table === undefined) throw new CommandError('No such table')
  return table
}

/** The list of that name, or of that number: `#0`. */
export function patternsNamed({ patterns }: Call, name: string | undefined, maps: boolean): PatternList {
  const what = maps ? 'map' : 'ACL'
  if (name === undefined) throw new CommandError(`Missing ${what} identifier.`)
  const number = /^#(\d+)$/.exec(name)
  const list = number === null ? patterns.find(each => each.name === name) : patterns[Number(number[1])]
  // What is a map can be read as an ACL, as in HAProxy, and not the other way round.
  if (list === undefined || (maps && !list.isMap))
    throw new CommandError(`Unknown ${what} identifier. Please use #<id> or <name>.`)
  return list
}

/** A whole number in these bounds. */
export function whole(word: string | undefined, min: number, max: number, otherwise: string): number {
  const value = word !== undefined && /^-?\d+$/.test(word) ? Number(word) : Number.NaN
  if (!(value >= min && value <= max)) throw new CommandError(otherwise)
  return value
}
