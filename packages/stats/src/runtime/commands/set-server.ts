/** `set server`, `set weight`, `get weight`, `enable`, `disable`, `shutdown sessions server`, `add server`, `del server`. */
import type { Backend, Server } from '@evener/core'
import { type Call, type Command, CommandError } from '../command.ts'
import { serverNamed, whole } from '../find.ts'
import { initialWeight } from '../initial-weight.ts'

const settings = 'addr | agent | health | state | weight'

/** Absolute, or in percent of the weight that it had at first. */
function weightOf(server: Server, word: string | undefined): number {
  const percent = /^(\d+)%$/.exec(word ?? '')
  if (percent !== null) {
    if (Number(percent[1]) > 100 * 256)
      throw new CommandError('Relative weight can only be between 0 and 25600% inclusive.')
    return Math.min(256, Math.round((initialWeight(server) * Number(percent[1])) / 100))
  }
  return whole(word, 0, 256, 'Absolute weight can only be between 0 and 256 inclusive.')
}

function setWeight(server: Server, word: string | undefined): void {
  initialWeight(server)
  server.setWeight(weightOf(server, word))
}

function setState(server: Server, word: string | undefined): void {
  if (word === 'ready') server.ready()
  else if (word === 'drain') server.drain()
  else if (word === 'maint') server.maintenance()
  else throw new CommandError("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")
}

function setHealth(backend: Backend, server: Server, word: string | undefined): void {
  if (word === 'stopping') {
    server.setStopping(true, { cause: 'operator' })
    return
  }
  if (word !== 'up' && word !== 'down')
    throw new CommandError("'set server <srv> health' expects 'up', 'stopping', or 'down'.")
  server.setStopping(false, { cause: 'operator' })
  const level = word === 'up' ? 'fully-up' : 'fully-down'
  if (!backend.watching.forceHealth(server, level)) server.setHealth(word, { cause: 'operator' })
}

function setAddress(server: Server, [address, word, port]: readonly string[]): string {
  const before = server.address
  const known = word === undefined || word === 'port'
  if (address === undefined || !known || (word === 'port' && port === undefined))
    throw new CommandError("'set server <srv> addr' expects <ip4 or ip6 address> [port <port>].")
  const to =
    address.startsWith('/') || address.startsWith('unix@')
      ? `unix:${address.replace(/^unix@/, '')}`
      : `${before.secure ? 'https://' : ''}${address.includes(':') ? `[${address}]` : address}:${port ?? before.port}`
  server.setAddress(to)
  const after = server.address
  if (after === before) return 'nothing changed\n'
  const changes = [
    after.host === before.host
      ? 'no need to change the addr'
      : `IP changed from '${before.host}' to '${after.host}'`,
    ...(port === undefined
      ? []
      : [
          after.port === before.port
            ? 'no need to change the port'
            : `port changed from '${before.port}' to '${after.port}'`,
        ]),
  ]
  return `${changes.join(', ')} by 'stats socket command'\n`
}

const setServer: Command = {
  words: 'set server',
  usage: ['<bk>/<srv> [opts]', "change a server's state, weight, address or health"],
  level: 'admin',
  changes: true,
  run: call => {
    const [name, what, ...values] = call.args
    const { backend, server } = serverNamed(call, name)
    switch (what) {
      case 'weight':
        setWeight(server, values[0])
        return ''
      case 'state':
        setState(server, values[0])
        return ''
      case 'health':
        setHealth(backend, server, values[0])
        return ''
      case 'agent':
        return setAgent(backend, server, values[0])
      case 'addr':
        return setAddress(server, values)
      default:
        throw new CommandError(`usage: set server <backend>/<server> ${settings}`)
    }
  },
}

function setAgent(backend: Backend, server: Server, word: string | undefined): string {
  if (backend.agentStatus(server) === undefined)
    throw new CommandError('agent checks are not enabled on this server.')
  if (word !== 'up' && word !== 'down')
    throw new CommandError("'set server <srv> agent' expects 'up' or 'down'.")
  server.agentSaid(
    { health: word, description: '' },
    {
      ok: word === 'up',
      code: 'CHECKED',
      message: 'by an operator',
      durationMs: 0,
    },
  )
  return ''
}

const setWeightCommand: Command = {
  words: 'set weight',
  usage: ['<bk>/<srv> <weight>[%]', "change a server's weight"],
  level: 'admin',
  changes: true,
  run: call => {
    setWeight(serverNamed(call, call.args[0]).server, call.args[1])
    return ''
  },
}

const getWeight: Command = {
  words: 'get weight',
  usage: ['<bk>/<srv>', "report a server's current weight"],
  run: call => {
    const { server } = serverNamed(call, call.args[0])
    return `${server.configuredWeight} (initial ${initialWeight(server)})\n`
  },
}

const setMaxconn: Command = {
  words: 'set maxconn server',
  usage: ['<bk>/<srv> <maxconn>', "change a server's maxconn setting"],
  level: 'admin',
  changes: true,
  run: call => {
    const { server } = serverNamed(call, call.args[0])
    server.setMaxConnections(whole(call.args[1], 0, 1_000_000, 'Integer value expected, from 0 to 1000000.'))
    return ''
  },
}

/** A command that does one thing to one server. */
function onServer(words: string, meaning: string, act: (backend: Backend, server: Server) => void): Command {
  return {
    words,
    usage: ['<bk>/<srv>', meaning],
    level: 'admin',
    changes: true,
    run: (call: Call) => {
      const { backend, server } = serverNamed(call, call.args[0])
      act(backend, server)
      return ''
    },
  }
}

const need = (done: boolean, what: string): void => {
  if (!done) throw new CommandError(`${what} not configured on this server, cannot enable or disable it.`)
}

const addServer: Command = {
  words: 'add server',
  usage: ['<bk>/<srv> <addr>:<port> [weight <w>] [maxconn <n>] [backup] [disabled]', 'create a new server'],
  level: 'admin',
  changes: true,
  run: call => {
    const [name = '', address = '', ...rest] = call.args
    const slash = name.indexOf('/')
    const backend = slash === -1 ? undefined : call.statistics.backend(name.slice(0, slash))
    if (backend === undefined) throw new CommandError('No such backend.')
    const options: Record<string, unknown> = { id: name.slice(slash + 1), address }
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at] as string
      if (word === 'backup') options.backup = true
      else if (word === 'disabled') options.state = 'maintenance'
      else if (word === 'enabled') options.state = 'ready'
      else if (word === 'weight')
        options.weight = whole(rest[++at], 0, 256, 'weight: a number from 0 to 256 is expected.')
      else if (word === 'maxconn')
        options.maxConnections = whole(rest[++at], 0, 1_000_000, 'maxconn: a number is expected.')
      else if (word === 'check') options.check = true
      else
        throw new CommandError(
          `add server: '${word}' is not known here; weight, maxconn, backup, check, enabled and disabled are.`,
        )
    }
    backend.addServer(options as unknown as Parameters<Backend['addServer']>[0])
    return 'New server registered.\n'
  },
}

const delServer: Command = {
  words: 'del server',
  usage: ['<bk>/<srv>', 'remove a server'],
  level: 'admin',
  changes: true,
  run: call => {
    const { backend, server } = serverNamed(call, call.args[0])
    if (server.admin !== 'maintenance')
      throw new CommandError('Only servers in maintenance mode can be deleted.')
    if (server.counters.requestsNow > 0)
      throw new CommandError('Server still has connections attached to it, cannot remove it.')
    void backend.removeServer(server.id)
    return 'Server deleted.\n'
  },
}

export const onServers: readonly Command[] = [
  setServer,
  setWeightCommand,
  getWeight,
  setMaxconn,
  onServer('enable server', 'enable a disabled server', (_, server) => server.ready()),
  onServer('disable server', 'disable a server for maintenance', (_, server) => server.maintenance()),
  onServer('enable health', 'enable health checks', (backend, server) =>
    need(backend.watching.pauseChecks(server, false), 'Health checks are'),
  ),
  onServer('disable health', 'disable health checks', (backend, server) =>
    need(backend.watching.pauseChecks(server, true), 'Health checks are'),
  ),
  onServer('enable agent', 'enable agent checks', (backend, server) =>
    need(backend.watching.pauseAgent(server, false), 'Agent was'),
  ),
  onServer('disable agent', 'disable agent checks', (backend, server) =>
    need(backend.watching.pauseAgent(server, true), 'Agent was'),
  ),
  onServer('shutdown sessions server', 'kill sessions on a server', (_, server) => {
    server.shutdownSessions()
  }),
  addServer,
  delServer,
]
