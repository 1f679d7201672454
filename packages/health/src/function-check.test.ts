import { describe, expect, it } from 'vitest'
import { type CheckFunction, functionCheck } from './function-check.ts'
import { named, patience, VirtualClock } from './test-support.ts'

describe('a check by a function', () => {
  it.each<[CheckFunction, object]>([
    [() => true, { ok: true, code: 'L7OK' }],
    [() => false, { ok: false, code: 'L7STS' }],
    [async ({ id }) => `${id} is\nsick`, { code: 'L7STS', message: 'a is sick' }],
    [() => ({ ok: true, message: 'well', status: 3 }), { code: 'L7OK', message: 'well', status: 3 }],
    [async () => ({ ok: false }), { code: 'L7STS', message: 'not as expected' }],
    [() => ({ ok: true }), { code: 'L7OK', message: 'as expected' }],
    [
      () => {
        throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
      },
      { code: 'L7RSP', message: 'waiting for the function: ECONNREFUSED: no' },
    ],
    [() => Promise.reject('no'), { code: 'L7RSP' }],
    [() => undefined as never, { code: 'SOCKERR' }],
    [() => null as never, { code: 'SOCKERR' }],
    [() => ({ fine: true }) as never, { code: 'SOCKERR' }],
  ])('%s', async (find, result) => {
    expect(await functionCheck(find).check(named('a'), patience())).toMatchObject(result)
  })
  it('tells the function when nobody waits for it any more', async () => {
    const clock = new VirtualClock()
    let signal: AbortSignal | undefined
    const find: CheckFunction = (_, given) => {
      signal = given
      return new Promise(() => {})
    }
    const checking = functionCheck(find, { clock, timeoutMs: 100 }).check(named('a'), patience())
    expect(signal?.aborted).toBe(false)
    clock.advanceNow(100)
    expect(await checking).toMatchObject({ code: 'L7TOUT', durationMs: 100 })
    expect(signal?.aborted).toBe(true)
  })
  it('has a name of its own, if given', () => {
    expect([functionCheck(() => true).name, functionCheck(() => true, { name: 'db' }).name]).toEqual([
      'function',
      'db',
    ])
  })
  it.each([
    [7, {}],
    [() => true, { name: '' }],
    [() => true, { label: 'x' }],
  ])('refuses %s with %j', (find, options) => {
    expect(() => functionCheck(find as never, options as never)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
    )
  })
})
