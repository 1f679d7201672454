/** Checks without promise and signal: what a monitor uses where a checker offers it. */
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Checker, CheckResult } from './contract.ts'
import { httpCheck } from './http-check.ts'
import { HealthMonitor } from './monitor.ts'
import { tcpCheck } from './tcp-check.ts'
import {
  allClosed,
  deadTarget,
  listen,
  named,
  rawServer,
  resultOf,
  targetOf,
  VirtualClock,
} from './test-support.ts'

const begun = (checker: Checker, target: Parameters<Checker['check']>[0], abortAfter?: Promise<unknown>) =>
  new Promise<CheckResult>(resolve => {
    const running = checker.begin?.(target, { checked: resolve })
    abortAfter?.then(() => running?.abort(new Error('enough')))
  })

describe('a check begun with a listener', () => {
  it('tells it what it found', async () => {
    const server = await rawServer(socket => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    expect(await begun(httpCheck(), targetOf(server))).toMatchObject({ ok: true, code: 'L7OK', status: 200 })
    expect(await begun(tcpCheck(), targetOf(server))).toMatchObject({ ok: true, code: 'L4OK' })
    expect(await begun(tcpCheck(), await deadTarget())).toMatchObject({ ok: false, code: 'L4CON' })
  })
  it('tells it, too, when it is given up', async () => {
    const server = await listen(createServer())
    const result = await begun(httpCheck(), targetOf(server), Promise.resolve())
    expect(result).toMatchObject({ ok: false, code: 'L4TOUT', message: 'connecting: enough' })
    await allClosed(server)
  })
})

describe('a monitor with such a checker', () => {
  const world = (begin: NonNullable<Checker['begin']>) => {
    const clock = new VirtualClock()
    const check = () => Promise.reject(new Error('not asked'))
    const monitor = new HealthMonitor({ checker: { name: 'direct', check, begin }, clock, fall: 2 })
    const found: string[] = []
    monitor.on('result', (_, { code, message }) => found.push(`${clock.now()} ${code} ${message}`))
    monitor.add(named('a')).start()
    return { clock, monitor, found }
  }
  it('may be told before the check has begun to its end', async () => {
    const { clock, found } = world((_, listener) => {
      listener.checked(resultOf('L4OK'))
      return { abort: () => {} }
    })
    await clock.advance(4000)
    expect(found).toEqual(['0 L4OK L4OK', '2000 L4OK L4OK', '4000 L4OK L4OK'])
  })
  it('takes one that throws for failed', async () => {
    const { clock, monitor, found } = world(() => {
      throw new Error('a bug')
    })
    await clock.advance(0)
    expect(found).toEqual(['0 SOCKERR the checker failed: Error: a bug'])
    expect(monitor.state('a')).toBe('down')
  })
  it('aborts it when its time is up, and when it is watched no longer', async () => {
    const aborted: string[] = []
    const { clock, monitor, found } = world((_, listener) => ({
      abort: reason => {
        aborted.push(`${clock.now()} ${reason.message}`)
        listener.checked(resultOf('L4TOUT'))
      },
    }))
    await clock.advance(2500)
    expect(found).toEqual(['2000 L4TOUT L4TOUT'])
    await clock.advance(2000)
    monitor.remove('a')
    await clock.advance(10_000)
    expect(aborted).toEqual([
      '2000 the check took longer than timeoutMs',
      '4500 the target is no longer checked',
    ])
    expect(found).toHaveLength(1)
  })
})
