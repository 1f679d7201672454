import { expect, test } from 'vitest'
import { type LineWriter, Pending, type Written } from './pending.ts'
import { ManualClock } from './test-support.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

function world(maxBufferedBytes = 4096) {
  const clock = new ManualClock()
  const batches: string[] = []
  const done: ((written: Written) => void)[] = []
  let closed = 0
  const writer: LineWriter = {
    write: (lines, told) => {
      batches.push(lines.join(' '))
      done.push(told)
    },
    close: () => {
      closed++
    },
  }
  const pending = new Pending({ writer, clock, maxBufferedBytes, note: dropped => `dropped ${dropped}` })
  const push = (...lines: string[]) => {
    for (const line of lines) pending.push(line)
  }
  const end = (written: Written) => done.shift()?.(written)
  return { clock, batches, pending, push, end, closed: () => closed }
}

test('lines of one turn go in one batch, and what comes meanwhile in the next', async () => {
  const { batches, push, end, pending } = world()
  push('a', 'b')
  expect(batches).toEqual([])
  await turn()
  expect(batches).toEqual(['a b'])
  push('c')
  await turn()
  push('d')
  expect(batches).toEqual(['a b'])
  end({ lost: 0 })
  expect(batches).toEqual(['a b', 'c d'])
  end({ lost: 0 })
  push('e')
  await turn()
  expect(batches[2]).toBe('e')
  end({ lost: 0 })
  expect(pending.written).toBe(5)
})

test('a line that finds no room is dropped and counted, and the next batch begins with how many were', async () => {
  const { batches, push, end, pending } = world(100)
  push('a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30))
  await turn()
  push('d'.repeat(30))
  expect(pending.dropped).toBe(2)
  end({ lost: 0 })
  expect(batches[1]).toBe('dropped 2')
  push('e')
  end({ lost: 0 })
  expect(batches[2]).toBe('e')
  end({ lost: 0 })
  expect(pending.written).toBe(4)
})

test('what fails is lost and told; writing is tried again later, and each time later', async () => {
  const { batches, push, end, clock, pending } = world()
  push('a', 'b')
  await turn()
  const broken = new Error('broken')
  end({ lost: 2, error: broken })
  expect(pending).toMatchObject({ written: 0, dropped: 2, lastError: broken })
  push('c')
  await turn()
  clock.advance(99)
  expect(batches).toHaveLength(1)
  clock.advance(1)
  expect(batches[1]).toBe('c')
  end({ lost: 0, kept: true, error: broken })
  push('d')
  clock.advance(199)
  expect(batches).toHaveLength(2)
  clock.advance(1)
  expect(batches[2]).toBe('c d')
  end({ lost: 0 })
  expect(batches[3]).toBe('dropped 2')
  end({ lost: 0 })
  expect(pending).toMatchObject({ written: 3, dropped: 2 })
})

test('the pause grows to half a minute, and begins anew after a success', async () => {
  const { push, end, clock, batches } = world()
  push('a')
  await turn()
  const pauses: (number | undefined)[] = []
  for (let round = 0; round < 12; round++) {
    end({ lost: 0, kept: true, error: new Error('broken') })
    pauses.push(clock.nextInMs)
    clock.advance(clock.nextInMs ?? 0)
  }
  expect(pauses.slice(0, 3)).toEqual([100, 200, 400])
  expect(pauses.at(-1)).toBe(30_000)
  end({ lost: 0 })
  push('b')
  await turn()
  expect(batches.at(-1)).toBe('b')
  end({ lost: 1, error: new Error('broken') })
  expect(clock.nextInMs).toBe(100)
  clock.advance(100)
})

test('close writes what is left, then closes the writer; what comes later is dropped', async () => {
  const { push, end, pending, closed, clock } = world()
  push('a')
  const closing = pending.close()
  await pending.close()
  push('b')
  end({ lost: 0 })
  await closing
  expect(closed()).toBe(1)
  expect(pending).toMatchObject({ written: 1, dropped: 1 })
  expect(clock.pending).toBe(0)
  await turn()
})

test('close with nothing left is done at once, and waits for a batch that is under way', async () => {
  const idle = world()
  await idle.pending.close()
  expect(idle.closed()).toBe(1)
  const busy = world()
  busy.push('a')
  await turn()
  const closing = busy.pending.close()
  expect(busy.closed()).toBe(0)
  busy.end({ lost: 0 })
  await closing
  expect(busy.closed()).toBe(1)
})

test('close gives up after two seconds, and what was left counts as dropped', async () => {
  const { push, pending, closed, clock, end } = world()
  push('a')
  await turn()
  push('b', 'c')
  const closing = pending.close()
  clock.advance(1999)
  expect(closed()).toBe(0)
  clock.advance(1)
  await closing
  expect(closed()).toBe(1)
  expect(pending).toMatchObject({ written: 0, dropped: 3 })
  end({ lost: 0 })
  expect(pending.written).toBe(0)
})

test('close during a pause tries once more within its time', async () => {
  const { push, pending, clock, end, batches } = world()
  push('a')
  await turn()
  end({ lost: 0, kept: true, error: new Error('broken') })
  const closing = pending.close()
  clock.advance(100)
  expect(batches).toEqual(['a', 'a'])
  end({ lost: 0 })
  await closing
  expect(pending).toMatchObject({ written: 1, dropped: 0 })
})
