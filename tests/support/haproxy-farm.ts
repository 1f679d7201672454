/**
 * A HAProxy whose servers say who they are, and which is HAProxy itself: the quickest way to ask for many choices.
 *
 * All servers of a farm are one frontend of the same process, that answers with the name under which it was called.
 * Requests go out pipelined on one connection, so that they are balanced in their order, thousands in a second.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { RequestInfo } from '@evener/algorithms'
import { type Haproxy, startHaproxy } from './haproxy.ts'

/** A server of a farm, and what a balancer sees of it. */
export interface FarmServer {
  readonly id: string
  weight: number
  load: number
  saturated: boolean
}

/** Servers s1, s2, … of these weights. */
export function farmServers(weights: readonly number[]): FarmServer[] {
  return weights.map((weight, place) => ({ id: `s${place + 1}`, weight, load: 0, saturated: false }))
}

/** One request: what a balancer may look at, written as what a client sends. */
export interface FarmRequest {
  readonly method?: string
  readonly uri?: string
  readonly sourceAddress?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly form?: string
}

/** The options of {@link startFarm}. */
export interface FarmOptions {
  /** The lines of the backend that say how it balances. */
  readonly lines: readonly string[]
  readonly servers: readonly FarmServer[]
  /** What follows a server's address and weight. */
  settings?(server: FarmServer): string
}

export interface Farm {
  readonly haproxy: Haproxy
  /** Where PROXY headers are expected. */
  readonly proxyPort: number
  /** Who answers, request after request. */
  answers(requests: readonly FarmRequest[]): Promise<string[]>
  /** Do these commands on the servers of the backend: `disable server app/s1`. */
  commands(texts: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** How the client sends it. Characters are bytes. */
export function written({ method, uri = '/', sourceAddress, headers = [], form }: FarmRequest): string {
  const lines = [`${method ?? (form === undefined ? 'GET' : 'POST')} ${uri} HTTP/1.1`, 'host: farm']
  if (sourceAddress !== undefined) lines.push(`x-source: ${sourceAddress}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (form !== undefined) lines.push(`content-length: ${form.length}`)
  return `${lines.join('\r\n')}\r\n\r\n${form ?? ''}`
}

/** The same as a balancer sees it. */
export function seen({ method, uri = '/', sourceAddress, headers = [], form }: FarmRequest): RequestInfo {
  return {
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    uri,
    sourceAddress: sourceAddress ?? '127.0.0.1',
    header: name => headers.find(([other]) => other.toLowerCase() === name)?.[1],
    body: () => (form === undefined ? undefined : Buffer.from(form, 'latin1')),
  }
}

/**
 * The names out of so many responses, sent one after another on this port.
 * @throws {Error} with what came, where it is an error or too few
 */
export async function namesFrom(
  port: number,
  requests: readonly string[],
  host = '127.0.0.1',
): Promise<string[]> {
  const names: string[] = []
  if (requests.length === 0) return names
  const socket = connect({ port, host: '127.0.0.1', localAddress: host })
  socket.setEncoding('latin1')
  await once(socket, 'connect')
  socket.write(requests.join(''), 'latin1')
  let text = ''
  for await (const piece of socket) {
    text += piece
    let end = text.indexOf('\r\n\r\n')
    while (end >= 0) {
      const name = /^HTTP\/1\.1 200 .*\r\n(?:.*\r\n)*x-name: (\w+)/.exec(text.slice(0, end))?.[1]
      if (name === undefined) throw new Error(`no name in: ${text.slice(0, 500)}`)
      names.push(name)
      text = text.slice(end + 4)
      end = text.indexOf('\r\n\r\n')
    }
    if (names.length === requests.length) break
  }
  socket.destroy()
  if (names.length < requests.length)
    throw new Error(`${names.length} answers to ${requests.length} requests`)
  return names
}

/** Start it. */
export async function startFarm({ lines, servers, settings }: FarmOptions): Promise<Farm> {
  const haproxy = await startHaproxy({
    ports: 3,
    config: (front, proxied, namer) => `
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  option accept-invalid-http-request
frontend front
  bind 127.0.0.1:${front}
  bind 127.0.0.1:${proxied} accept-proxy
  http-request set-src req.hdr(x-source) if { req.hdr(x-source) -m found }
  default_backend app
frontend namer
  bind 127.0.0.1:${namer}
  http-request return status 200 hdr x-name "%[req.hdr(x-server-name)]"
backend app
${lines.map(line => `  ${line}`).join('\n')}
  http-send-name-header x-server-name
${servers.map(one => `  server ${one.id} 127.0.0.1:${namer} weight ${one.weight} ${settings?.(one) ?? ''}`).join('\n')}
`,
  })
  const [front, proxyPort] = haproxy.ports as [number, number, number]
  return {
    haproxy,
    proxyPort,
    answers: requests => namesFrom(front, requests.map(written)),
    commands: async texts => {
      if (texts.length === 0) return
      const answer = await haproxy.command(texts.join(';'))
      if (answer !== '') throw new Error(`haproxy said: ${answer}`)
    },
    stop: () => haproxy.stop(),
  }
}
