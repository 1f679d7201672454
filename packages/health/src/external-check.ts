/**
 * Ask a program: run a command, and take how it ends for how the target is, as HAProxy's `option external-check`.
 *
 * ```text
 *   <command> <args…> <proxy address> <proxy port> <server address> <server port>
 * ```
 * `PROCOK` it ended with 0; `PROCERR` with something else (the status), by a signal, or could not be started; `PROCTOUT`
 * not in time: then it and what it has started is killed, as one group of processes. The first line that it writes is the
 * message; no more than that is kept, however much it writes.
 *
 * Its environment is what HAProxy gives, and `env`, and nothing of this process's own: secrets among it are no command's
 * business. Danger: the command runs with this process's rights. Cost: a process per check, some milliseconds.
 * Source: HAProxy manual, `external-check command`, `external-check path`. Not for: what can be asked over a socket.
 */
import { spawn } from 'node:child_process'
import type { Checker, Target } from './contract.ts'
import { readInteger, readOptions, refuse } from './options.ts'
import {
  oneLine,
  PROBE_OPTION_NAMES,
  type Probe,
  type ProbeOptions,
  probing,
  readProbeSettings,
} from './probe.ts'

/** Options of {@link externalCheck}. */
export interface ExternalCheckOptions extends ProbeOptions {
  /** The program: a path, or a name that is looked for in `path`. No shell is involved. */
  readonly command: string
  /** Arguments in front of the four that every command gets; none by default. */
  readonly args?: readonly string[] | undefined
  /**
   * Variables beside HAProxy's, or in place of them; those that only the host knows, such as `HAPROXY_SERVER_PROTO`, by
   * a function.
   */
  readonly env?:
    | Readonly<Record<string, string>>
    | ((target: Target) => Readonly<Record<string, string>>)
    | undefined
  /** The command's `PATH`: empty by default. HAProxy's `external-check path`. */
  readonly path?: string | undefined
  /** Give the command this process's environment as well: false by default. HAProxy's `preserve-env`. */
  readonly preserveEnv?: boolean | undefined
  /** Whom the command is told the check is for; by default the backend's name, if the target knows it, and `NOT_USED`. */
  readonly proxy?: ExternalCheckProxy | undefined
  /** The folder it runs in: this process's by default. */
  readonly cwd?: string | undefined
}

/** Whom a command is told the check is for: the backend, and where its first listener is. */
export interface ExternalCheckProxy {
  readonly name?: string | undefined
  readonly id?: number | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/** How much of its output a message is made of. */
const MAX_OUTPUT_BYTES = 1024

/**
 * A check by a command.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function externalCheck(options: ExternalCheckOptions): Checker {
  readOptions('options', options, [
    ...PROBE_OPTION_NAMES,
    'command',
    'args',
    'env',
    'path',
    'preserveEnv',
    'proxy',
    'cwd',
  ])
  const { command, args = [], env = {}, path = '', preserveEnv = false, proxy = {}, cwd } = options
  if (!isArgument(command) || command === '')
    refuse('options.command', command, 'the path or name of a program')
  if (!Array.isArray(args) || !args.every(isArgument)) refuse('options.args', args, 'a list of texts')
  if (typeof env !== 'function') readVariables('options.env', env)
  if (!isArgument(path)) refuse('options.path', path, 'a text')
  if (typeof preserveEnv !== 'boolean') refuse('options.preserveEnv', preserveEnv, 'true or false')
  if (cwd !== undefined && (!isArgument(cwd) || cwd === '')) refuse('options.cwd', cwd, 'a folder')
  readProxy(proxy)
  const settings = readProbeSettings(options, probe => {
    const { target } = probe
    const more = typeof env === 'function' ? readVariables('options.env', env(target)) : env
    const variables = { ...(preserveEnv && process.env), PATH: path, ...variablesOf(target, proxy), ...more }
    run(probe, command, [...args, ...addresses(target, proxy)], variables, cwd)
  })
  return probing('external', settings)
}

const isArgument = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

function readVariables(field: string, env: unknown): Readonly<Record<string, string>> {
  const variables = env as Record<string, string>
  readOptions(field, variables, Object.keys(variables ?? {}))
  for (const [name, value] of Object.entries(variables)) {
    if (!isArgument(value) || !/^[^=\0]+$/.test(name)) refuse(`${field}.${name}`, typeof value, 'a text')
  }
  return variables
}

function readProxy(proxy: ExternalCheckProxy): void {
  readOptions('options.proxy', proxy, ['name', 'id', 'address', 'port'])
  const { name, id, address, port } = proxy
  for (const [field, value] of Object.entries({ name, address })) {
    if (value !== undefined && !isArgument(value)) refuse(`options.proxy.${field}`, value, 'a text')
  }
  readInteger('options.proxy.id', id, 0, 0, 2 ** 31 - 1)
  readInteger('options.proxy.port', port, 1, 1, 65535)
}

/** A unix socket has no port, and a backend by itself no listener. */
function addresses({ host, port, path }: Target, proxy: ExternalCheckProxy): string[] {
  const server = path === undefined ? [host, String(port)] : [path, 'NOT_USED']
  return [proxy.address ?? 'NOT_USED', String(proxy.port ?? 'NOT_USED'), ...server]
}

function variablesOf(
  { id, host, port, path, tls, seen }: Target,
  proxy: ExternalCheckProxy,
): Record<string, string> {
  const { backend = '', connections, maxConnections } = seen?.() ?? {}
  return {
    HAPROXY_PROXY_NAME: proxy.name ?? backend,
    HAPROXY_PROXY_ID: String(proxy.id ?? ''),
    HAPROXY_PROXY_ADDR: proxy.address ?? '',
    HAPROXY_PROXY_PORT: String(proxy.port ?? ''),
    HAPROXY_SERVER_NAME: id,
    HAPROXY_SERVER_ADDR: path ?? host,
    HAPROXY_SERVER_PORT: path === undefined ? String(port) : '',
    HAPROXY_SERVER_SSL: tls === undefined ? '0' : '1',
    ...(connections !== undefined && { HAPROXY_SERVER_CURCONN: String(connections[0]) }),
    ...(maxConnections !== undefined && { HAPROXY_SERVER_MAXCONN: String(maxConnections) }),
  }
}

function run(
  probe: Probe,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string | undefined,
): void {
  probe.enter('PROC')
  // A group of its own, so that what it starts can be ended with it.
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  let running = child.pid !== undefined
  let output = ''
  probe.hold({
    destroy: () => {
      child.stdout.destroy()
      if (running) killGroup(child.pid as number)
    },
  })
  child.stdout.on('data', (piece: Buffer) => {
    // Read to its end, so that the command does not wait for a reader, and kept no further than a message is long.
    if (output.length < MAX_OUTPUT_BYTES) output += piece.subarray(0, MAX_OUTPUT_BYTES).toString()
  })
  child.stdout.on('error', () => {})
  child.on('error', error => probe.fail(error))
  const say = (how: string): string => {
    const [line = ''] = output.trimStart().split('\n')
    return line === '' ? how : oneLine(`${how}: ${line}`)
  }
  let end: (() => void) | undefined
  child.on('exit', (code, signal) => {
    running = false
    end = () => {
      if (code === 0) probe.end('PROCOK', say('ended well'), { status: 0 })
      else if (code === null) probe.end('PROCERR', say(`ended by ${signal}`))
      else probe.end('PROCERR', say(`ended with ${code}`), { status: code })
    }
    // What it wrote may still be on its way; what it left running may hold the pipe open for good.
    setImmediate(end)
  })
  child.stdout.on('end', () => end?.())
}

/** The group is the child's number: it leads it. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended a moment ago.
  }
}
