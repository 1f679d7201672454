import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expectEventually } from '@evener/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { chatServer, createGateway } from '../src/main.ts'

let servers: Awaited<ReturnType<typeof chatServer>>[]
let gateway: ReturnType<typeof createGateway>

beforeEach(async () => {
  servers = [await chatServer('chat1'), await chatServer('chat2')]
  gateway = createGateway(servers.map(({ options }) => options))
  gateway.server.listen(0, '127.0.0.1')
  await once(gateway.server, 'listening')
})

afterEach(async () => {
  await gateway.close()
  for (const server of servers) server.close()
})

/** A client, and the server that welcomed it. */
async function join() {
  const socket = new WebSocket(`ws://127.0.0.1:${(gateway.server.address() as AddressInfo).port}/`)
  const [welcome] = await once(socket, 'message')
  return { socket, server: String(welcome).slice('welcome to '.length) }
}

test('messages pass both ways, and stay with one server', async () => {
  const { socket, server } = await join()
  for (const text of ['hello', 'again']) {
    socket.send(text)
    expect(String((await once(socket, 'message'))[0])).toBe(`${server}: ${text}`)
  }
})

test('a new client goes to the server with the fewest connections', async () => {
  const clients = [await join(), await join(), await join(), await join()]
  const joined = (id: string) => clients.filter(({ server }) => server === id)
  expect([joined('chat1').length, joined('chat2').length]).toEqual([2, 2])

  const chat1 = gateway.backend.server('chat1')
  for (const { socket } of joined('chat1')) socket.close()
  await expectEventually(() => chat1?.counters.requestsNow === 0)
  expect([(await join()).server, (await join()).server]).toEqual(['chat1', 'chat1'])
})

test('when the gateway closes, so do its clients', async () => {
  const { socket } = await join()
  const closed = once(socket, 'close')
  await gateway.close()
  expect((await closed)[0]).toBe(1001)
  expect(socket.readyState).toBe(WebSocket.CLOSED)
})
