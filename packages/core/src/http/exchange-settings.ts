/** What all exchanges of a door share: its options, compiled, and whom they tell of themselves. */
import type { DoorRules } from '../rules/door-rules.ts'
import type { Answers } from './answer.ts'
import type { DoorCounters } from './door-counters.ts'
import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { Forwarding } from './forwarded.ts'

export interface ExchangeSettings {
  readonly engine: Engine
  readonly forwarding: Forwarding
  readonly answers: Answers
  /** The door's own. */
  readonly counters: DoorCounters
  /** Its rules, and what those of backends need of it. */
  readonly rules: DoorRules
  /** Strict-Transport-Security for responses that go over TLS. */
  readonly hsts?: string | undefined
  /** The client's silence: with its body, or while it should be reading. */
  readonly clientMs: number
  /** Told when an exchange begins, and when it has ended. */
  began?(exchange: Exchange): void
  ended(exchange: Exchange): void
  /** Told when an exchange has become a tunnel; it ends as exchanges do. */
  tunnelling?(exchange: Exchange): void
}
