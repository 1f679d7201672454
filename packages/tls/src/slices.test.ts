import { describe, expect, it } from 'vitest'
import { atOnce, inSlices } from './slices.ts'

function* count(to: number, step: () => void): Generator<void, number> {
  for (let index = 0; index < to; index++) {
    step()
    yield
  }
  return to
}

describe('long work', () => {
  it('may be done at once', () => {
    let steps = 0
    expect(atOnce(count(5, () => steps++))).toBe(5)
    expect(steps).toBe(5)
  })
  it('lets others have a turn after each slice', async () => {
    let time = 0
    const turns: number[] = []
    let done = false
    const watch = () => {
      turns.push(time)
      if (!done) setImmediate(watch)
    }
    setImmediate(watch)
    await inSlices(
      count(10, () => (time += 2)),
      () => time,
      5,
    )
    done = true
    expect(turns.slice(0, 3)).toEqual([6, 12, 18])
  })
})
