/**
 * What the contract suites run against: a door with an engine behind it, listening on a real socket. The suite talks
 * to it as clients and servers do, in bytes, and so holds for any engine and any door.
 */
import { createServer, type Server as NodeServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Backend } from '../balance/backend.ts'
import { createFrontend } from '../frontend/frontend.ts'
import type { Route } from '../http/door.ts'
import type { Engine } from '../http/engine.ts'
import { type HttpHandlerOptions, httpHandler } from '../http/http-handler.ts'

/** A door that serves. */
export interface Served {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  /** Exchanges under way. */
  active(): number
  /** End gracefully, as `handler.close({ drainMs })`: resolves when nothing is under way. Listens still, if it can. */
  drain(drainMs: number): Promise<void>
  /** Stop at once: connections closed, engine closed. */
  close(): Promise<void>
}

/** What a process uses right after a garbage collection, in bytes. */
export interface Memory {
  /** The memory that the system has given it. */
  readonly rssBytes: number
  /** Heap and buffers that are in use. */
  readonly liveBytes: number
}

/** A subject that serves in a process of its own. */
export interface Isolated {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  /** What its process uses now. */
  memory(): Promise<Memory>
  close(): Promise<void>
}

/** What a suite can vary about a door. */
export type SubjectOptions = Pick<
  HttpHandlerOptions,
  'forwarded' | 'timeouts' | 'errorPages' | 'replayBytes' | 'maxBodyBytes' | 'upgrades'
>

/** One combination of a door and an engine. */
export interface ContractSubject {
  /** Such as `httpHandler with http-proxy-3`. */
  readonly name: string
  /** Serve this backend, or route, on a free port of 127.0.0.1. */
  serve(backendOrRoute: Backend | Route, options?: SubjectOptions): Promise<Served>
  /**
   * Serve servers at these addresses from a process of its own; see `isolate`. Without it the suite leaves out what is
   * said of memory.
   */
  isolated?(addresses: readonly string[]): Promise<Isolated>
}

/**
 * `httpHandler` in a `node:http` server, with an engine of this make.
 * @param isolated how the same is started in a process of its own
 */
export function httpHandlerSubject(
  name: string,
  makeEngine: () => Engine,
  isolated?: ContractSubject['isolated'],
): ContractSubject {
  return {
    name: `httpHandler with ${name}`,
    ...(isolated !== undefined && { isolated }),
    async serve(backendOrRoute, options = {}) {
      const engine = makeEngine()
      const handler = httpHandler(backendOrRoute, { ...options, engine })
      const server = createServer()
      handler.attach(server)
      await listening(server)
      return {
        port: (server.address() as AddressInfo).port,
        active: () => handler.active,
        drain: drainMs => handler.close({ drainMs }),
        async close() {
          await handler.close({ drainMs: 0 })
          engine.close()
          const closed = new Promise<void>(resolve => server.close(() => resolve()))
          server.closeAllConnections()
          await closed
        },
      }
    },
  }
}

/** `createFrontend`, with an engine of this make. */
export function frontendSubject(
  name: string,
  makeEngine: () => Engine,
  isolated?: ContractSubject['isolated'],
): ContractSubject {
  return {
    name: `createFrontend with ${name}`,
    ...(isolated !== undefined && { isolated }),
    async serve(backendOrRoute, options = {}) {
      const engine = makeEngine()
      const clock = backendOrRoute instanceof Backend ? backendOrRoute.clock : undefined
      const frontend = createFrontend({ ...options, route: backendOrRoute, engine, clock })
      const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
      return {
        port: port as number,
        active: () => frontend.active,
        drain: drainMs => frontend.close({ drainMs }),
        async close() {
          await frontend.close({ drainMs: 0 })
          engine.close()
        },
      }
    },
  }
}

function listening(server: NodeServer): Promise<void> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
}
