/**
 * The reverse proxy of the demo. It is this haproxy.cfg, line for line:
 *
 * ```text
 * defaults
 *     mode http
 *     retries 3
 *     option redispatch
 *     option forwardfor except 127.0.0.0/8
 *     option http-server-close
 *     maxconn 3000
 *     timeout http-request 10s
 *     timeout queue 1m
 *     timeout connect 10s
 *     timeout client 1m
 *     timeout server 1m
 *     timeout http-keep-alive 10s
 *     timeout check 10s
 *
 * frontend main
 *     bind *:8080
 *     acl url_static path_beg -i /static /images /javascript /stylesheets
 *     acl url_static path_end -i .jpg .gif .png .css .js
 *     use_backend static if url_static
 *     default_backend app
 *
 * backend static
 *     balance roundrobin
 *     server static 127.0.0.1:4331 check inter 1s fastinter 200ms
 *
 * backend app
 *     balance roundrobin
 *     server app1 127.0.0.1:5001 check inter 1s fastinter 200ms
 *     server app2 127.0.0.1:5002 check inter 1s fastinter 200ms
 * ```
 */
import { createServer, type Server as NodeServer } from 'node:http'
import { roundRobin } from '@evener/algorithms'
import {
  type Backend,
  type BackendOptions,
  createBackend,
  type HttpHandler,
  httpHandler,
  httpProxy3Engine,
} from '@evener/core'
import { tcpCheck } from '@evener/health'
import { any, match, path, useBackend } from '@evener/rules'

const seconds = 1000
const minutes = 60_000

/** Where the servers of the demo listen. */
export interface ServerAddresses {
  readonly static: string
  readonly app1: string
  readonly app2: string
}

/** The running proxy and its parts. */
export interface DemoProxy {
  readonly server: NodeServer
  readonly handler: HttpHandler
  readonly app: Backend
  readonly statics: Backend
}

/** defaults */
const defaults = {
  retries: 3,
  redispatch: true,
  timeouts: { queueMs: 1 * minutes, connectMs: 10 * seconds, serverMs: 1 * minutes },
} satisfies Partial<BackendOptions>

/** `check inter 1s fastinter 200ms`, with `timeout check 10s`; one checker serves any number of servers. */
const checks = { checker: tcpCheck(), intervalMs: 1 * seconds, fastIntervalMs: 200, timeoutMs: 10 * seconds }

/** `acl url_static`, in two lines as there. */
const ignoreCase = true
const urlStatic = any(
  match.beg(path(), ['/static', '/images', '/javascript', '/stylesheets'], { ignoreCase }),
  match.end(path(), ['.jpg', '.gif', '.png', '.css', '.js'], { ignoreCase }),
)

/** Build the proxy; it does not listen yet. */
export function createProxy(addresses: ServerAddresses): DemoProxy {
  const statics = createBackend({
    ...defaults,
    name: 'static',
    balancer: roundRobin(),
    checks,
    servers: [{ id: 'static', address: addresses.static }],
  })
  const app = createBackend({
    ...defaults,
    name: 'app',
    balancer: roundRobin(),
    checks,
    servers: [
      { id: 'app1', address: addresses.app1 },
      { id: 'app2', address: addresses.app2 },
    ],
  })
  const handler = httpHandler(app, {
    rules: { request: [useBackend(statics).if(urlStatic)] },
    engine: httpProxy3Engine({ maxIdle: 0 }), // option http-server-close
    forwarded: { except: ['127.0.0.0/8'] }, // option forwardfor except 127.0.0.0/8
    timeouts: { httpRequestMs: 10 * seconds, clientMs: 1 * minutes, httpKeepAliveMs: 10 * seconds },
  })
  const server = createServer()
  server.maxConnections = 3000
  handler.attach(server)
  return { server, handler, app, statics }
}
