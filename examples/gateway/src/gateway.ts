/**
 * A gateway of one's own: who serves what, how the servers are watched, what users see when nothing works, and how
 * it ends. Everything here is ordinary code, so anything can be asked of a request.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { leastConnections } from '@evener/algorithms'
import {
  type Backend,
  type ClientRequest,
  createBackend,
  httpHandler,
  pathOf,
  type ServerOptions,
} from '@evener/core'
import { httpCheck } from '@evener/health'

export interface GatewayOptions {
  readonly web: readonly ServerOptions[]
  readonly api: readonly ServerOptions[]
  readonly checkIntervalMs: number
}

export interface Gateway {
  readonly server: Server
  readonly web: Backend
  readonly api: Backend
  /** Take no more connections, let requests under way finish for a while, then break them off. */
  close(drainMs: number): Promise<void>
}

export function createGateway({
  web: webServers,
  api: apiServers,
  checkIntervalMs,
}: GatewayOptions): Gateway {
  const checks = {
    checker: httpCheck({ path: '/health', expect: { status: '200-299' } }),
    intervalMs: checkIntervalMs,
    timeoutMs: 1000,
    // A restarting server should not have to wait long for its users, nor they for it.
    fall: 2,
    rise: 1,
  }
  const web = createBackend({ name: 'web', servers: webServers, checks })
  // Calls of the API differ much in length, so whoever has least to do takes the next.
  const api = createBackend({ name: 'api', servers: apiServers, checks, balancer: leastConnections() })

  const handler = httpHandler(
    request => {
      const host = hostOf(request)
      if (host === 'api.example.test') return api
      // Hosts are listed: what is asked for by a name that nobody knows is not for these servers, and gets 404.
      if (host !== 'example.test' && host !== 'www.example.test') return undefined
      return pathOf(request.uri).startsWith('/api/') ? api : web
    },
    { errorPages: { 503: '<!doctype html><title>Back soon</title><h1>We are back in a minute.</h1>\n' } },
  )
  const server = createServer()
  handler.attach(server)

  async function close(drainMs: number): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    await handler.close({ drainMs })
    server.closeIdleConnections()
    await closed
    web.close()
    api.close()
  }
  return { server, web, api, close }
}

/** The name that was asked for, without the port. */
function hostOf({ authority }: ClientRequest): string {
  return authority.replace(/:\d*$/, '').toLowerCase()
}
