import { describe, expect, it, vi } from 'vitest'
import type { CheckCode, Target } from './contract.ts'
import { HealthMonitor, type HealthMonitorOptions } from './monitor.ts'
import type { HealthLevel } from './rise-fall.ts'
import type { CheckOptions } from './settings.ts'
import { named, resultOf, ScriptedChecker, VirtualClock } from './test-support.ts'

/** A monitor of one target `app` under a virtual clock, with a log of what it told. */
function world(options: Partial<HealthMonitorOptions> = {}) {
  const clock = new VirtualClock()
  const checker = new ScriptedChecker(clock)
  const monitor = new HealthMonitor({ checker, clock, ...options })
  const changes: string[] = []
  monitor.on('change', (target, { state }) => changes.push(`${clock.now()} ${target.id} ${state}`))
  return { clock, checker, monitor, changes }
}

/** Let the checker answer one letter after the other: `+` good, `-` bad; then `+`. */
function script(checker: ScriptedChecker, findings: string): void {
  checker.next = () => (findings[checker.asked.length - 1] === '-' ? 'L4CON' : 'L4OK')
}

describe('the schedule', () => {
  it('checks at once, and then an interval after the end of each check', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 2000 })
    checker.takesMs = 300
    monitor.add(named('app')).start()
    await clock.advance(7000)
    expect(checker.times).toEqual([0, 2300, 4600, 6900])
  })
  it('does nothing before it is started', async () => {
    const { clock, checker, monitor } = world()
    monitor.add(named('app'))
    await clock.advance(10_000)
    expect(checker.times).toEqual([])
    expect(monitor.running).toBe(false)
  })
  it('checks a target that is added while it runs', async () => {
    const { clock, checker, monitor } = world()
    monitor.start()
    await clock.advance(500)
    monitor.add(named('app'))
    await clock.advance(0)
    expect(checker.times).toEqual([500])
  })
  it('a second start changes nothing', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000 })
    monitor.add(named('app')).start().start()
    await clock.advance(1000)
    expect(checker.times).toEqual([0, 1000])
  })
  it('is fast on the way, slow at the bottom, plain at the top', async () => {
    const { clock, checker, monitor, changes } = world({
      intervalMs: 1000,
      fastIntervalMs: 100,
      downIntervalMs: 5000,
      initialState: 'fully-up',
    })
    script(checker, '+---+++')
    monitor.add(named('app')).start()
    await clock.advance(9000)
    // up 0, failing 1000 1100 1200: down, 6200 rising, 6300: up, 7300, 8300.
    expect(checker.times).toEqual([0, 1000, 1100, 1200, 6200, 6300, 7300, 8300])
    expect(changes).toEqual(['1200 app down', '6300 app up'])
  })
  it('fast and down intervals follow the interval where they are not set', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 700, rise: 2, fall: 2, initialState: 'fully-up' })
    script(checker, '--+-')
    monitor.add(named('app')).start()
    await clock.advance(2100)
    expect(checker.times).toEqual([0, 700, 1400, 2100])
  })
  it('never has two checks of one target at once, however long they take', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 100, timeoutMs: 5000 })
    checker.takesMs = 3000
    monitor.add(named('app')).start()
    await clock.advance(20_000)
    expect(checker.mostAtOnce).toBe(1)
    expect(checker.times).toEqual([0, 3100, 6200, 9300, 12_400, 15_500, 18_600])
  })
  it('keeps one timer a target', async () => {
    const { clock, checker, monitor } = world()
    checker.next = () => undefined
    for (const id of ['a', 'b', 'c']) monitor.add(named(id))
    monitor.start()
    expect(clock.pending).toBe(3)
    await clock.advance(1500)
    expect(checker.asked).toHaveLength(3)
    expect(clock.pending).toBe(3)
  })
  it('spreads the first checks of many targets over the interval', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000 })
    for (let index = 0; index < 500; index++) monitor.add(named(`app${index}`))
    monitor.start()
    await clock.advance(999.9)
    expect(checker.asked).toHaveLength(500)
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = checker.times.filter(at => Math.floor(at / 100) === tenth).length
      expect(share).toBeGreaterThanOrEqual(45)
      expect(share).toBeLessThanOrEqual(55)
    }
  })
  it('starts all at once where told so', async () => {
    const { clock, checker, monitor } = world({ startSpread: 0 })
    for (const id of ['a', 'b', 'c']) monitor.add(named(id))
    monitor.start()
    await clock.advance(0)
    expect(checker.times).toEqual([0, 0, 0])
  })
  it('jitters each delay by the spread', async () => {
    const chances = [0.5, 0, 0.5, 0.75]
    const { clock, checker, monitor } = world({
      intervalMs: 1000,
      spread: 0.1,
      random: () => chances.shift() ?? 0.5,
    })
    monitor.add(named('app')).start()
    await clock.advance(3050)
    expect(checker.times).toEqual([0, 1100, 2100, 3050])
  })
  it('asks Math.random for the spread where no other chance is given', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0)
    const { clock, checker, monitor } = world({ intervalMs: 1000, spread: 0.5 })
    monitor.add(named('app')).start()
    await clock.advance(1500)
    random.mockRestore()
    expect(checker.times).toEqual([0, 1500])
  })
  it('a target has its own settings, and what they imply', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, fall: 3, startSpread: 0 })
    const quick: CheckOptions = { intervalMs: 200, initialState: 'fully-up', fall: 2, rise: undefined }
    checker.next = () => undefined
    monitor.add(named('quick'), quick).add(named('plain')).start()
    await clock.advance(250)
    expect(monitor.status('quick')).toMatchObject({ lastResult: { code: 'L4TOUT' }, fall: 2, rise: 2 })
    expect(monitor.status('plain')).toMatchObject({ lastResult: undefined, checking: true, fall: 3 })
  })
  it('a target can have a checker of its own', async () => {
    const { clock, checker, monitor } = world()
    const own = new ScriptedChecker(clock)
    monitor.add(named('app'), { checker: own }).start()
    await clock.advance(0)
    expect([checker.asked.length, own.asked.length]).toEqual([0, 1])
  })
})

describe('up and down', () => {
  const cases: [HealthLevel, string, string[]][] = [
    ['fully-up', '----', ['200 app down']],
    ['up', '----', ['0 app down']],
    ['down', '++++', ['0 app up']],
    ['fully-down', '++++', ['100 app up']],
  ]
  it.each(cases)('a target that begins %s and is found %s', async (initialState, findings, expected) => {
    const { clock, checker, monitor, changes } = world({ intervalMs: 100, initialState })
    script(checker, findings)
    monitor.add(named('app')).start()
    await clock.advance(300)
    expect(changes).toEqual(expected)
  })
  it('begins up, so that traffic flows before the first check', () => {
    const { monitor } = world()
    expect(monitor.add(named('app')).state('app')).toBe('up')
  })
  it('tells what decided a change', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 100, fall: 2, initialState: 'fully-up' })
    const told = vi.fn()
    monitor.on('change', told)
    script(checker, '+--')
    const target = named('app')
    monitor.add(target).start()
    await clock.advance(250)
    expect(told).toHaveBeenCalledExactlyOnceWith(target, {
      state: 'down',
      previous: 'up',
      cause: 'check',
      result: resultOf('L4CON'),
      consecutive: 2,
      lastedMs: 200,
    })
    expect(monitor.status('app')).toEqual({
      target,
      state: 'down',
      health: 0,
      rise: 2,
      fall: 2,
      consecutive: 2,
      lastResult: resultOf('L4CON'),
      sinceMs: 50,
      checking: false,
      paused: false,
    })
  })
  it('tells every result, before the change it makes', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 100, rise: 1, fall: 1 })
    const told: string[] = []
    monitor.on('change', (_, { state }) => told.push(state))
    monitor.on('result', (_, { code }) => told.push(code))
    script(checker, '+-+')
    monitor.add(named('app')).start()
    await clock.advance(200)
    expect(told).toEqual(['L4OK', 'L4CON', 'down', 'L4OK', 'up'])
  })
  it('targets do not share their counts', async () => {
    const { clock, checker, monitor, changes } = world({ intervalMs: 100, startSpread: 0 })
    checker.next = ({ id }) => (id === 'bad' ? 'L4CON' : 'L4OK')
    monitor.add(named('good')).add(named('bad')).start()
    await clock.advance(1000)
    expect(changes).toEqual(['0 bad down'])
    expect([...monitor.statuses()].map(({ target, state }) => `${target.id} ${state}`)).toEqual([
      'good up',
      'bad down',
    ])
  })
  it('a change is told even where a listener to the result throws', () => {
    const { monitor, changes } = world({ fall: 1 })
    monitor.on('result', () => {
      throw new Error('a bug of the host')
    })
    monitor.add(named('app'))
    expect(() => monitor.report('app', resultOf('L4CON'))).toThrow('a bug of the host')
    expect(changes).toEqual(['0 app down'])
  })
})

describe('time-outs', () => {
  it('a check that outlives its time is aborted and counts as failed', async () => {
    const { clock, checker, monitor, changes } = world({ intervalMs: 1000, timeoutMs: 400 })
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(400)
    expect(checker.asked[0]?.signal.reason).toMatchObject({ name: 'TimeoutError' })
    expect(monitor.status('app')?.lastResult).toEqual(resultOf('L4TOUT', 400))
    expect(changes).toEqual(['400 app down'])
    await clock.advance(1000)
    expect(checker.times).toEqual([0, 1400])
  })
  it('the time is the interval where none is set', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1500, downIntervalMs: 9000 })
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(1499)
    expect(checker.asked[0]?.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(checker.asked[0]?.signal.aborted).toBe(true)
  })
  it('a check that ends in time is not aborted', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, timeoutMs: 400 })
    checker.takesMs = 399
    monitor.add(named('app')).start()
    await clock.advance(1398)
    expect(checker.asked.map(({ signal }) => signal.aborted)).toEqual([false])
  })
  it('a success that comes only after the abort is a failure', async () => {
    const { clock, checker, monitor } = world({ timeoutMs: 400 })
    checker.deaf = true
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(410)
    checker.asked[0]?.answer('L7OK')
    await clock.advance(0)
    expect(monitor.status('app')?.lastResult).toMatchObject({ ok: false, code: 'L7TOUT', durationMs: 410 })
  })
  it('a checker deaf to its abort fails at every turn and is never asked twice at once', async () => {
    const { clock, checker, monitor, changes } = world({
      intervalMs: 1000,
      timeoutMs: 400,
      initialState: 'fully-up',
    })
    checker.deaf = true
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(3000)
    // The grace of 50 ms after 400, and then at each turn.
    expect(changes).toEqual(['2450 app down'])
    expect(checker.times).toEqual([0])
    expect(clock.pending).toBe(1)
    checker.asked[0]?.answer('L7OK')
    checker.next = () => 'L7OK'
    await clock.advance(2000)
    expect(checker.times).toEqual([0, 3450, 4450])
    expect(changes).toEqual(['2450 app down', '4450 app up'])
  })
})

describe('checkers that break their contract', () => {
  const broken: [string, () => never | Promise<never>][] = [
    ['rejects', () => Promise.reject(new Error('no luck'))],
    [
      'throws',
      () => {
        throw new Error('no luck')
      },
    ],
  ]
  it.each(broken)('one that %s counts as failed, and is asked again', async (_, check) => {
    const clock = new VirtualClock()
    const checker = { name: 'broken', check: vi.fn(check) }
    const monitor = new HealthMonitor({ checker, clock, intervalMs: 100 })
    monitor.add(named('app')).start()
    await clock.advance(100)
    expect(monitor.status('app')?.lastResult).toMatchObject({
      code: 'SOCKERR',
      message: 'the checker failed: Error: no luck',
    })
    expect(checker.check).toHaveBeenCalledTimes(2)
  })
})

describe('stopping', () => {
  it('leaves no timer, aborts what is under way and tells nothing more', async () => {
    const { clock, checker, monitor } = world()
    checker.next = () => undefined
    const told = vi.fn()
    monitor.on('result', told)
    monitor.add(named('a')).add(named('b')).start()
    await clock.advance(100)
    monitor.stop()
    expect(clock.pending).toBe(0)
    expect(checker.asked[0]?.signal.reason).toMatchObject({ name: 'AbortError' })
    await clock.advance(10_000)
    expect(checker.asked).toHaveLength(1)
    expect(told).not.toHaveBeenCalled()
  })
  it('keeps states, and goes on at the next start', async () => {
    const { clock, checker, monitor, changes } = world({ intervalMs: 100, fall: 2, initialState: 'fully-up' })
    script(checker, '----')
    monitor.add(named('app')).start()
    await clock.advance(50)
    monitor.stop()
    await clock.advance(1000)
    monitor.start()
    await clock.advance(0)
    expect(changes).toEqual(['1050 app down'])
  })
  it('an answer from before the stop does not count after the next start', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 100 })
    checker.deaf = true
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(10)
    monitor.stop()
    monitor.start()
    checker.asked[0]?.answer('L4CON')
    await clock.advance(10)
    expect(monitor.status('app')).toMatchObject({ state: 'up', lastResult: undefined })
    await clock.advance(90)
    expect(checker.times).toEqual([0, 110])
  })
  it('a removed target is told of no more', async () => {
    const { clock, checker, monitor } = world()
    checker.next = () => undefined
    const told = vi.fn()
    monitor.on('result', told)
    monitor.add(named('app')).start()
    await clock.advance(100)
    expect(monitor.remove('app')).toBe(true)
    expect(monitor.remove('app')).toBe(false)
    await clock.advance(10_000)
    expect(told).not.toHaveBeenCalled()
    expect([clock.pending, monitor.size]).toEqual([0, 0])
    expect([monitor.state('app'), monitor.status('app')]).toEqual([undefined, undefined])
  })
  it('a listener may remove the target it is told of', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 100 })
    monitor.on('result', ({ id }) => monitor.remove(id))
    monitor.add(named('app')).start()
    await clock.advance(1000)
    expect(checker.times).toEqual([0])
    expect(clock.pending).toBe(0)
  })
  it('an id can be added anew and begins anew', () => {
    const { monitor } = world()
    monitor.add(named('app'))
    monitor.force('app', 'fully-down')
    monitor.remove('app')
    expect(monitor.add(named('app')).state('app')).toBe('up')
  })
})

describe('levers for those who watch traffic', () => {
  it('trigger checks now, and the interval counts from there', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000 })
    monitor.add(named('app')).start()
    await clock.advance(300)
    expect(monitor.trigger('app')).toBe(true)
    await clock.advance(1000)
    expect(checker.times).toEqual([0, 300, 1300])
  })
  it('trigger does nothing while a check is under way, while stopped, or for a stranger', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000 })
    checker.next = () => undefined
    monitor.add(named('app'))
    expect(monitor.trigger('app')).toBe(false)
    monitor.start()
    await clock.advance(0)
    expect(monitor.trigger('app')).toBe(false)
    expect(monitor.trigger('stranger')).toBe(false)
    expect(checker.asked).toHaveLength(1)
  })
  it('trigger does not ask a checker that is still deaf', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, timeoutMs: 100 })
    checker.deaf = true
    checker.next = () => undefined
    monitor.add(named('app')).start()
    await clock.advance(200)
    expect(monitor.trigger('app')).toBe(false)
    expect(checker.asked).toHaveLength(1)
  })
  it('hasten brings the next check forward, once', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, fastIntervalMs: 100 })
    monitor.add(named('app')).start()
    await clock.advance(300)
    expect(monitor.hasten('app')).toBe(true)
    await clock.advance(1200)
    expect(checker.times).toEqual([0, 400, 1400])
  })
  it('hasten never delays a check that is due sooner', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, fastIntervalMs: 500 })
    monitor.add(named('app')).start()
    await clock.advance(800)
    monitor.hasten('app')
    await clock.advance(200)
    expect(checker.times).toEqual([0, 1000])
  })
  it('hasten during a check makes the one after it fast', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 1000, fastIntervalMs: 100 })
    checker.takesMs = 50
    monitor.add(named('app')).start()
    await clock.advance(20)
    monitor.hasten('app')
    await clock.advance(1500)
    expect(checker.times).toEqual([0, 150, 1200])
  })
  it('a reported finding counts like a check and leaves the schedule', async () => {
    const { clock, checker, monitor, changes } = world({ intervalMs: 1000, fall: 2 })
    monitor.add(named('app')).start()
    await clock.advance(100)
    monitor.report('app', resultOf('L7STS'))
    monitor.report('app', resultOf('L7STS'))
    await clock.advance(900)
    expect(changes).toEqual(['100 app down'])
    expect(checker.times).toEqual([0, 1000])
  })
  it('a reported finding counts while nothing is checked', () => {
    const { clock, monitor, changes } = world()
    monitor.add(named('app')).report('app', resultOf('L4CON'))
    expect(changes).toEqual(['0 app down'])
    expect(clock.pending).toBe(0)
  })
  it('force takes a target down until checks bring it up', async () => {
    const { clock, monitor } = world({ intervalMs: 1000 })
    const told = vi.fn()
    monitor.on('change', told)
    monitor.add(named('app')).start()
    await clock.advance(100)
    monitor.force('app', 'fully-down')
    const forced = { state: 'down', previous: 'up', cause: 'force', result: undefined }
    expect(told).toHaveBeenLastCalledWith(named('app'), { ...forced, consecutive: 0, lastedMs: 100 })
    await clock.advance(1900)
    expect(told).toHaveBeenLastCalledWith(
      named('app'),
      expect.objectContaining({ state: 'up', consecutive: 2, lastedMs: 1900 }),
    )
  })
  it('forced up, a target falls with its next failure', async () => {
    const { monitor, changes } = world({ initialState: 'fully-up' })
    monitor.add(named('app')).force('app', 'up')
    expect(changes).toEqual([])
    monitor.report('app', resultOf('L4CON'))
    expect(changes).toEqual(['0 app down'])
  })
  it('strangers are no error: their server may just have gone', () => {
    const { monitor } = world()
    const told = [
      monitor.hasten('x'),
      monitor.report('x', resultOf('L4OK')),
      monitor.force('x', 'up'),
      monitor.trigger('x'),
    ]
    expect(told).toEqual([false, false, false, false])
  })
})

describe('what is refused', () => {
  const refusedOptions: [string, object][] = [
    ['options.interval', { interval: 5 }],
    ['options.intervalMs', { intervalMs: 0 }],
    ['options.intervalMs', { intervalMs: 1.5 }],
    ['options.intervalMs', { intervalMs: 2 ** 31 }],
    ['options.intervalMs', { intervalMs: '2000' }],
    ['options.fastIntervalMs', { fastIntervalMs: -1 }],
    ['options.downIntervalMs', { downIntervalMs: Number.NaN }],
    ['options.timeoutMs', { timeoutMs: 0 }],
    ['options.rise', { rise: 0 }],
    ['options.fall', { fall: 10_001 }],
    ['options.spread', { spread: 0.6 }],
    ['options.spread', { spread: '5%' }],
    ['options.startSpread', { startSpread: -0.1 }],
    ['options.initialState', { initialState: 'maybe' }],
    ['options.checker', { checker: undefined }],
    ['options.checker', { checker: { name: 'none' } }],
    ['options.clock', { clock: { now: () => 0 } }],
    ['options.random', { random: 4 }],
  ]
  it.each(refusedOptions)('%s of %j', (field, options) => {
    expect(() => world(options)).toThrow(
      expect.objectContaining({
        name: 'HealthError',
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringContaining(`${field} is `),
      }),
    )
  })
  it.each([[undefined], [null], ['tcp'], [[]]])('options that are %j', options => {
    expect(() => new HealthMonitor(options as never)).toThrow(/^options is .*must be an object/)
  })
  it('the message names the value and what is allowed', () => {
    expect(() => world({ rise: -2 })).toThrow('options.rise is -2: must be an integer from 1 to 10000')
  })
  it('unknown or wrong overrides', () => {
    const { monitor } = world()
    expect(() => monitor.add(named('app'), { startSpread: 1 } as never)).toThrow('overrides.startSpread is 1')
    expect(() => monitor.add(named('app'), { fall: 0 })).toThrow('overrides.fall is 0')
    expect(monitor.size).toBe(0)
  })
  it('an id that is watched already', () => {
    const { monitor } = world()
    monitor.add(named('app'))
    expect(() => monitor.add(named('app'))).toThrow(
      expect.objectContaining({ code: 'EVENER_DUPLICATE_ID', message: 'target.id app is watched already' }),
    )
  })
  it('a level that is none', () => {
    const { monitor } = world()
    expect(() => monitor.force('app', 'sideways' as never)).toThrow(/^level is 'sideways'/)
  })
  const refusedTargets: [string, unknown][] = [
    ['target', null],
    ['target', 'app:80'],
    ['target.id', { host: 'a', port: 1 }],
    ['target.id', { id: '', host: 'a', port: 1 }],
    ['target.host', { id: 'app', port: 1 }],
    ['target.host', { id: 'app', host: '[::1]', port: 1 }],
    ['target.host', { id: 'app', host: '', port: 1 }],
    ['target.port', { id: 'app', host: 'a' }],
    ['target.port', { id: 'app', host: 'a', port: 0 }],
    ['target.port', { id: 'app', host: 'a', port: 65536 }],
    ['target.path', { id: 'app', path: '' }],
    ['target.path', { id: 'app', path: 7 }],
    ['target.tls', { id: 'app', host: 'a', port: 1, tls: true }],
    ['target.tls of app.verify', { id: 'app', host: 'a', port: 1, tls: { verify: false } }],
  ]
  it.each(refusedTargets)('%s of %j', (field, target) => {
    expect(() => world().monitor.add(target as Target)).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringMatching(new RegExp(`^${field}\\b.* is `)),
      }),
    )
  })
  it('but not a unix socket, which needs no host and port', () => {
    const { monitor } = world()
    expect(monitor.add({ id: 'app', path: '/run/app.sock' } as Target).size).toBe(1)
  })
})

describe('scale', () => {
  it('ten thousand targets are each checked once an interval, none at once with another of itself', async () => {
    const { clock, checker, monitor } = world({ intervalMs: 2000 })
    const codes: CheckCode[] = ['L4OK', 'L4CON']
    checker.next = ({ id }) => codes[id.endsWith('7') ? 1 : 0]
    for (let index = 0; index < 10_000; index++) monitor.add(named(`app${index}`))
    monitor.start()
    await clock.advance(3999.99)
    expect(checker.asked).toHaveLength(20_000)
    expect(checker.mostAtOnce).toBe(1)
    expect([...monitor.statuses()].filter(({ state }) => state === 'down')).toHaveLength(1000)
    monitor.stop()
    expect(clock.pending).toBe(0)
  })
})
