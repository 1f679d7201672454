/**
 * A listener for the statistics alone: on a port of their own, or on a unix socket, behind which a frontend reaches them as it
 * reaches any server.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, createBackend } from '@evener/core'
import { integer, invalid, knownOptions } from './options.ts'
import { handlerOptions, type StatsHandler, type StatsHandlerOptions, statsHandler } from './stats-handler.ts'

/** The options of {@link listenStats}. */
export interface ListenStatsOptions extends StatsHandlerOptions {
  /** The port: 0, the default, for a free one. */
  readonly port?: number | undefined
  /** The address to listen on; `127.0.0.1` by default. Danger: with another one, say `users` too, or everybody looks. */
  readonly host?: string | undefined
}

/** Statistics that are listened for. */
export interface StatsListener {
  readonly handler: StatsHandler
  /** Where the page is. */
  readonly url: string
  readonly port: number
  /** Close it, and all that watch. */
  close(): Promise<void>
}

/**
 * Listen.
 * @throws {EvenerError} those of `statsHandler()`; rejects with the system's error where the port cannot be had
 */
export async function listenStats(options: ListenStatsOptions): Promise<StatsListener> {
  knownOptions('listenStats', options, [...handlerOptions, 'port', 'host'])
  const { port: wanted, host = '127.0.0.1', ...rest } = options
  const port = integer('listenStats.port', wanted, 0, 0, 65_535)
  if (typeof host !== 'string' || host === '') throw invalid('listenStats.host', host, 'an address')
  const { server, handler, close } = serving(rest)
  await listening(server, { port, host })
  const { address, port: bound, family } = server.address() as AddressInfo
  const shown = family === 'IPv6' ? `[${address}]` : address
  return { handler, port: bound, url: `http://${shown}:${bound}/`, close }
}

/** Statistics behind a backend. */
export interface StatsBackend {
  readonly handler: StatsHandler
  /** For the routes of a frontend: `request.uri.startsWith('/stats') ? page.backend : app`. */
  readonly backend: Backend
  /** Close it, all that watch, and the backend. */
  close(): Promise<void>
}

/**
 * Serve the statistics as a backend, which a frontend's route can name: its one server is the page, on a unix socket that
 * nobody else may open.
 * @throws {EvenerError} those of `statsHandler()`; rejects with the system's error where there can be no socket
 */
export async function statsBackend(options: StatsHandlerOptions): Promise<StatsBackend> {
  const { server, handler, close } = serving(options)
  const folder = await mkdtemp(join(tmpdir(), 'evener-stats-'))
  const path = join(folder, 'page')
  await listening(server, { path })
  const backend = createBackend({
    name: 'statistics',
    servers: [{ id: 'page', address: `unix:${path}` }],
    // Events come as long as somebody watches, with a tick between them.
    timeouts: { serverMs: Number.POSITIVE_INFINITY },
  })
  return {
    handler,
    backend,
    async close() {
      backend.close()
      await close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function serving(options: StatsHandlerOptions) {
  const handler = statsHandler(options)
  const server = createServer(handler)
  const close = async (): Promise<void> => {
    handler.close()
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
  return { server, handler, close }
}

function listening(server: Server, where: { port: number; host: string } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
