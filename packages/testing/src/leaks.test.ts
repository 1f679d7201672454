import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeServer } from './fake-server/fake-server.ts'
import { leaks, resourceDiff, resourceSnapshot } from './leaks.ts'
import { rawClient } from './raw-client/raw-client.ts'

test('a socket left open is counted, and no more once it is closed', async () => {
  const server = await fakeServer()
  const watch = leaks()
  const client = await rawClient({ port: server.port })
  client.socket.unref()
  await server.waitFor(({ openConnections }) => openConnections === 1)
  if (existsSync('/proc/self/fd')) expect(watch.growth()).toMatchObject({ 'socket descriptor': 2 })
  await expect(watch.none({ timeoutMs: 0 })).rejects.toThrow('left behind: ')
  client.destroy()
  await watch.none()
  await server.close()
})

test('a timer left running is counted by its kind', () => {
  const before = resourceSnapshot()
  const timer = setTimeout(() => {}, 60_000)
  expect(resourceDiff(before, resourceSnapshot())).toMatchObject({ Timeout: 1 })
  clearTimeout(timer)
  expect(resourceDiff(before, resourceSnapshot()).Timeout).toBeUndefined()
})

test('a listener left on a given emitter is counted', async () => {
  const emitter = new EventEmitter()
  const watch = leaks([emitter])
  const listener = () => {}
  emitter.on('change', listener)
  expect(watch.growth()).toMatchObject({ listener: 1 })
  emitter.off('change', listener)
  await watch.none()
})

test('the difference has what grew and what shrank, and nothing else', () => {
  expect(resourceDiff({ a: 1, b: 2, c: 3 }, { a: 1, b: 5, d: 1 })).toEqual({ b: 3, c: -3, d: 1 })
})
