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
import type { Checker } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import {
  PROBE_OPTION_NAMES,
  type ProbeOptions,
  type ProbeSettings,
  probing,
  readProbeSettings,
} from './probe.ts'

/** Options of {@link tcpCheck}. */
export interface TcpCheckOptions extends ProbeOptions {
  /**
   * End a plain TCP connection with a reset, as HAProxy does: false by default. A closed connection holds its
   * port for a minute (TIME_WAIT), which matters beyond some 400 checks a second of one address and port; a
   * reset one does not, but the server sees an error. Without effect on TLS and unix sockets.
   */
  readonly closesWithReset?: boolean | undefined
}

/**
 * A check that connects and hangs up.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function tcpCheck(options: TcpCheckOptions = {}): Checker {
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'closesWithReset'])
  const { closesWithReset = false } = options
  if (typeof closesWithReset !== 'boolean')
    refuse('options.closesWithReset', closesWithReset, 'true or false')
  const onReady: ProbeSettings['onReady'] = probe => {
    probe.succeed(probe.target.tls === undefined ? 'connected' : 'TLS handshake done')
    return undefined
  }
  const settings = readProbeSettings(options, onReady, { closesWithReset })
  return probing('tcp', settings)
}
