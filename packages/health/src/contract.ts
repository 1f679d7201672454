/**
 * The contract of a health check: probe a target once and say what was found.
 *
 * Deciding what a finding means (how many in a row make a server up or down, how often to look) is the
 * business of the {@link HealthMonitor}, so that any checker works with any schedule.
 */

import type { AgentReport } from './agent-report.ts'
import type { ServerState } from './server-state.ts'

/** Where a check connects. */
export interface Target {
  /** Unique among the targets of one monitor. */
  readonly id: string
  /** Host name or address, IPv4 or IPv6 without brackets. Ignored where `path` is given. */
  readonly host: string
  /** TCP port, 1 to 65535. Ignored where `path` is given. */
  readonly port: number
  /** A unix socket's path, instead of host and port. */
  readonly path?: string | undefined
  /** Set where the target speaks TLS. */
  readonly tls?: TargetTls | undefined
  /**
   * Bytes that each connection begins with, before TLS as well: for targets that expect a PROXY header. None by default.
   */
  readonly preamble?: Uint8Array | undefined
  /**
   * How its server is seen at this moment by who balances over it, for checks that tell it: `sendState: true`, and
   * external commands. The backends of `@evener/core` give it; nobody knows by default.
   */
  readonly seen?: (() => ServerState) | undefined
}

/** How TLS is spoken to a target. Verified by default. Certificates and keys are PEM. */
export interface TargetTls {
  /**
   * The name sent as SNI: a host name, or empty for none; the target's host by default, unless that is an address.
   * HAProxy's `sni`, `check-sni`.
   */
  readonly servername?: string | undefined
  /**
   * The name, or address, that the certificate has to be for; by default the name sent, else the target's host.
   * HAProxy's `verifyhost`, which there counts only where no name is sent.
   */
  readonly verifyHost?: string | undefined
  /** Certificate authorities; those of Node by default. HAProxy's `ca-file`. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /**
   * Revocation lists, one of each authority in the chain: a certificate on one is refused, and so is one whose
   * authority has no list here or an outdated one. HAProxy's `crl-file`.
   */
  readonly crl?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** The client's own certificate, its chain below it; none by default. HAProxy's `crt`. */
  readonly cert?: string | Buffer | undefined
  /** Its private key; read out of `cert` by default, for one file with both. */
  readonly key?: string | Buffer | undefined
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined
  /** The lowest version; `TLSv1.2` by default. HAProxy's `ssl-min-ver`. */
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
  /** The highest version; `TLSv1.3` by default. HAProxy's `ssl-max-ver`. */
  readonly maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Cipher suites in OpenSSL's words; Node's by default. HAProxy's `ciphers` and `ciphersuites`. */
  readonly ciphers?: string | undefined
  /**
   * Verify the server's certificate: true by default. Danger: without it anyone on the way can answer in the server's
   * place. HAProxy's `verify none`.
   */
  readonly rejectUnauthorized?: boolean | undefined
}

/**
 * What a check found, in HAProxy's result codes: the layer reached and how it ended.
 *
 * `L4OK` connected; `L4CON` refused or unreachable; `L4TOUT` no connection in time; `L6OK` TLS handshake done; `L6RSP`
 * TLS failed; `L6TOUT` TLS handshake not done in time; `L7OK` answered as expected; `L7OKC` answered that it is on its
 * way out: good for the clients it has, not for new ones, and no reason to bring a target up; `L7STS` answered with
 * another status or header; `L7RSP` answered with another body, or something that is not the protocol; `L7TOUT` no answer in time;
 * `SOCKERR` the socket could not be made. Of an external command: `PROCOK` ended with 0; `PROCERR` with something else,
 * or could not be started; `PROCTOUT` did not end in time. `CHECKED` of an agent: it said nothing about health.
 * `HANA` of traffic, and not of a check: so many errors came in a row.
 */
export type CheckCode =
  | 'L4OK'
  | 'L4CON'
  | 'L4TOUT'
  | 'L6OK'
  | 'L6RSP'
  | 'L6TOUT'
  | 'L7OK'
  | 'L7OKC'
  | 'L7STS'
  | 'L7RSP'
  | 'L7TOUT'
  | 'SOCKERR'
  | 'PROCOK'
  | 'PROCERR'
  | 'PROCTOUT'
  | 'CHECKED'
  | 'HANA'

/** The result of one check. */
export interface CheckResult {
  /** True with `L4OK`, `L6OK`, `L7OK`, `L7OKC`, `PROCOK` and `CHECKED`. */
  readonly ok: boolean
  readonly code: CheckCode
  /** The status of the protocol (of HTTP, SMTP, LDAP, …) or of the command, where there was one. */
  readonly status?: number | undefined
  /** What was found, in words, for logs and for the statistics page. */
  readonly message: string
  /** How long the check took, in milliseconds. */
  readonly durationMs: number
  /** What an agent reported; undefined of other checks, and where the agent said nothing that can be read. */
  readonly agent?: AgentReport | undefined
}

/** One way of probing a target. */
export interface Checker<T extends Target = Target> {
  /** `tcp`, `http`, …: for logs. */
  readonly name: string
  /**
   * Probe the target once. Never rejects: what goes wrong is a result.
   * When the signal aborts, the checker gives up at once, frees its socket, and resolves: with the time-out
   * code of the layer it was at. Why it aborts is the signal's `reason`.
   */
  check(target: T, signal: AbortSignal): Promise<CheckResult>
  /**
   * The same without a promise and a signal, which cost more than the rest of a schedule: a {@link HealthMonitor} takes it
   * where it is there. The listener is told exactly once, which may be before this returns. Optional, for checkers that
   * many targets have; the built-in ones have it.
   */
  begin?(target: T, listener: CheckListener): RunningCheck
}

/** Who waits for the result of a check that was begun. */
export interface CheckListener {
  checked(result: CheckResult): void
}

/** A check under way. */
export interface RunningCheck {
  /** Give up at once, free the socket, and tell the listener so; without effect on a check that has ended. */
  abort(reason: Error): void
}

/** A timer that can be cancelled. */
export interface Timer {
  cancel(): void
}

/** Where time comes from: milliseconds, monotonic. */
export interface Clock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): Timer
}

/** A source of randomness: a number from 0 (included) to 1 (excluded). */
export type Random = () => number
