/**
 * One deadline for all exchanges of a client's connection in `node:http`, which come one after the other. Without it each
 * request would make a timer and cancel it.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/deadline.ts'
import type { Exchange } from './exchange.ts'

export class ConnectionDeadline {
  readonly clock: Clock
  readonly deadline: Deadline
  /** The one that is under way. */
  exchange: Exchange | undefined

  constructor(socket: Duplex, clock: Clock) {
    this.clock = clock
    this.deadline = new Deadline(clock, () => this.exchange?.overdue())
    socket.once('close', () => this.deadline.disarm())
  }

  /** The exchange is over. */
  ended(): void {
    this.exchange = undefined
    this.deadline.rest()
  }
}
