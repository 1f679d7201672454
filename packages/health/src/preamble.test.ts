/** Checks of targets that expect bytes in front of all else: a PROXY header. */
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import type { Checker, Target } from './contract.ts'
import { httpCheck } from './http-check.ts'
import { HealthMonitor } from './monitor.ts'
import { tcpCheck } from './tcp-check.ts'
import { certificate, key, listen, patience, targetOf } from './test-support.ts'

const preamble = Buffer.from('PROXY UNKNOWN\r\n')

/** A server that wants the preamble, then TLS or none, and answers what follows. */
async function server(secure: boolean) {
  const heard: string[] = []
  const listening = await listen(
    createServer(socket => {
      socket.on('error', () => undefined)
      socket.once('readable', () => {
        const head = socket.read(preamble.length) as Buffer | null
        heard.push(String(head))
        if (String(head) !== String(preamble)) socket.destroy()
        else if (secure) answer(secured(socket))
        else answer(socket)
      })
    }),
  )
  return { heard, target: (more: Partial<Target> = {}) => targetOf(listening, more) }
}

function secured(socket: Socket): Socket {
  const secureContext = createSecureContext({ cert: certificate, key })
  return new TLSSocket(socket, { isServer: true, secureContext })
}

function answer(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
}

const checks: readonly (readonly [string, Checker, boolean, string])[] = [
  ['TCP', tcpCheck(), false, 'L4OK'],
  ['TCP with TLS', tcpCheck(), true, 'L6OK'],
  ['HTTP', httpCheck(), false, 'L7OK'],
  ['HTTP with TLS', httpCheck(), true, 'L7OK'],
]

it.each(checks)('a check by %s begins with it', async (_, checker, secure, code) => {
  const { heard, target } = await server(secure)
  const tls = secure ? { ca: certificate } : undefined
  expect(await checker.check(target({ preamble, tls }), patience())).toMatchObject({ code })
  await expect.poll(() => heard).toEqual([String(preamble)])
})

it('a handshake that fails behind it is L6RSP, as ever', async () => {
  const { target } = await server(false)
  const result = await tcpCheck().check(target({ preamble, tls: { ca: certificate } }), patience())
  expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
})

it.each([
  ['without TLS', {}],
  ['with TLS', { tls: {} }],
])('nobody there is L4CON, as ever: %s', async (_, more) => {
  const target = { id: 'gone', host: '127.0.0.1', port: 1, preamble, ...more }
  expect(await httpCheck().check(target, patience())).toMatchObject({ ok: false, code: 'L4CON' })
})

it.each([
  ['preamble', 'that is no bytes', 'PROXY'],
  ['seen', 'that is no function', { state: 'UP' }],
])('a %s %s is refused', (name, _, value) => {
  const monitor = new HealthMonitor({ checker: tcpCheck() })
  const add = () => monitor.add({ id: 'a', host: 'a', port: 1, [name]: value as never })
  expect(add).toThrow(`target.${name} of a`)
})
