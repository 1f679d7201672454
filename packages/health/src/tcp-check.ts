/**
 * Is someone listening? Connects, shakes hands where the target speaks TLS, and hangs up.
 *
 * `L4OK` connected (`L6OK` with TLS); `L4CON` refused or unreachable; `L4TOUT`, `L6TOUT` not in time; `L6RSP` the
 * handshake failed, or the certificate is not to be trusted.
 *
 * Unlike HAProxy, which resets it, a connection is closed in the ordinary way: a reset is an error to the server,
 * and ends a Node process that has no `error` listener on its sockets. Source: HAProxy manual, `check`.
 * Not for: knowing that the application answers; the kernel accepts connections for a process that hangs.
 */
import { type ConnectOptions, type Dialed, dial, LoneContext, readConnect } from './connect.ts'
import type { Checker } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import { PROBE_OPTION_NAMES, type ProbeOptions, probing, readProbeSettings } from './probe.ts'

/** Options of {@link tcpCheck}. */
export interface TcpCheckOptions extends ProbeOptions {
  /** Where and how to connect, where that is not as the target is. */
  readonly connect?: ConnectOptions | undefined
  /** The same as `connect.closesWithReset`: false by default. */
  readonly closesWithReset?: boolean | undefined
}

const connected: Dialed = {
  ready(probe, socket) {
    if (!('encrypted' in socket)) {
      probe.succeed('connected')
      return undefined
    }
    // The last flight of the handshake may still be here; without it the server would see a failed handshake.
    probe.hold({ destroy: () => socket.destroySoon() })
    probe.succeed('TLS handshake done')
    return undefined
  },
}

/**
 * A check that connects and hangs up.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function tcpCheck(options: TcpCheckOptions = {}): Checker {
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'connect', 'closesWithReset'])
  const { connect, closesWithReset } = options
  if (closesWithReset !== undefined && typeof closesWithReset !== 'boolean') {
    refuse('options.closesWithReset', closesWithReset, 'true or false')
  }
  const endpointOf = readConnect(
    'options.connect',
    closesWithReset ? { closesWithReset, ...connect } : connect,
  )
  const settings = readProbeSettings(options, probe => {
    dial(probe, endpointOf(new LoneContext(probe.target)), connected)
  })
  return probing('tcp', settings)
}

/** Options of {@link tlsCheck}. */
export interface TlsCheckOptions extends ProbeOptions {
  /** Where and how to connect. TLS is spoken in any case, and who answers is not verified unless `tls` is given. */
  readonly connect?: ConnectOptions | undefined
}

/**
 * A check that shakes hands over TLS, with targets as well to which the proxy itself speaks none (what passes through
 * it as it is). Nobody's certificate is verified by default, since it is not this side that it is meant for. `L6OK`. In
 * place of HAProxy's `option ssl-hello-chk`, whose SSLv3 no server speaks any more.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function tlsCheck(options: TlsCheckOptions = {}): Checker {
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'connect'])
  const connect = { tls: { rejectUnauthorized: false }, ...options.connect }
  return { ...tcpCheck({ ...options, connect }), name: 'tls' }
}
