/** Where a door listens: options, checked, and addresses as they are shown. The same for all doors. */
import { unlink } from 'node:fs/promises'
import { connect, type ListenOptions, type Server as NetServer } from 'node:net'
import { flag, integer, invalid, knownOptions } from '../base/options.ts'

/** Where to listen. One of `port`, `path` and `fd`. */
export interface BindOptions {
  /** 0 to 65535; 0 takes a free one. */
  readonly port?: number | undefined
  /** An address to listen on; all of both families by default. */
  readonly host?: string | undefined
  /** A unix socket's path. */
  readonly path?: string | undefined
  /** An open listening socket, as systemd passes them. */
  readonly fd?: number | undefined
  /** Connections that wait to be accepted: 1 to 65535; 511 by default. The kernel has a limit of its own. */
  readonly backlog?: number | undefined
  /** Share the port with other processes, the kernel spreading connections (Linux). False by default. */
  readonly reusePort?: boolean | undefined
}

/** A place where a door listens. */
export interface BoundAddress {
  /** The port; undefined for a unix socket or a file descriptor. */
  readonly port: number | undefined
  /** `0.0.0.0:8080`, `[::]:8080` or a path. */
  readonly text: string
}

/**
 * The options of `net.Server.listen`.
 * @param field what messages call it: `listen`
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function listenOptions(bind: BindOptions, field = 'listen'): ListenOptions & { fd?: number } {
  knownOptions(field, bind, ['port', 'host', 'path', 'fd', 'backlog', 'reusePort'])
  const { port, host, path, fd } = bind
  if ([port, path, fd].filter(way => way !== undefined).length !== 1) {
    throw invalid(field, bind, 'exactly one of port, path and fd')
  }
  const common = {
    backlog: integer(`${field}.backlog`, bind.backlog, 511, 1, 65_535),
    // Under node:cluster a worker would otherwise ask the primary for the socket, and share that one.
    ...(flag(`${field}.reusePort`, bind.reusePort, false) && { reusePort: true, exclusive: true }),
  }
  if (path !== undefined) return { ...common, path }
  if (fd !== undefined) return { ...common, fd: integer(`${field}.fd`, fd, 0, 0, 1_048_576) }
  return {
    ...common,
    port: integer(`${field}.port`, port, 0, 0, 65_535),
    ...(host !== undefined && { host }),
  }
}

/**
 * Begin to listen. The file of a unix socket that a process left behind when it died is taken away; one on which
 * somebody listens is not.
 * @throws the system's error where the address cannot be had
 */
export async function listenOn(listener: NetServer, options: ListenOptions): Promise<void> {
  try {
    await begin(listener, options)
  } catch (error) {
    const { path } = options
    if (path === undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await dead(path))) {
      throw error
    }
    await unlink(path)
    await begin(listener, options)
  }
}

function begin(listener: NetServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(options, () => {
      listener.off('error', reject)
      resolve()
    })
  })
}

/** Whether nobody listens on this unix socket. */
function dead(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'))
  })
}

/** Where this listener listens. */
export function boundAddress(listener: Pick<NetServer, 'address'>): BoundAddress {
  const address = listener.address()
  if (address === null) return { port: undefined, text: 'fd' }
  if (typeof address === 'string') return { port: undefined, text: address }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { port: address.port, text: `${host}:${address.port}` }
}

/**
 * The listeners of a door, which may stop to listen for a while: HAProxy's `disable frontend`.
 *
 * Invariant: all of them listen, or none.
 */
export class Listeners {
  readonly #listeners = new Map<NetServer, ListenOptions>()
  #paused = false

  get paused(): boolean {
    return this.#paused
  }

  /** This one listens. */
  add(listener: NetServer, options: ListenOptions): void {
    // Where it was to be any free port, it is this one from now on.
    const bound = listener.address()
    const port = typeof bound === 'object' && bound !== null && options.port !== undefined
    this.#listeners.set(listener, port ? { ...options, port: bound.port } : options)
    if (this.#paused) listener.close()
  }

  /**
   * Listen no longer; connections that there are go on.
   * @throws {EvenerError} `EVENER_INVALID_OPTION` for a listener on an open socket (`fd`), which cannot be opened again
   */
  pause(field: string): void {
    for (const options of this.#listeners.values()) {
      if ('fd' in options)
        throw invalid(field, 'fd', 'listeners on a port or a path: they can be opened again')
    }
    if (this.#paused) return
    this.#paused = true
    for (const listener of this.#listeners.keys()) listener.close()
  }

  /** Listen again, where they did. @throws the system's error where an address cannot be had: then some do not listen */
  async resume(): Promise<void> {
    if (!this.#paused) return
    this.#paused = false
    const listening = [...this.#listeners].map(([listener, options]) => listenOn(listener, options))
    await Promise.all(listening)
  }

  /** Listen no longer, for good. @returns what resolves when the last connection of each is closed */
  close(): Promise<void>[] {
    const stopped = this.#paused
      ? []
      : [...this.#listeners.keys()].map(
          listener => new Promise<void>(resolve => listener.close(() => resolve())),
        )
    this.#listeners.clear()
    return stopped
  }
}
