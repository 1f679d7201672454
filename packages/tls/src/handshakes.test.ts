import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { processClock } from './clock.ts'
import { failureReason, Handshakes } from './handshakes.ts'
import { HandClock } from './testing/world.ts'

const socket = (remoteAddress: string | undefined = undefined) => {
  const made = { remoteAddress, destroyed: false, destroy: () => (made.destroyed = true) }
  return made as unknown as Socket
}

describe('handshakes', () => {
  it('have one timer for all, and each its own deadline', () => {
    const clock = new HandClock()
    const failed: string[] = []
    const handshakes = new Handshakes(clock, 100, 10, failure => failed.push(failure.peerAddress))
    handshakes.begin(socket('one'))
    clock.advance(60)
    const second = socket('two')
    handshakes.begin(second)
    handshakes.begin(socket('three'))
    expect(clock.waiting).toBe(1)
    clock.advance(40)
    expect(failed).toEqual(['one'])
    expect(handshakes.done(second, true)).toMatchObject({ peerAddress: 'two' })
    clock.advance(60)
    expect(failed).toEqual(['one', 'three'])
    expect(clock.waiting).toBe(0)
    expect(handshakes.counters).toMatchObject({ handshakes: 1, resumed: 1, now: 0, failed: { timeout: 2 } })
  })
  it('end once', () => {
    const clock = new HandClock()
    const failed: string[] = []
    const handshakes = new Handshakes(clock, 100, 10, failure => failed.push(failure.reason))
    const one = socket()
    handshakes.begin(one)
    handshakes.fail(one, 'closed', 'x', 'x')
    handshakes.fail(one, 'other', 'x', 'x')
    expect(handshakes.done(one, false)).toBeUndefined()
    expect(failed).toEqual(['closed'])
    expect(clock.waiting).toBe(0)
    handshakes.refuse(one, 'x', 'x')
    expect(handshakes.counters.refused).toBe(1)
  })
  it.each([
    ['ECONNRESET', 'closed'],
    ['EPIPE', 'closed'],
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'client-certificate'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'alert'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'version'],
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'alpn'],
    ['ERR_SSL_NO_SHARED_CIPHER', 'cipher'],
    ['ERR_SSL_HTTP_REQUEST', 'not-tls'],
    ['ERR_SSL_SOMETHING_NEW', 'other'],
  ])('that fail with %s count as %s', (code, reason) => {
    expect(failureReason(code)).toBe(reason)
  })
  it('have a clock that does not keep the process alive', async () => {
    const before = processClock.now()
    await new Promise<void>(resolve => {
      processClock.setTimeout(() => resolve(), 1)
      // Something must.
      setTimeout(resolve, 50)
    })
    expect(processClock.now()).toBeGreaterThan(before)
  })
})
