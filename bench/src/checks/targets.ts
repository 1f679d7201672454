/**
 * Ten thousand targets that are one server: each an address of loopback of its own, as the targets of a real process are,
 * so that no two checks share the four numbers of a connection.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Keeper, Kept } from '../machine/keeper.ts'
import { findProgram } from '../machine/programs.ts'

/** The address of a target. */
export const targetHost = (index: number): string => `127.1.${index >> 8}.${index & 255}`

/** HAProxy that answers every request with 200, and takes every connection. */
export function startTarget(keeper: Keeper, port: number, cores: string | undefined): Kept {
  const file = join(keeper.directory(), 'target.cfg')
  writeFileSync(
    file,
    `
global
  nbthread 1
  maxconn 20000
  no strict-limits
defaults
  mode http
  timeout client 10s
  timeout http-request 10s
frontend target
  bind 0.0.0.0:${port} backlog 4096
  http-request return status 200
`,
  )
  return keeper.start({ command: findProgram('haproxy') ?? 'haproxy', args: ['-db', '-f', file] }, cores)
}

/** HAProxy that checks as many targets in the same way. */
export function startHaproxy(
  keeper: Keeper,
  kind: 'tcp' | 'http',
  port: number,
  count: number,
  intervalMs: number,
  cores: string | undefined,
): Kept {
  const file = join(keeper.directory(), 'checks.cfg')
  const servers = Array.from(
    { length: count },
    (_, index) => `  server t${index} ${targetHost(index)}:${port} check inter ${intervalMs}`,
  )
  writeFileSync(
    file,
    `
global
  nbthread 1
  maxconn 20000
  no strict-limits
defaults
  mode http
  timeout connect 2s
  timeout server 2s
backend checked
${kind === 'http' ? '  option httpchk GET /check\n' : ''}${servers.join('\n')}
listen unused
  bind unix@${join(keeper.directory(), 'unused.sock')}
  timeout client 2s
`,
  )
  return keeper.start({ command: findProgram('haproxy') ?? 'haproxy', args: ['-db', '-f', file] }, cores)
}
