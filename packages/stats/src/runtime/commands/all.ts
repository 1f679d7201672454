/** All commands, but for those about the connection itself (`prompt`, `quit`, `help`, …), which are its own. */
import type { Command } from '../command.ts'
import { onErrors } from './errors.ts'
import { onFrontends } from './frontends.ts'
import { onPatterns } from './patterns.ts'
import { onSessions } from './sessions.ts'
import { onServers } from './set-server.ts'
import { aboutProcess } from './show-info.ts'
import { aboutServers } from './show-servers.ts'
import { showStat } from './show-stat.ts'
import { onTables } from './tables.ts'

export const allCommands: readonly Command[] = [
  ...aboutProcess,
  showStat,
  ...aboutServers,
  ...onServers,
  ...onFrontends,
  ...onSessions,
  ...onTables,
  ...onPatterns,
  ...onErrors,
]
