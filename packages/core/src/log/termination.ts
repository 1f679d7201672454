/**
 * How a session ended, in HAProxy's two letters (manual section 8.5): who or what ended it, and what it was doing.
 *
 * ```text
 * C client aborted   c client timed out   R request   Q queue    C connect
 * S server failed    s server timed out   H headers   D data     T tarpit
 * P proxy refused    L answered here      - after its end
 * R, I no resource, an error of ours      K killed by an operator, or by a graceful close
 * ```
 */
import type { NoServerReason } from '../balance/counters.ts'
import type { Failed, Outcome, Phase } from '../balance/outcome.ts'
import { TimeoutError } from '../base/timeout-error.ts'

/** What the session was doing. */
const phases: Readonly<Record<Phase, string>> = {
  queue: 'Q',
  connect: 'C',
  send: 'D',
  wait: 'H',
  receive: 'D',
  tunnel: 'D',
}

/** The state of an exchange, or of a session at layer 4. */
export function terminationOf(outcome: Outcome): string {
  if (outcome.kind === 'completed') return '--'
  return `${causeOf(outcome)}${phases[outcome.phase]}`
}

function causeOf({ side, reason, cause }: Failed): string {
  switch (reason) {
    case 'client-abort':
      return 'C'
    case 'client-timeout':
      return 'c'
    case 'response-timeout':
      return 's'
    case 'bad-request':
    case 'junk-response':
    case 'denied':
      return 'P'
    case 'shutdown':
      return 'K'
    case 'internal':
      return 'I'
    default:
      if (cause instanceof TimeoutError) return 's'
      return side === 'client' ? 'C' : 'S'
  }
}

const withoutServer: Readonly<Record<NoServerReason, string>> = {
  'no-server': 'SC',
  'queue-full': 'SQ',
  'queue-timeout': 'sQ',
  closed: 'KQ',
}

/** The state of what got no server. */
export function terminationWithout(reason: NoServerReason): string {
  return withoutServer[reason]
}
