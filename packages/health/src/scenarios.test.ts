/**
 * What a target does, when it is then checked, and what it is taken for: exact times, under a virtual clock.
 *
 * A script says what each check meets, one word after the other, the last one for ever: `ok`; `refused`, `status`, `junk`,
 * `tls` (bad at once, at that layer); `slow:MS` (good) and `bad:MS` (a wrong status) after a while; `hang`, `half-open`,
 * `tls-hang` (nothing, until the check is given up); `deaf:MS` (nothing, and no notice taken of being given up, until
 * then); `leaving` (good, but on its way out). Unless said otherwise: every 1000 ms, rise 2, fall 3.
 */
import { describe, expect, it } from 'vitest'
import type { CheckCode, Checker, CheckListener, RunningCheck } from './contract.ts'
import { HealthMonitor, type HealthMonitorOptions } from './monitor.ts'
import { named, resultOf, VirtualClock } from './test-support.ts'

const AT_ONCE: Readonly<Record<string, CheckCode>> = {
  ok: 'L7OK',
  leaving: 'L7OKC',
  refused: 'L4CON',
  status: 'L7STS',
  junk: 'L7RSP',
  tls: 'L6RSP',
}
const GIVEN_UP: Readonly<Record<string, CheckCode>> = {
  hang: 'L4TOUT',
  'tls-hang': 'L6TOUT',
  'half-open': 'L7TOUT',
}

class Scripted implements Checker {
  readonly name = 'scripted'
  readonly began: number[] = []
  mostAtOnce = 0
  #running = 0
  readonly #words: readonly string[]
  readonly #clock: VirtualClock

  constructor(script: string, clock: VirtualClock) {
    this.#words = script.split(' ')
    this.#clock = clock
  }

  check(): Promise<never> {
    return Promise.reject(new Error('a monitor begins it'))
  }

  begin(_target: unknown, listener: CheckListener): RunningCheck {
    const word = this.#words[Math.min(this.began.length, this.#words.length - 1)] as string
    const [what = '', delay] = word.split(':')
    this.began.push(this.#clock.now())
    this.#running++
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running)
    let over = false
    const end = (code: CheckCode): void => {
      if (over) return
      over = true
      this.#running--
      listener.checked(resultOf(code))
    }
    const atOnce = AT_ONCE[what]
    if (atOnce !== undefined) end(atOnce)
    else if (delay !== undefined)
      this.#clock.setTimeout(() => end(what === 'bad' ? 'L7STS' : 'L7OK'), Number(delay))
    const abort = (): void => {
      if (what !== 'deaf') end(GIVEN_UP[what] ?? 'L7TOUT')
    }
    return { abort }
  }
}

interface Scenario {
  readonly script: string
  readonly options?: Partial<HealthMonitorOptions>
  /** What is done from outside, by time. */
  readonly at?: Readonly<Record<number, (monitor: HealthMonitor) => void>>
  readonly until: number
  /** When checks begin. */
  readonly checks: readonly number[]
  /** Time, state, and the code that decided it. */
  readonly changes: readonly string[]
}

const fullyUp = { initialState: 'fully-up' } as const
const fullyDown = { initialState: 'fully-down' } as const
const paced = { fastIntervalMs: 200, downIntervalMs: 500 }

const scenarios: Readonly<Record<string, Scenario>> = {
  'all is well': { script: 'ok', until: 3000, checks: [0, 1000, 2000, 3000], changes: [] },
  'the first check fails': {
    script: 'refused ok',
    until: 2000,
    checks: [0, 1000, 2000],
    changes: ['0 down L4CON', '2000 up L7OK'],
  },
  'three failures in a row': {
    script: 'refused',
    options: fullyUp,
    until: 3000,
    checks: [0, 1000, 2000, 3000],
    changes: ['2000 down L4CON'],
  },
  'flapping at each check': {
    script: 'refused ok refused ok refused ok',
    options: fullyUp,
    until: 5000,
    checks: [0, 1000, 2000, 3000, 4000, 5000],
    changes: [],
  },
  'flapping, down for two checks of three': {
    script: 'refused refused ok refused refused ok',
    options: fullyUp,
    until: 5000,
    checks: [0, 1000, 2000, 3000, 4000, 5000],
    changes: [],
  },
  'flapping on the way up': {
    script: 'ok refused ok refused ok ok',
    options: fullyDown,
    until: 5000,
    checks: [0, 1000, 2000, 3000, 4000, 5000],
    changes: ['5000 up L7OK'],
  },
  'assumed down, and good at once': {
    script: 'ok',
    options: { initialState: 'down' },
    until: 1000,
    checks: [0, 1000],
    changes: ['0 up L7OK'],
  },
  'assumed down, and bad at first': {
    script: 'refused ok',
    options: { initialState: 'down' },
    until: 2000,
    checks: [0, 1000, 2000],
    changes: ['2000 up L7OK'],
  },
  'going down, looked at faster, then rarely': {
    script: 'ok refused',
    options: { ...paced, ...fullyUp },
    until: 2400,
    checks: [0, 1000, 1200, 1400, 1900, 2400],
    changes: ['1400 down L4CON'],
  },
  'coming up, looked at faster': {
    script: 'refused ok',
    options: { ...paced, ...fullyDown },
    until: 1700,
    checks: [0, 500, 700, 1700],
    changes: ['700 up L7OK'],
  },
  'slow, but in time': { script: 'slow:300', until: 2600, checks: [0, 1300, 2600], changes: [] },
  'too slow': {
    script: 'slow:300',
    options: { timeoutMs: 200 },
    until: 1300,
    checks: [0, 1200],
    changes: ['200 down L7TOUT'],
  },
  'slower and slower': {
    script: 'slow:100 slow:200 slow:400 slow:800',
    options: { timeoutMs: 500, ...fullyUp },
    until: 8000,
    checks: [0, 1100, 2300, 3700, 5200, 6700],
    changes: ['7200 down L7TOUT'],
  },
  'no connection, until it is given up': {
    script: 'hang',
    until: 2000,
    checks: [0, 2000],
    changes: ['1000 down L4TOUT'],
  },
  'no connection, three times': {
    script: 'hang',
    options: fullyUp,
    until: 6000,
    checks: [0, 2000, 4000, 6000],
    changes: ['5000 down L4TOUT'],
  },
  'no connection, then recovery': {
    script: 'hang ok',
    options: { timeoutMs: 500 },
    until: 2500,
    checks: [0, 1500, 2500],
    changes: ['500 down L4TOUT', '2500 up L7OK'],
  },
  'half open: a connection, and no answer': {
    script: 'half-open',
    options: { timeoutMs: 300 },
    until: 1300,
    checks: [0, 1300],
    changes: ['300 down L7TOUT'],
  },
  'half open now and then': {
    script: 'half-open ok half-open ok',
    options: { timeoutMs: 300, ...fullyUp },
    until: 4000,
    checks: [0, 1300, 2300, 3600],
    changes: [],
  },
  'TLS that is not trusted': { script: 'tls', until: 0, checks: [0], changes: ['0 down L6RSP'] },
  'TLS that does not end its handshake': {
    script: 'tls-hang ok',
    options: { timeoutMs: 300 },
    until: 2300,
    checks: [0, 1300, 2300],
    changes: ['300 down L6TOUT', '2300 up L7OK'],
  },
  'a wrong status': { script: 'status', until: 1000, checks: [0, 1000], changes: ['0 down L7STS'] },
  'a wrong status, slowly': {
    script: 'bad:400',
    until: 1400,
    checks: [0, 1400],
    changes: ['400 down L7STS'],
  },
  'a wrong status, then recovery': {
    script: 'status ok',
    until: 2000,
    checks: [0, 1000, 2000],
    changes: ['0 down L7STS', '2000 up L7OK'],
  },
  'something that is no HTTP': { script: 'junk', until: 0, checks: [0], changes: ['0 down L7RSP'] },
  'each failure of another kind': {
    script: 'refused status half-open',
    options: { timeoutMs: 300, ...fullyUp },
    until: 2500,
    checks: [0, 1000, 2000],
    changes: ['2300 down L7TOUT'],
  },
  'on its way out': { script: 'ok leaving', until: 3000, checks: [0, 1000, 2000, 3000], changes: [] },
  'on its way out while down': {
    script: 'leaving leaving ok',
    options: { ...fullyDown, rise: 1 },
    until: 2000,
    checks: [0, 1000, 2000],
    changes: ['2000 up L7OK'],
  },
  'rise and fall of one': {
    script: 'ok refused ok refused ok',
    options: { rise: 1, fall: 1 },
    until: 4000,
    checks: [0, 1000, 2000, 3000, 4000],
    changes: ['1000 down L4CON', '2000 up L7OK', '3000 down L4CON', '4000 up L7OK'],
  },
  'rise of five': {
    script: 'ok',
    options: { rise: 5, ...fullyDown },
    until: 4000,
    checks: [0, 1000, 2000, 3000, 4000],
    changes: ['4000 up L7OK'],
  },
  'a checker that does not listen': {
    script: 'deaf:9999',
    options: { timeoutMs: 300 },
    until: 4000,
    checks: [0],
    changes: ['350 down L7TOUT'],
  },
  'a checker that answers at last': {
    script: 'deaf:2000 ok',
    options: { timeoutMs: 300 },
    until: 3350,
    checks: [0, 2350, 3350],
    changes: ['350 down L7TOUT', '3350 up L7OK'],
  },
  'asked for out of turn': {
    script: 'ok',
    at: { 500: monitor => monitor.trigger('app') },
    until: 1500,
    checks: [0, 500, 1500],
    changes: [],
  },
  'asked for out of turn while a check is under way': {
    script: 'slow:300',
    at: { 100: monitor => monitor.trigger('app') },
    until: 1300,
    checks: [0, 1300],
    changes: [],
  },
  hastened: {
    script: 'ok',
    options: paced,
    at: { 500: monitor => monitor.hasten('app') },
    until: 1700,
    checks: [0, 700, 1700],
    changes: [],
  },
  'marked down by its traffic': {
    script: 'ok',
    at: { 500: monitor => monitor.punish('app', 'mark-down', resultOf('HANA')) },
    until: 2000,
    checks: [0, 1000, 2000],
    changes: ['500 down HANA', '2000 up L7OK'],
  },
  'nearly dead by its traffic, and the next check fails': {
    script: 'ok refused',
    options: paced,
    at: { 500: monitor => monitor.punish('app', 'sudden-death', resultOf('HANA')) },
    until: 1200,
    checks: [0, 700, 1200],
    changes: ['700 down L4CON'],
  },
  'no longer watched in the middle of a check': {
    script: 'slow:300',
    at: { 1400: monitor => monitor.remove('app') },
    until: 9000,
    checks: [0, 1300],
    changes: [],
  },
  'stopped and started': {
    script: 'ok',
    at: { 500: monitor => monitor.stop(), 5000: monitor => void monitor.start() },
    until: 6000,
    checks: [0, 5000, 6000],
    changes: [],
  },
  'with jitter': {
    script: 'ok',
    options: { spread: 0.1, random: () => 0.75 },
    until: 1900,
    checks: [0, 950, 1900],
    changes: [],
  },
}

describe('a target', () => {
  it.each(Object.entries(scenarios))(
    '%s',
    async (_, { script, options, at = {}, until, checks, changes }) => {
      const clock = new VirtualClock()
      const checker = new Scripted(script, clock)
      const monitor = new HealthMonitor({ checker, clock, intervalMs: 1000, ...options })
      const told: string[] = []
      monitor.on('change', (_target, { state, result }) =>
        told.push(`${clock.now()} ${state} ${result?.code}`),
      )
      monitor.add(named('app')).start()
      for (const [time, act] of Object.entries(at)) {
        await clock.advance(Number(time) - clock.now())
        act(monitor)
      }
      await clock.advance(until - clock.now())
      expect({ checks: checker.began, changes: told }).toEqual({ checks, changes })
      expect(checker.mostAtOnce).toBe(1)
      monitor.stop()
    },
  )
  it('is one of at least thirty', () => {
    expect(Object.keys(scenarios).length).toBeGreaterThanOrEqual(30)
  })
})

describe('the burst at the start', () => {
  const firstChecks = async (startSpread: number) => {
    const clock = new VirtualClock()
    const checker = new Scripted('ok', clock)
    const monitor = new HealthMonitor({ checker, clock, intervalMs: 1000, startSpread })
    for (let index = 0; index < 1000; index++) monitor.add(named(`app${index}`))
    monitor.start()
    await clock.advance(1000 * startSpread - 1e-6)
    monitor.stop()
    return checker.began
  }
  it.each([1, 0.5, 0.1])(
    'is spread over %d of the interval: no tenth of it has more than its share',
    async share => {
      const began = await firstChecks(share)
      expect(began).toHaveLength(1000)
      const tenths = Array.from(
        { length: 10 },
        (_, tenth) => began.filter(time => Math.floor(time / (100 * share)) === tenth).length,
      )
      for (const count of tenths) expect(Math.abs(count - 100)).toBeLessThanOrEqual(2)
    },
  )
  it('is a burst where it is not spread', async () => {
    const clock = new VirtualClock()
    const checker = new Scripted('ok', clock)
    const monitor = new HealthMonitor({ checker, clock, startSpread: 0 })
    for (let index = 0; index < 100; index++) monitor.add(named(`app${index}`))
    monitor.start()
    await clock.advance(0)
    expect(checker.began).toHaveLength(100)
  })
})
