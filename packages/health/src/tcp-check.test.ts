import { getEventListeners, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tcpCheck } from './tcp-check.ts'
import {
  allClosed,
  certificate,
  deadTarget,
  key,
  listen,
  patience,
  rawServer,
  targetOf,
  VirtualClock,
} from './test-support.ts'

const tlsServer = () => listen(createTlsServer({ cert: certificate, key }))
const trusting = { ca: certificate }

describe('a TCP check', () => {
  it('of a listening server is L4OK', async () => {
    const server = await listen(createServer())
    const result = await tcpCheck().check(targetOf(server), patience())
    expect(result).toMatchObject({ ok: true, code: 'L4OK', message: 'connected', status: undefined })
    expect(result.durationMs).toBeGreaterThan(0)
    await allClosed(server)
  })
  it.each([
    [{}, 'end'],
    [{ closesWithReset: true }, 'ECONNRESET'],
  ])('with %j ends its connection so that the server sees %s', async (options, expected) => {
    const server = await listen(createServer(socket => socket.resume()))
    const seen = new Promise(resolve => {
      server.on('connection', socket => {
        socket.on('end', () => resolve('end'))
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      })
    })
    await tcpCheck(options).check(targetOf(server), patience())
    expect(await seen).toBe(expected)
  })
  it('of a port where nobody listens is L4CON', async () => {
    const result = await tcpCheck().check(await deadTarget(), patience())
    expect(result).toMatchObject({ ok: false, code: 'L4CON' })
    expect(result.message).toMatch(/^connecting: connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
  })
  it('works over IPv6', async () => {
    const server = await listen(createServer(), { host: '::1' })
    expect(await tcpCheck().check(targetOf(server), patience())).toMatchObject({ code: 'L4OK' })
  })
  it('looks up names, and names what was tried where none answers', async () => {
    const server = await listen(createServer())
    const { port } = targetOf(server)
    const check = () => tcpCheck().check({ id: 'app', host: 'localhost', port }, patience())
    expect(await check()).toMatchObject({ code: 'L4OK' })
    await allClosed(server)
    const result = await check()
    expect(result.code).toBe('L4CON')
    expect(result.message).toContain('ECONNREFUSED')
  })
  it('works on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'evener-health-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const server = createServer().listen(path)
    await once(server, 'listening')
    const target = { id: 'app', host: '', port: 0, path }
    expect(await tcpCheck().check(target, patience())).toMatchObject({ code: 'L4OK' })
    const resetting = tcpCheck({ closesWithReset: true })
    expect(await resetting.check(target, patience())).toMatchObject({ code: 'L4OK' })
    await allClosed(server)
    expect(await tcpCheck().check(target, patience())).toMatchObject({ code: 'L4CON' })
  })
  it('of a target that cannot be is SOCKERR and no exception', async () => {
    const result = await tcpCheck().check({ id: 'app', host: '127.0.0.1', port: 99_999 }, patience())
    expect(result).toMatchObject({ ok: false, code: 'SOCKERR' })
    expect(result.message).toContain('ERR_SOCKET_BAD_PORT')
  })
})

describe('a TCP check over TLS', () => {
  it('of a trusted server is L6OK', async () => {
    const server = await tlsServer()
    const result = await tcpCheck().check(targetOf(server, { tls: trusting }), patience())
    expect(result).toMatchObject({ ok: true, code: 'L6OK', message: 'TLS handshake done' })
    await allClosed(server)
  })
  it('lets the server see a whole handshake, not a failed one', async () => {
    const server = await tlsServer()
    const seen: string[] = []
    server.on('secureConnection', () => seen.push('handshake'))
    server.on('tlsClientError', error => seen.push(error.message))
    await tcpCheck().check(targetOf(server, { tls: trusting }), patience())
    await allClosed(server)
    expect(seen).toEqual(['handshake'])
  })
  it('sends the name and verifies it', async () => {
    const server = await tlsServer()
    const names: unknown[] = []
    server.on('secureConnection', socket => names.push((socket as { servername?: string }).servername))
    const good = { ...trusting, servername: 'app.test' }
    expect(await tcpCheck().check(targetOf(server, { tls: good }), patience())).toMatchObject({
      code: 'L6OK',
    })
    const other = { ...trusting, servername: 'other.test' }
    const result = await tcpCheck().check(targetOf(server, { tls: other }), patience())
    expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
    expect(result.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
    await allClosed(server)
    expect(names[0]).toBe('app.test')
  })
  it('of a server nobody vouches for is L6RSP, unless told not to verify', async () => {
    const server = await tlsServer()
    const result = await tcpCheck().check(targetOf(server, { tls: {} }), patience())
    expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
    expect(result.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    const unverified = targetOf(server, { tls: { rejectUnauthorized: false } })
    expect(await tcpCheck().check(unverified, patience())).toMatchObject({ code: 'L6OK' })
  })
  it('of a server that speaks something else is L6RSP', async () => {
    const server = await rawServer(socket => socket.end('220 mail.test ESMTP\r\n'))
    const result = await tcpCheck().check(targetOf(server, { tls: trusting }), patience())
    expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
    expect(result.message).toMatch(/^TLS handshake: [^\n]{1,200}$/)
    await allClosed(server)
  })
  it.each(['resetAndDestroy', 'destroy'] as const)('of a server that hangs up by %s is L6RSP', async how => {
    const server = await rawServer(socket => socket[how]())
    const result = await tcpCheck().check(targetOf(server, { tls: trusting }), patience())
    expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
  })
  it('of a port where nobody listens is L4CON', async () => {
    const target = { ...(await deadTarget()), tls: trusting }
    expect(await tcpCheck().check(target, patience())).toMatchObject({ code: 'L4CON' })
  })
  it('with authorities that are none trusts nobody', async () => {
    const server = await tlsServer()
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
    const result = await tcpCheck().check(targetOf(server, { tls: { ca: broken } }), patience())
    expect(result).toMatchObject({ ok: false, code: 'L6RSP' })
  })
})

describe('a TCP check that is aborted', () => {
  it('before it begins opens no connection', async () => {
    const server = await listen(createServer())
    let connections = 0
    server.on('connection', () => connections++)
    const result = await tcpCheck().check(targetOf(server), AbortSignal.abort())
    expect(result).toMatchObject({ ok: false, code: 'L4TOUT' })
    await allClosed(server)
    expect(connections).toBe(0)
  })
  it('while connecting is L4TOUT and leaves no socket', async () => {
    const server = await listen(createServer())
    const controller = new AbortController()
    const checking = tcpCheck().check(targetOf(server), controller.signal)
    controller.abort(new DOMException('too slow', 'TimeoutError'))
    expect(await checking).toMatchObject({ ok: false, code: 'L4TOUT', message: 'connecting: too slow' })
    await allClosed(server)
  })
  it('during the TLS handshake is L6TOUT and leaves no socket', async () => {
    const controller = new AbortController()
    const server = await rawServer(() => controller.abort('why not'))
    const result = await tcpCheck().check(targetOf(server, { tls: trusting }), controller.signal)
    expect(result).toMatchObject({ ok: false, code: 'L6TOUT', message: 'TLS handshake: why not' })
    await allClosed(server)
  })
  it('after its end changes nothing', async () => {
    const server = await listen(createServer())
    const controller = new AbortController()
    const result = await tcpCheck().check(targetOf(server), controller.signal)
    controller.abort()
    expect(result.code).toBe('L4OK')
  })
  it('leaves no listener on a signal that is used again', async () => {
    const server = await listen(createServer())
    const signal = patience()
    for (let count = 0; count < 20; count++) await tcpCheck().check(targetOf(server), signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('a TCP check with a time of its own', () => {
  it('ends by itself, at the layer it reached', async () => {
    const clock = new VirtualClock()
    const check = tcpCheck({ timeoutMs: 500, clock })
    const server = await rawServer(() => clock.advanceNow(500))
    const connecting = check.check(targetOf(server), patience())
    clock.advanceNow(500)
    expect(await connecting).toEqual({
      ok: false,
      code: 'L4TOUT',
      message: 'connecting: longer than 500 ms',
      status: undefined,
      durationMs: 500,
    })
    const shakingHands = check.check(targetOf(server, { tls: trusting }), patience())
    expect(await shakingHands).toMatchObject({ code: 'L6TOUT', durationMs: 500 })
    await allClosed(server)
    expect(clock.pending).toBe(0)
  })
  it('leaves no timer when it ends before', async () => {
    const clock = new VirtualClock()
    const server = await listen(createServer())
    await tcpCheck({ timeoutMs: 500, clock }).check(targetOf(server), patience())
    expect(clock.pending).toBe(0)
  })
  it.each([{ timeoutMs: 0 }, { timeoutMs: -1 }, { clock: {} }, { timeout: 5 }, { closesWithReset: 1 }])(
    'refuses %j',
    options => {
      expect(() => tcpCheck(options as never)).toThrow(
        expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
      )
    },
  )
})

it('a thousand checks leave nothing behind', async () => {
  const server = await listen(createServer({ noDelay: true }))
  const sockets = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length
  const before = sockets()
  const check = tcpCheck()
  for (let round = 0; round < 10; round++) {
    const results = await Promise.all(
      Array.from({ length: 100 }, () => check.check(targetOf(server), patience())),
    )
    expect(results.filter(({ code }) => code !== 'L4OK')).toEqual([])
  }
  await allClosed(server)
  expect(sockets()).toBeLessThan(before)
})
