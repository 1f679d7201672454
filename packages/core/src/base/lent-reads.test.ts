/** The way of reading that a small request's cost rests on: that this Node still has it, for plain and TLS sockets. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { expectEventually, testCertificate } from '@evener/testing'
import { expect, onTestFinished, test } from 'vitest'
import { lendReads } from './lent-reads.ts'
import { ReadMemory } from './read-memory.ts'

const { key, cert } = testCertificate

/** An accepted socket and the client at its other end. */
async function joined(secure: boolean): Promise<{ accepted: Socket; client: Socket }> {
  const server = secure
    ? createTlsServer({ key, cert, allowHalfOpen: true })
    : createServer({ allowHalfOpen: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const to = { port, host: '127.0.0.1', rejectUnauthorized: false }
  const arrived = once(server, secure ? 'secureConnection' : 'connection')
  const client = secure ? connectTls(to) : connect(to)
  const [accepted] = (await arrived) as [Socket]
  onTestFinished(() => {
    client.destroy()
    accepted.destroy()
    server.close()
  })
  return { accepted, client }
}

const kinds = [
  ['a plain socket', false],
  ['a TLS socket', true],
] as const

test.each(kinds)('%s is read into the memory given, and tells of its end', async (_, secure) => {
  const { accepted, client } = await joined(secure)
  const memory = new ReadMemory()
  let text = ''
  const lent = lendReads(accepted, memory, (buffer, end) => {
    expect(buffer).toBe(memory.next)
    text += buffer.toString('latin1', 0, end)
    return true
  })
  expect(lent).toBe(true)
  const ended = once(accepted, 'end')
  accepted.resume()
  client.write('hello, ')
  client.end('server')
  await ended
  expect(text).toBe('hello, server')
})

test.each(kinds)('%s that is told to hold back does so until it is resumed', async (_, secure) => {
  const { accepted, client } = await joined(secure)
  let bytes = 0
  expect(
    lendReads(accepted, new ReadMemory(), (_buffer, end) => {
      bytes += end
      return false
    }),
  ).toBe(true)
  accepted.resume()
  client.write(Buffer.alloc(100_000))
  await expectEventually(() => expect(bytes).toBeGreaterThan(0))
  const { pause } = accepted
  expect(pause.call(accepted).isPaused()).toBe(true)
  while (bytes < 100_000) {
    const before = bytes
    accepted.resume()
    await expectEventually(() => expect(bytes).toBeGreaterThan(before))
  }
})

test('a socket of which something was read already, or that is lent, or destroyed, is left as it was', async () => {
  const { accepted, client } = await joined(false)
  const never = () => true
  client.write('early')
  await once(accepted, 'readable')
  expect(lendReads(accepted, new ReadMemory(), never)).toBe(false)
  expect(String(accepted.read())).toBe('early')
  expect(lendReads(accepted, new ReadMemory(), never)).toBe(true)
  expect(lendReads(accepted, new ReadMemory(), never)).toBe(false)
  accepted.destroy()
  expect(lendReads(accepted, new ReadMemory(), never)).toBe(false)
})
