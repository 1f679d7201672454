/** Answers of a hostile server, to every check: bounded in memory and time, and each with a code. */
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { agentCheck } from './agent-check.ts'
import type { Checker } from './contract.ts'
import { dnsCheck } from './dns-check.ts'
import { grpcCheck } from './grpc-check.ts'
import { httpChain } from './http-chain.ts'
import { httpCheck } from './http-check.ts'
import { ldapCheck } from './ldap-check.ts'
import { mysqlCheck } from './mysql-check.ts'
import { pgsqlCheck } from './pgsql-check.ts'
import { redisCheck } from './redis-check.ts'
import { smtpCheck } from './smtp-check.ts'
import { tcpChain } from './tcp-chain.ts'
import { tcpCheck, tlsCheck } from './tcp-check.ts'
import { allClosed, listen, patience, targetOf } from './test-support.ts'
import { websocketCheck } from './websocket-check.ts'

const timeoutMs = 500

const checks: readonly Checker[] = [
  tcpCheck({ timeoutMs }),
  tlsCheck({ timeoutMs }),
  httpCheck({ timeoutMs, expect: { body: /never/ } }),
  httpCheck({ timeoutMs, protocol: 'h2' }),
  httpChain([{ send: {} }, { expect: { rstring: /never/ } }], { timeoutMs }),
  tcpChain([{ expect: { rstring: /never/ } }], { timeoutMs }),
  redisCheck({ timeoutMs }),
  smtpCheck({ timeoutMs }),
  mysqlCheck({ timeoutMs, user: 'x' }),
  pgsqlCheck({ timeoutMs, user: 'x' }),
  ldapCheck({ timeoutMs }),
  grpcCheck({ timeoutMs }),
  dnsCheck({ timeoutMs, transport: 'tcp' }),
  websocketCheck({ timeoutMs }),
  agentCheck({ timeoutMs }),
]

/** As fast as it is taken, until the connection closes, or so many bytes. */
function flood(socket: Socket, piece: Uint8Array, bytes = Number.POSITIVE_INFINITY): void {
  let sent = 0
  const write = (): void => {
    while (sent < bytes && !socket.destroyed) {
      sent += piece.length
      if (!socket.write(piece)) return
    }
    if (!socket.destroyed) socket.end()
  }
  socket.on('drain', write)
  write()
}

/** One byte a turn, as long as the connection lasts. */
function trickle(socket: Socket, bytes: Uint8Array): void {
  let at = 0
  const write = (): void => {
    if (socket.destroyed) return
    socket.write(bytes.subarray(at, at + 1))
    at = (at + 1) % bytes.length
    setImmediate(write)
  }
  write()
}

const megabyte = Buffer.alloc(1 << 20, 'x')
const rubbish = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) & 0xff))
const httpHead = Buffer.from('HTTP/1.1 200 OK\r\n\r\n')
const tlsGarbage = Buffer.concat([Buffer.from('1603030400', 'hex'), rubbish])
const tlsAlert = Buffer.from('15030300020250', 'hex')

const answers: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['100 MB', socket => flood(socket, megabyte, 100 << 20)],
  ['no end', socket => flood(socket, megabyte)],
  ['no end of zeros', socket => flood(socket, Buffer.alloc(1 << 20))],
  ['no end of a body', socket => flood(socket, Buffer.concat([httpHead, megabyte]))],
  ['no end of digits', socket => flood(socket, Buffer.alloc(1 << 20, '220-x\r\n'))],
  ['no end of HTTP/2 frames', socket => flood(socket, Buffer.alloc(9000, '000000040000000000', 'hex'))],
  ['rubbish', socket => flood(socket, rubbish, 1 << 20)],
  ['rubbish, byte by byte', socket => trickle(socket, rubbish)],
  ['a head, byte by byte', socket => trickle(socket, Buffer.concat([httpHead, rubbish]))],
  ['TLS garbage', socket => flood(socket, tlsGarbage, 1 << 16)],
  ['a TLS alert', socket => socket.end(tlsAlert)],
  ['nothing', () => {}],
  ['nothing, and the end', socket => socket.end()],
  ['a reset', socket => socket.resetAndDestroy()],
]

describe.each(answers)('a server that answers with %s', (how, answer) => {
  it('is found to be down, or up, by every check, in time and in little memory', async () => {
    const server = await listen(
      createServer(socket => {
        socket.resume()
        answer(socket)
      }),
    )
    const before = process.memoryUsage().rss
    const startedAt = performance.now()
    const results = await Promise.all(checks.map(check => check.check(targetOf(server), patience())))
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
    const [tcp, ...others] = results
    // A reset may come with the connection.
    expect(tcp?.code).toMatch(how === 'a reset' ? /^L4(OK|CON)$/ : /^L4OK$/)
    const wrong = others.filter(({ ok, code }) => ok && code !== 'CHECKED')
    expect(wrong).toEqual([])
    for (const { code, message } of others) {
      expect(code).toMatch(/^(L4CON|L[67](RSP|TOUT|STS)|CHECKED)$/)
      expect(message).toMatch(/^[^\p{Cc}]{1,300}$/u)
    }
    await allClosed(server)
  })
})
