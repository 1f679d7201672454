/**
 * The connection of a check: where it goes and how it begins, and making it, by way of TCP or a unix socket, with a
 * PROXY header and TLS where told.
 *
 * ```
 *   options + target ──► endpoint ──► connect (L4) ──► PROXY header ──► TLS, SNI, ALPN (L6) ──► ready
 * ```
 * A check goes where the target is, and speaks as one speaks to it. Told of another host, port or path, it is taken to
 * check something beside the service, and none of the target's TLS and PROXY header is used unless asked for.
 *
 * Source: HAProxy manual, `check`, `addr`, `port`, `check-ssl`, `check-sni`, `check-alpn`, `check-send-proxy`, and
 * `tcp-check connect`.
 */
import { connect as connectSocket, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Target, TargetTls } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import type { Probe } from './probe.ts'
import { readTargetTls, tlsConnectOptions } from './target-tls.ts'

/** What texts and bytes that are made anew for each check are made of. */
export interface CheckContext {
  /** Whom the check is of. */
  readonly target: Target
  /** What earlier steps of the same check have set. */
  readonly variables: Map<string, unknown>
}

/** The context of a check without steps. */
export class LoneContext implements CheckContext {
  readonly target: Target
  #variables: Map<string, unknown> | undefined = undefined

  constructor(target: Target) {
    this.target = target
  }

  // Hardly anybody asks for them here, and a check should be cheap.
  get variables(): Map<string, unknown> {
    this.#variables ??= new Map()
    return this.#variables
  }
}

/** A value, or how to make it for each check. What throws makes the check end with `SOCKERR`. */
export type PerCheck<T> = T | ((context: CheckContext) => T)

/** Where a check connects, and how, where that is not as its target is. */
export interface ConnectOptions {
  /** Host name or address; the target's by default. HAProxy's `addr`. */
  readonly host?: string | undefined
  /** TCP port, 1 to 65535; the target's by default. HAProxy's `port`. */
  readonly port?: PerCheck<number> | undefined
  /** A unix socket's path, instead of host and port. */
  readonly path?: string | undefined
  /**
   * Whether, and how, TLS is spoken: `true` as with the target, or as Node does by default where the target has no TLS;
   * by default as the target, or not at all where `host`, `port` or `path` is given. HAProxy's `check-ssl`, `ssl`.
   */
  readonly tls?: boolean | TargetTls | undefined
  /** The name sent as SNI; that of `tls` by default. HAProxy's `check-sni`, `sni`. */
  readonly servername?: string | undefined
  /** The protocols offered, best first: `['h2', 'http/1.1']`; none by default. HAProxy's `check-alpn`, `alpn`. */
  readonly alpn?: readonly string[] | undefined
  /**
   * Begin with a PROXY header: `true` with the target's, or with one that says that this is nobody's connection
   * (`PROXY UNKNOWN`); `'v1'` or `'v2'` with such a one of that version; bytes as they are. By default as the target, or
   * none where `host`, `port` or `path` is given. HAProxy's `check-send-proxy`, `send-proxy`.
   */
  readonly sendProxy?: boolean | 'v1' | 'v2' | Uint8Array | undefined
  /**
   * End a plain TCP connection with a reset, as HAProxy does: false by default. A closed connection holds its
   * port for a minute (TIME_WAIT), which matters beyond some 400 checks a second of one address and port; a
   * reset one does not, but the server sees an error. Without effect on TLS and unix sockets. HAProxy's `linger` is the
   * opposite.
   */
  readonly closesWithReset?: boolean | undefined
}

export const CONNECT_OPTION_NAMES: readonly (keyof ConnectOptions)[] = [
  'host',
  'port',
  'path',
  'tls',
  'servername',
  'alpn',
  'sendProxy',
  'closesWithReset',
]

/** Where one connection goes. A target is one as it stands. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly path?: string | undefined
  readonly tls?: TargetTls | undefined
  readonly preamble?: Uint8Array | undefined
  readonly alpn?: readonly string[] | undefined
  readonly closesWithReset?: boolean | undefined
}

/** Where the connection of this check goes. */
export type EndpointOf = (context: CheckContext) => Endpoint

/** The header of a connection that is the proxy's own: version 1 (text) and version 2 (LOCAL, without addresses). */
const NOBODY = {
  v1: Buffer.from('PROXY UNKNOWN\r\n'),
  v2: Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'),
}

/**
 * Read options of a connection.
 * @param inherits whether TLS and PROXY header are the target's where nothing else is said; by default they are where
 *   the check goes to the target's own address
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function readConnect(
  field: string,
  options: ConnectOptions | undefined,
  inherits: boolean | undefined = undefined,
): EndpointOf {
  if (options === undefined) return inherits === false ? bare : itself
  readOptions(field, options, CONNECT_OPTION_NAMES)
  const { host, port, path, tls, servername, alpn, sendProxy, closesWithReset } = options
  if (host !== undefined && (typeof host !== 'string' || !/^[^\s[\]/]+$/.test(host))) {
    refuse(`${field}.host`, host, 'a host name or an address, IPv6 without brackets')
  }
  const isPort = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
  if (port !== undefined && typeof port !== 'function' && !isPort(port)) {
    refuse(`${field}.port`, port, 'an integer from 1 to 65535, or a function that gives one')
  }
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    refuse(`${field}.path`, path, 'the path of a unix socket')
  }
  if (tls !== undefined && typeof tls !== 'boolean') readTargetTls(`${field}.tls`, tls)
  if (servername !== undefined) readTargetTls(field, { servername })
  if (alpn !== undefined && !isProtocols(alpn)) {
    refuse(`${field}.alpn`, alpn, 'a list of protocol names, such as ["h2", "http/1.1"]')
  }
  const known = sendProxy === 'v1' || sendProxy === 'v2' || sendProxy instanceof Uint8Array
  if (sendProxy !== undefined && typeof sendProxy !== 'boolean' && !known) {
    refuse(`${field}.sendProxy`, sendProxy, 'true, false, "v1", "v2" or bytes')
  }
  if (closesWithReset !== undefined && typeof closesWithReset !== 'boolean') {
    refuse(`${field}.closesWithReset`, closesWithReset, 'true or false')
  }
  const inherited = inherits ?? (host === undefined && port === undefined && path === undefined)
  const tlsOf = tlsFor(tls ?? (inherited ? undefined : false), servername)
  const preambleOf = preambleFor(sendProxy ?? (inherited ? undefined : false))
  return context => {
    const { target } = context
    return {
      host: host ?? target.host,
      port: (typeof port === 'function' ? port(context) : port) ?? target.port,
      path: path ?? (host === undefined && port === undefined ? target.path : undefined),
      tls: tlsOf(target),
      preamble: preambleOf(target),
      alpn,
      closesWithReset,
    }
  }
}

const itself: EndpointOf = ({ target }) => target
const bare: EndpointOf = ({ target: { host, port, path } }) => ({ host, port, path })

function isProtocols(value: unknown): boolean {
  const isName = (name: unknown): boolean => typeof name === 'string' && /^[\x21-\x7e]{1,255}$/.test(name)
  return Array.isArray(value) && value.length > 0 && value.every(isName)
}

function tlsFor(tls: boolean | TargetTls | undefined, servername: string | undefined) {
  const named = new WeakMap<TargetTls, TargetTls>()
  const plain: TargetTls = {}
  return (target: Target): TargetTls | undefined => {
    let found = target.tls
    if (tls === false) found = undefined
    else if (tls === true) found = target.tls ?? plain
    else if (tls !== undefined) found = tls
    if (found === undefined || servername === undefined) return found
    // The same object each time: by it the context is found again.
    let other = named.get(found)
    if (other === undefined) {
      other = { ...found, servername }
      named.set(found, other)
    }
    return other
  }
}

function preambleFor(sendProxy: ConnectOptions['sendProxy']) {
  return ({ preamble }: Target): Uint8Array | undefined => {
    if (sendProxy === undefined) return preamble
    if (sendProxy === true) return preamble ?? NOBODY.v1
    if (sendProxy === 'v1' || sendProxy === 'v2') return NOBODY[sendProxy]
    return sendProxy === false ? undefined : sendProxy
  }
}

/** Who goes on with a connection. */
export interface Dialed {
  /**
   * It is there, over TLS where it has that. What throws is a `SOCKERR`. Gives back who takes what comes, where `conversing`.
   */
  ready(probe: Probe, socket: Socket): Conversation | undefined
  /** It broke, at whatever layer; by default that ends the probe. */
  broken?(probe: Probe, error: Error): void
  /** True where `ready` gives a conversation: what comes is read without events, into memory that all probes share. */
  readonly conversing?: boolean
}

/** Who listens to the target of one probe. */
export interface Conversation {
  /** Some bytes came. They are lent: those of other probes are read over them when this returns. */
  received(bytes: Buffer): void
  /** No more will come. */
  finished(): void
}

/** What plain connections are read into, one after the other. */
const sharedMemory = Buffer.allocUnsafeSlow(16_384)

/** One connection that is being made. */
class Dialing {
  readonly #probe: Probe
  readonly #dialed: Dialed
  #conversation: Conversation | undefined = undefined

  constructor(probe: Probe, dialed: Dialed) {
    this.#probe = probe
    this.#dialed = dialed
  }

  watch(socket: Socket): Socket {
    socket.on('error', error => {
      if (this.#dialed.broken === undefined) this.#probe.fail(error)
      else this.#dialed.broken(this.#probe, error)
    })
    return socket
  }

  heard(bytes: Buffer): boolean {
    if (!this.#probe.ended) this.#conversation?.received(bytes)
    return !this.#probe.ended
  }

  ready(socket: Socket): void {
    if (this.#probe.ended) return
    this.#probe.attempt(() => {
      const conversation = this.#dialed.ready(this.#probe, socket)
      if (conversation === undefined) return
      this.#conversation = conversation
      socket.on('end', () => conversation.finished())
    })
  }
}

/** Connect. The probe holds the socket, and ends it as the endpoint has it. */
export function dial(probe: Probe, endpoint: Endpoint, dialed: Dialed): void {
  const { host, port, path, tls, alpn, preamble } = endpoint
  const { conversing = false } = dialed
  const address = (path === undefined ? { host, port } : { path, host }) as TcpNetConnectOpts
  const dialing = new Dialing(probe, dialed)
  probe.enter('L4')
  if (tls === undefined) {
    if (conversing) {
      address.onread = {
        buffer: sharedMemory,
        callback: length => dialing.heard(sharedMemory.subarray(0, length)),
      }
    }
    const socket = dialing.watch(connectSocket(address))
    probe.hold(endpoint.closesWithReset === true && path === undefined ? resetting(socket) : socket)
    if (preamble !== undefined) socket.write(preamble)
    socket.once('connect', () => dialing.ready(socket))
    return
  }
  const options = { ...tlsConnectOptions(tls, host), ...(alpn !== undefined && { ALPNProtocols: [...alpn] }) }
  let plain: Socket | undefined
  if (preamble !== undefined) {
    plain = dialing.watch(connectSocket(address))
    plain.write(preamble)
  }
  const secure = dialing.watch(
    connectTls(plain === undefined ? { ...address, ...options } : { socket: plain, ...options }),
  )
  probe.hold(secure)
  ;(plain ?? secure).once('connect', () => probe.enter('L6'))
  if (conversing) secure.on('data', bytes => dialing.heard(bytes))
  secure.once('secureConnect', () => dialing.ready(secure))
}

/** Ends by a reset what was connected. */
function resetting(socket: Socket) {
  return { destroy: () => (socket.connecting ? socket.destroy() : socket.resetAndDestroy()) }
}
