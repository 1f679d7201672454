/** `show sess`, `shutdown session`: requests and connections that are on a server now. */
import type { Backend, Lease } from '@evener/core'
import { type Call, type Command, CommandError } from '../command.ts'

/** A number for each that was shown, by which it can be shut. */
const numbers = new WeakMap<Lease, number>()
let last = 0

function numberOf(lease: Lease): number {
  let number = numbers.get(lease)
  if (number === undefined) {
    number = ++last
    numbers.set(lease, number)
  }
  return number
}

function* leases({ statistics }: Call): Generator<[backend: Backend, lease: Lease]> {
  for (const backend of statistics.backends) {
    for (const server of backend.servers) for (const lease of server.leases) yield [backend, lease]
  }
}

const age = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

/** What a client has sent, on one line. */
const shown = (text: string): string =>
  text
    .slice(0, 1000)
    .replaceAll(/[^\x20-\x7e]/g, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

const showSess: Command = {
  words: 'show sess',
  usage: ['[<id>|all] [backend <b>|server <b/s>|older <seconds>]*', 'report the list of current sessions'],
  level: 'operator',
  run: function* (call) {
    const filters = readFilters(call.args)
    for (const [backend, lease] of leases(call)) {
      const { server, session, startedAt } = lease
      const ms = backend.clock.now() - startedAt
      if (filters.backend !== undefined && filters.backend !== backend.name) continue
      if (filters.server !== undefined && filters.server !== server.fullName) continue
      if (filters.olderMs !== undefined && ms < filters.olderMs) continue
      if (filters.id !== undefined && filters.id !== numberOf(lease)) continue
      const state = lease.answeredAt >= 0 ? 'receive' : lease.connectedAt >= 0 ? 'wait' : 'connect'
      const what = session === undefined || session.what === '' ? '' : ` what="${shown(session.what)}"`
      yield `0x${numberOf(lease).toString(16)}: proto=${what === '' ? 'tcp' : 'http'} src=${session?.clientAddress ?? '-'} be=${backend.name} srv=${server.id} age=${age(ms)} state=${state}${what}\n`
    }
  },
}

function readFilters(args: readonly string[]) {
  const filters: { id?: number; backend?: string; server?: string; olderMs?: number } = {}
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string
    if (word === 'all' || word === 'show-uri') continue
    const value = args[at + 1]
    if (/^0x[\da-f]+$/i.test(word)) filters.id = Number(word)
    else if (word === 'backend' && value !== undefined) filters.backend = args[++at] as string
    else if (word === 'server' && value !== undefined) filters.server = args[++at] as string
    else if (word === 'older' && /^\d+s?$/.test(value ?? ''))
      filters.olderMs = Number.parseInt(args[++at] as string, 10) * 1000
    else throw new CommandError(`show sess: '${word}' is not known, or has no value.`)
  }
  return filters
}

const shutdown: Command = {
  words: 'shutdown session',
  usage: ['<id>', 'kill a specific session'],
  level: 'admin',
  run: call => {
    const number = /^0x[\da-f]+$/i.test(call.args[0] ?? '') ? Number(call.args[0]) : Number.NaN
    for (const [, lease] of leases(call)) {
      if (numbers.get(lease) !== number) continue
      lease.session?.shutdown()
      return ''
    }
    throw new CommandError("No such session (use 'show sess').")
  },
}

export const onSessions: readonly Command[] = [showSess, shutdown]
