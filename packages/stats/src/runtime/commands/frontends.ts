/** `enable frontend`, `disable frontend`, `set maxconn frontend`, `clear counters`. */
import { clearCounters } from '@evener/core'
import { type Call, type Command, CommandError } from '../command.ts'
import { doorNamed, whole } from '../find.ts'

/** A door that listens by itself. */
function listeningDoor(call: Call) {
  const door = doorNamed(call, call.args[0])
  if (typeof door === 'function') throw new CommandError('Its host listens, not the frontend itself.')
  return door
}

const enable: Command = {
  words: 'enable frontend',
  usage: ['<frontend>', 're-enable specific frontend'],
  level: 'admin',
  changes: true,
  run: async call => {
    const door = listeningDoor(call)
    if (!door.paused) throw new CommandError('Frontend is already enabled.')
    await door.resume()
    return ''
  },
}

const disable: Command = {
  words: 'disable frontend',
  usage: ['<frontend>', 'temporarily disable specific frontend'],
  level: 'admin',
  changes: true,
  run: call => {
    const door = listeningDoor(call)
    if (door.paused) throw new CommandError('Frontend is already disabled.')
    door.pause()
    return ''
  },
}

const setMaxconn: Command = {
  words: 'set maxconn frontend',
  usage: ['<frontend> <value>', "change a frontend's maxconn setting"],
  level: 'admin',
  changes: true,
  run: call => {
    const door = listeningDoor(call)
    door.setMaxConnections(whole(call.args[1], 1, 1_000_000, 'Integer value expected, from 1 to 1000000.'))
    return ''
  },
}

const clear: Command = {
  words: 'clear counters',
  usage: ['[all]', 'clear max statistics counters (or all counters)'],
  level: 'operator',
  changes: true,
  run: ({ statistics, args: [what], level }) => {
    if (what !== undefined && what !== 'all')
      throw new CommandError("'clear counters' expects all or nothing.")
    const all = what === 'all'
    if (all && level !== 'admin') throw new CommandError('Permission denied')
    for (const { counters } of statistics.doors.values()) clearCounters(counters, all)
    for (const backend of statistics.backends) {
      clearCounters(backend.counters, all)
      for (const { counters } of backend.servers) clearCounters(counters, all)
    }
    return ''
  },
}

export const onFrontends: readonly Command[] = [enable, disable, setMaxconn, clear]
