/** Sockets whose sides end each by itself, as a proxy's do: who leaves in the handshake has left all the same. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authority, bundle, listening, make, until } from './testing/world.ts'

async function halfOpenDoor() {
  const termination = make({ certificates: bundle('a.test') })
  const failures: string[] = []
  const secure: TLSSocket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    termination.accept(
      socket,
      tls => {
        secure.push(tls)
        tls.on('error', () => {})
      },
      ({ reason }) => failures.push(reason),
    )
  })
  return { port: await listening(server), termination, failures, secure }
}

describe('a half-open socket', () => {
  it.each([
    ['before it said anything', Buffer.alloc(0)],
    ['in its ClientHello', Buffer.of(22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3)],
  ])('is given up where the client ends %s', async (_, said) => {
    const { port, failures, termination } = await halfOpenDoor()
    const client = connect(port, '127.0.0.1', () => client.end(said))
    client.on('error', () => {}).resume()
    await until(() => failures.length === 1)
    expect(failures).toEqual(['closed'])
    expect(termination.counters.now).toBe(0)
  })

  it('is given up where the client leaves behind the server’s part of the handshake', async () => {
    const { port, failures, secure } = await halfOpenDoor()
    const client = connectTls({ port, host: '127.0.0.1', servername: 'a.test', ca: authority.cert })
    client.on('error', () => {})
    // What would end the handshake for the server is not sent any more.
    client.once('secureConnect', () => client.destroy())
    await until(() => failures.length + secure.length === 1)
    expect(failures).toEqual(['closed'])
  })

  it('stays half-open behind the handshake', async () => {
    const { port, secure } = await halfOpenDoor()
    const client = connectTls({ port, host: '127.0.0.1', servername: 'a.test', ca: authority.cert })
    client.allowHalfOpen = true
    await once(client, 'secureConnect')
    client.end('question')
    await until(() => secure.length === 1)
    const [socket] = secure as [TLSSocket]
    let heard = ''
    for await (const piece of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) heard += piece
    expect([heard, socket.writable]).toEqual(['question', true])
    socket.end('answer')
    const [answer] = (await once(client, 'data')) as [Buffer]
    expect(answer.toString()).toBe('answer')
  })
})
