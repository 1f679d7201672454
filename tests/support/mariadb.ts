/** A MariaDB of a test's own: an empty one, in a folder that goes with the test. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listens, type RunningProgram, run, startProgram } from './program.ts'

/** What makes the tables that MariaDB keeps its users in. Their names have MySQL's, or from 11 on its own. */
function systemTables(): string {
  const [tables] = globSync('/usr/share/{mysql,mariadb}/{mysql,mariadb}_system_tables.sql')
  if (tables === undefined) throw new Error('MariaDB is installed without its system tables')
  return readFileSync(tables, 'utf8')
}

/**
 * Start it on this port of loopback, and wait until it lets clients in.
 *
 * @param folder an empty one
 * @param statements what it is to do before the first client
 */
export async function startMariadb(
  folder: string,
  port: number,
  statements: readonly string[],
): Promise<RunningProgram> {
  // InnoDB writes a hundred megabytes before it begins, and nothing here needs it.
  const common = ['--no-defaults', `--datadir=${folder}`, '--skip-innodb', '--default-storage-engine=Aria']
  // It runs as root only where it is told to.
  if (process.getuid?.() === 0) common.push('--user=root')
  await run('mariadbd', [...common, '--bootstrap'], `CREATE DATABASE mysql;\nUSE mysql;\n${systemTables()}`)
  const first = join(folder, 'first.sql')
  writeFileSync(first, statements.map(statement => `${statement};\n`).join(''))
  const server = startProgram('mariadbd', [
    ...common,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--init-file=${first}`,
    '--skip-name-resolve',
  ])
  await listens(server, port)
  return server
}
