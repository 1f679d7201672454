import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Keeper } from './keeper.ts'

const forever = { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }

test('what a keeper started is gone after close, and so are its files', async () => {
  const keeper = new Keeper()
  const directory = keeper.directory()
  writeFileSync(join(directory, 'file'), '')
  const kept = keeper.start(forever)
  keeper.close()
  expect(await kept.ended).toBe('signal SIGKILL')
  expect(existsSync(directory)).toBe(false)
})

test('a program that cannot be started is told, not thrown', async () => {
  const keeper = new Keeper()
  const kept = keeper.start({ command: '/does/not/exist', args: [] })
  expect(await kept.ended).toMatch(/ENOENT|exit code 127/)
  keeper.close()
})

test('what a program writes is kept', async () => {
  const keeper = new Keeper()
  const args = ['-e', 'console.log("said"); console.error("complained"); process.exit(3)']
  const kept = keeper.start({ command: process.execPath, args })
  expect(await kept.ended).toBe('exit code 3')
  expect(kept.output()).toBe('said\n')
  expect(kept.complaints()).toBe('complained')
  keeper.close()
})
