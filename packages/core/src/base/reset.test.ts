import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { reset } from './reset.ts'

/** Both ends of a connection. */
async function pair(): Promise<{ ours: Socket; theirs: Socket }> {
  const listener = createServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const accepted = new Promise<Socket>(resolve => listener.once('connection', resolve))
  const theirs = connect({ port, host: '127.0.0.1' })
  const ours = await accepted
  onTestFinished(() => {
    ours.destroy()
    theirs.destroy()
    listener.close()
  })
  return { ours, theirs }
}

test('the other end is told by a reset', async () => {
  const { ours, theirs } = await pair()
  const error = new Promise<NodeJS.ErrnoException>(resolve => theirs.once('error', resolve))
  reset(ours)
  theirs.resume()
  expect((await error).code).toBe('ECONNRESET')
})

test('a socket whose end waits behind what nobody reads is closed too', async () => {
  const { ours } = await pair()
  ours.on('error', () => undefined)
  ours.end(Buffer.alloc(20_000_000))
  const closed = new Promise<void>(resolve => ours.once('close', () => resolve()))
  reset(ours)
  await closed
  expect(ours.destroyed).toBe(true)
})

test('once is enough', async () => {
  const { ours } = await pair()
  reset(ours)
  expect(() => reset(ours)).not.toThrow()
})
