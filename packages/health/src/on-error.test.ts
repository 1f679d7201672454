import { describe, expect, it } from 'vitest'
import { HealthMonitor } from './monitor.ts'
import { ErrorLimit, type ObserveOptions, type OnError } from './on-error.ts'
import type { CheckOptions } from './settings.ts'
import { named, resultOf, ScriptedChecker, VirtualClock } from './test-support.ts'

describe('errors in a row', () => {
  it('reach the limit together, and are counted anew from there', () => {
    const limit = new ErrorLimit({ errorLimit: 3 })
    expect([1, 2, 3, 4, 5, 6].map(() => limit.error())).toEqual([false, false, true, false, false, true])
  })
  it('are counted anew after a success', () => {
    const limit = new ErrorLimit({ errorLimit: 2 })
    expect(limit.error()).toBe(false)
    limit.clear()
    expect(limit.error()).toBe(false)
    expect(limit.error()).toBe(true)
  })
  it('have HAProxy’s defaults', () => {
    expect(new ErrorLimit({ observe: 'layer7' })).toMatchObject({
      observed: 'layer7',
      limit: 10,
      action: 'fail-check',
    })
  })
  it.each<[string, object]>([
    ['options.observe', { observe: 'layer5' }],
    ['options.errorLimit', { errorLimit: 0 }],
    ['options.onError', { onError: 'reboot' }],
  ])('refuse a wrong %s', (field, options) => {
    expect(() => new ErrorLimit(options as ObserveOptions)).toThrow(`${field} is `)
  })
})

describe('what is done about them', () => {
  const world = async (options: CheckOptions) => {
    const clock = new VirtualClock()
    const checker = new ScriptedChecker(clock)
    const monitor = new HealthMonitor({
      checker,
      clock,
      intervalMs: 1000,
      initialState: 'fully-up',
      ...options,
    })
    monitor.add(named('a')).start()
    await clock.advance(500)
    const punish = (action: OnError) => monitor.punish('a', action, resultOf('HANA'))
    return { clock, checker, monitor, punish, health: () => monitor.status('a')?.health }
  }
  it.each<[OnError, number]>([
    ['fastinter', 4],
    ['fail-check', 3],
    ['sudden-death', 2],
    ['mark-down', 0],
  ])('%s leaves a server that is fully up (4 of rise 2, fall 3) at %i', async (action, health) => {
    const { monitor, punish, health: now } = await world({})
    punish(action)
    expect(now()).toBe(health)
    expect(monitor.state('a')).toBe(health >= 2 ? 'up' : 'down')
  })
  it('after sudden death one more failure takes it down, and after a failed check three do', async () => {
    const failuresAfter = async (action: OnError) => {
      const { monitor, punish } = await world({})
      punish(action)
      let failures = 0
      while (monitor.state('a') === 'up') {
        monitor.report('a', resultOf('L4CON'))
        failures++
      }
      return failures
    }
    expect(await failuresAfter('sudden-death')).toBe(1)
    expect(await failuresAfter('fail-check')).toBe(2)
    expect(await failuresAfter('fastinter')).toBe(3)
  })
  it('hastens the next check in any case, where there is a fast interval', async () => {
    const { clock, checker, punish } = await world({ fastIntervalMs: 100 })
    punish('fastinter')
    await clock.advance(100)
    expect(checker.times).toEqual([0, 600])
    const plain = await world({})
    plain.punish('fastinter')
    await plain.clock.advance(500)
    expect(plain.checker.times).toEqual([0, 1000])
  })
  it('is nothing for a target nobody knows, and refuses another word', async () => {
    const { monitor } = await world({})
    expect(monitor.punish('b', 'mark-down', resultOf('HANA'))).toBe(false)
    expect(() => monitor.punish('a', 'kill' as 'mark-down', resultOf('HANA'))).toThrow('action is ')
  })
  it('a server on its way out stays up while it is up, and does not come up', async () => {
    const clock = new VirtualClock()
    const checker = new ScriptedChecker(clock)
    checker.next = () => 'L7OKC'
    const monitor = new HealthMonitor({ checker, clock, initialState: 'fully-down', rise: 1 })
    monitor.add(named('a')).start()
    await clock.advance(10_000)
    expect(monitor.state('a')).toBe('down')
    checker.next = () => 'L7OK'
    await clock.advance(2000)
    checker.next = () => 'L7OKC'
    await clock.advance(20_000)
    expect(monitor.state('a')).toBe('up')
  })
})
