import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { FileWatch } from './file-watch.ts'
import { folder, HandClock } from './testing/world.ts'

const problems = vi.hoisted(() => ({ watch: undefined as ((...given: unknown[]) => unknown) | undefined }))
vi.mock('node:fs', async original => {
  const real = await original<typeof import('node:fs')>()
  return { ...real, watch: (...given: never[]) => (problems.watch ?? (real.watch as never))(...given) }
})

describe('a watch on files', () => {
  it('tells once for many hints, and again for later ones', () => {
    const clock = new HandClock()
    let told = 0
    const watch = new FileWatch(
      [],
      100,
      clock,
      () => told++,
      () => {},
    )
    watch.hint()
    clock.advance(50)
    watch.hint()
    clock.advance(50)
    expect(told).toBe(1)
    watch.hint()
    watch.close()
    watch.hint()
    clock.advance(1000)
    expect(told).toBe(1)
    expect(watch.arm()).toBe(false)
  })
  it('says whether folders have come that were not watched', () => {
    const path = join(folder(), 'a.pem')
    const watch = new FileWatch(
      [path],
      1,
      new HandClock(),
      () => {},
      () => {},
    )
    expect(watch.arm()).toBe(true)
    expect(watch.arm()).toBe(false)
    writeFileSync(path, '')
    expect(watch.arm()).toBe(false)
    watch.close()
  })
  it('says what it cannot watch, at once or later', () => {
    const path = folder()
    const told: string[] = []
    const watch = new FileWatch(
      [join(path, 'a')],
      1,
      new HandClock(),
      () => {},
      (where, reason) => told.push(`${where} ${reason}`),
    )
    problems.watch = () => {
      throw new Error('too many watches')
    }
    expect(watch.arm()).toBe(false)
    let fail: (error: Error) => void = () => {}
    problems.watch = () => ({ on: (_: string, listener: typeof fail) => (fail = listener), close: () => {} })
    expect(watch.arm()).toBe(true)
    fail(new Error('gone'))
    problems.watch = undefined
    watch.close()
    expect(told).toEqual([`${path} too many watches`, `${path} gone`])
  })
})
