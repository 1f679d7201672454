import { describe, expect, it } from 'vitest'
import { TicketKeys } from './ticket-keys.ts'

const secret = 's'.repeat(32)
const hour = 3_600_000

describe('ticket keys', () => {
  it('are the same for the same secret and period, wherever', () => {
    const [one, two] = [
      new TicketKeys({ secret, rotateMs: hour }),
      new TicketKeys({ secret: Buffer.from(secret), rotateMs: hour }),
    ]
    expect(one.at(5 * hour).key).toEqual(two.at(6 * hour - 1).key)
    expect(one.at(5 * hour).key.length).toBe(48)
  })
  it('differ by period, by secret, and by process without one', () => {
    const keys = new TicketKeys({ secret, rotateMs: hour })
    const all = [
      keys.at(0),
      keys.at(hour),
      new TicketKeys({ secret: 'x'.repeat(32) }).at(0),
      new TicketKeys().at(0),
      new TicketKeys().at(0),
    ]
    expect(new Set(all.map(each => each.key.toString('hex'))).size).toBe(5)
  })
  it('say how long they are still used', () => {
    const keys = new TicketKeys({ secret, rotateMs: hour })
    expect(keys.at(0).leftMs).toBe(hour)
    expect(keys.at(hour - 0.5).leftMs).toBe(1)
    expect(new TicketKeys().at(0).leftMs).toBe(43_200_000)
    expect(new TicketKeys().lifetimeSeconds).toBe(7200)
  })
  it('may come from elsewhere, by period', () => {
    const keys = new TicketKeys({ keys: period => new Uint8Array(48).fill(period), rotateMs: hour })
    expect(keys.at(7.5 * hour).key).toEqual(Buffer.alloc(48, 7))
  })
})
