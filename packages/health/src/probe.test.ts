import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { dial } from './connect.ts'
import type { CheckResult } from './contract.ts'
import { Probe, readProbeSettings } from './probe.ts'
import { allClosed, listen, patience, targetOf } from './test-support.ts'

/** Connect to a server, and then do this. */
async function run(then: (probe: Probe) => void): Promise<CheckResult> {
  const server = await listen(createServer())
  const result = await Probe.run(
    targetOf(server),
    patience(),
    readProbeSettings({}, probe => dial(probe, probe.target, { ready: given => then(given) as undefined })),
  )
  await allClosed(server)
  return result
}

const failing = (error: unknown) => run(probe => probe.fail(error))

describe('a probe', () => {
  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS'])('tells %s, a want on this side', async code => {
    expect(await failing(Object.assign(new Error('no'), { code }))).toMatchObject({ code: 'SOCKERR' })
  })
  it.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'])('tells %s from that', async code => {
    const result = await failing(Object.assign(new Error('no'), { code }))
    expect(result).toMatchObject({ code: 'L4CON', message: `connecting: ${code}: no` })
  })
  it.each([
    ['a text', 'odd', 'connecting: odd'],
    ['nothing', undefined, 'connecting: undefined'],
    ['lines', new Error('one\n  two\n'), 'connecting: one two'],
  ])('describes an error that is %s', async (_, error, message) => {
    expect(await failing(error)).toMatchObject({ code: 'L4CON', message })
  })
  it('ends once, with what came first', async () => {
    const result = await run(probe => {
      probe.enter('L7')
      probe.end('L7STS', 'first', { status: 500 })
      probe.succeed('second')
      probe.fail(new Error('third'))
    })
    expect(result).toMatchObject({ ok: false, code: 'L7STS', status: 500, message: 'first' })
  })
  it('a checker that throws once connected is a result', async () => {
    const result = await run(() => {
      throw new Error('a bug')
    })
    expect(result).toMatchObject({ ok: false, code: 'SOCKERR', message: 'a bug' })
  })
})
