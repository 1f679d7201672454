/** Health checks of real servers: well, refusing, and gone. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Checker,
  type CheckResult,
  dnsCheck,
  externalCheck,
  grpcCheck,
  httpCheck,
  ldapCheck,
  mysqlCheck,
  pgsqlCheck,
  redisCheck,
  smtpCheck,
  type TargetTls,
  tcpChain,
  tcpCheck,
  websocketCheck,
} from '@evener/health'
import { testCertificate } from '@evener/testing'
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js'
import { SMTPServer } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startDnsmasq } from './support/dnsmasq.ts'
import { freePort } from './support/haproxy.ts'
import { afterwards, withPrograms } from './support/hosting.ts'
import { startMariadb } from './support/mariadb.ts'
import { eventually, listens, type RunningProgram, run, startProgram } from './support/program.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'evener-health-'))
  afterwards(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** One check of what listens on this port. */
function found(checker: Checker, port: number, tls?: TargetTls): Promise<CheckResult> {
  return checker.check({ id: 'peer', host: '127.0.0.1', port, tls }, AbortSignal.timeout(10_000))
}

/** A frozen server: its threads stop one after the other, and one may still answer. */
async function timesOut(check: () => Promise<unknown>): Promise<void> {
  await expect.poll(check, { timeout: 10_000 }).toMatchObject({ code: 'L7TOUT' })
}

describe('a check of', () => {
  withPrograms(['redis-server'], 'redis-server', async () => {
    const port = await freePort()
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder()]
    const server = startProgram('redis-server', [...args, '--requirepass', 'evener'])
    afterwards(() => server.stop())
    await listens(server, port)
    expect(await found(redisCheck(), port)).toMatchObject({
      code: 'L7STS',
      message: 'NOAUTH Authentication required.',
    })
    expect(await found(redisCheck({ password: 'wrong' }), port)).toMatchObject({ code: 'L7STS' })
    expect(await found(redisCheck({ password: 'evener' }), port)).toMatchObject({ ok: true, code: 'L7OK' })
    const master = tcpChain([
      { send: 'AUTH evener\r\n' },
      { expect: { string: '+OK' } },
      { send: 'INFO replication\r\n' },
      { expect: { string: 'role:master' } },
      { send: 'QUIT\r\n' },
      { expect: { string: '+OK' } },
    ])
    expect(await found(master, port)).toMatchObject({ code: 'L7OK' })
    await server.stop()
    expect(await found(redisCheck(), port)).toMatchObject({ code: 'L4CON' })
  })

  withPrograms(['initdb', 'postgres'], 'PostgreSQL', async () => {
    // It does not run as root.
    const isRoot = process.getuid?.() === 0
    const who = isRoot ? { uid: 65_534, gid: 65_534 } : {}
    const data = folder()
    if (isRoot) chownSync(data, 65_534, 65_534)
    const env = { ...process.env, HOME: data, LC_ALL: 'C' }
    const password = join(folder(), 'password')
    writeFileSync(password, 'secret')
    chmodSync(join(password, '..'), 0o755)
    const how = ['-D', data, '-U', 'evener', '-A', 'scram-sha-256', '-N', `--pwfile=${password}`]
    await run('initdb', how, '', { ...who, env, cwd: data })
    const port = await freePort()
    const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', data, '-F']
    const server = startProgram('postgres', args, { ...who, env, cwd: data })
    afterwards(() => server.stop())
    await listens(server, port)
    // It listens before it takes clients, and says so: an error is an answer, not a timeout.
    await eventually(server, async () => (await found(pgsqlCheck({ user: 'evener' }), port)).code === 'L7OK')
    expect(await found(pgsqlCheck({ user: 'evener' }), port)).toMatchObject({
      message: 'PostgreSQL server is ok',
    })
    // Until a password is given, nobody is told who is known.
    expect(await found(pgsqlCheck({ user: 'nobody' }), port)).toMatchObject({ code: 'L7OK' })
    expect(await found(redisCheck(), port)).toMatchObject({ ok: false })
  })

  withPrograms(['mariadbd'], 'MariaDB', async () => {
    const port = await freePort()
    const server = await startMariadb(folder(), port, [
      "CREATE USER evener@'127.0.0.1'",
      "CREATE USER locked@'127.0.0.1' IDENTIFIED BY 'secret'",
      'SET GLOBAL max_connections = 10',
    ])
    afterwards(() => server.stop())
    const welcome = { ok: true, code: 'L7OK', message: expect.stringContaining('MariaDB') }
    expect(await found(mysqlCheck(), port)).toMatchObject(welcome)
    for (const version of ['pre-41', 'post-41', 'post-80'] as const) {
      expect(await found(mysqlCheck({ user: 'evener', version }), port)).toMatchObject(welcome)
      for (const user of ['locked', 'nobody']) {
        expect(await found(mysqlCheck({ user, version }), port)).toMatchObject({
          ok: false,
          code: 'L7STS',
          status: 1045,
          message: expect.stringContaining(`Access denied for user '${user}'`),
        })
      }
    }
    expect(await found(redisCheck(), port)).toMatchObject({ ok: false, code: 'L7RSP' })
    // All its places are taken, and one more that is kept for whoever is to help.
    const guests = Array.from({ length: 11 }, () => connect(port, '127.0.0.1'))
    afterwards(() => guests.map(guest => guest.destroy()))
    await Promise.all(guests.map(guest => once(guest, 'data')))
    expect(await found(mysqlCheck({ user: 'evener' }), port)).toMatchObject({
      code: 'L7STS',
      status: 1040,
      message: expect.stringContaining('Too many connections'),
    })
    server.child.kill('SIGSTOP')
    await timesOut(() => found(mysqlCheck({ timeoutMs: 200 }), port))
    await server.stop()
    expect(await found(mysqlCheck(), port)).toMatchObject({ code: 'L4CON' })
  })

  withPrograms(['slapd'], 'OpenLDAP', async () => {
    const started = async (lines: readonly string[]): Promise<[RunningProgram, number]> => {
      const file = join(folder(), 'slapd.conf')
      writeFileSync(file, lines.map(line => `${line}\n`).join(''))
      const port = await freePort()
      // With a level of what it prints, be it none, it stays in the foreground.
      const server = startProgram('slapd', ['-d', '0', '-f', file, '-h', `ldap://127.0.0.1:${port}/`])
      afterwards(() => server.stop())
      await listens(server, port)
      return [server, port]
    }
    const [server, port] = await started([])
    expect(await found(ldapCheck(), port)).toMatchObject({ ok: true, code: 'L7OK', message: 'Success' })
    const [, closed] = await started(['disallow bind_anon'])
    expect(await found(ldapCheck(), closed)).toMatchObject({
      code: 'L7STS',
      status: 48,
      message: 'result code 48: anonymous bind disallowed',
    })
    server.child.kill('SIGSTOP')
    await timesOut(() => found(ldapCheck({ timeoutMs: 200 }), port))
    await server.stop()
    expect(await found(ldapCheck(), port)).toMatchObject({ code: 'L4CON' })
  })

  test('a mail server', async () => {
    let refusing = false
    const quit: string[] = []
    const server = new SMTPServer({
      disabledCommands: ['AUTH'],
      logger: false,
      onConnect: (_, done) =>
        done(refusing ? Object.assign(new Error('too busy'), { responseCode: 421 }) : null),
      onClose: session => void quit.push(session.hostNameAppearsAs as string),
    })
    server.on('error', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    afterwards(() => new Promise<void>(resolve => server.close(() => resolve())))
    const { port } = server.server.address() as AddressInfo
    for (const hello of ['HELO', 'EHLO'] as const) {
      const result = await found(smtpCheck({ hello, domain: 'lb.test' }), port)
      expect(result).toMatchObject({ ok: true, code: 'L7OK', status: 221 })
    }
    await expect.poll(() => quit).toEqual(['lb.test', 'lb.test'])
    refusing = true
    expect(await found(smtpCheck(), port)).toMatchObject({ code: 'L7STS', status: 421 })
  })

  test('a gRPC server', async () => {
    const states = new Map([
      ['', 1],
      ['sick.Service', 2],
    ])
    const server = new GrpcServer()
    afterwards(() => server.forceShutdown())
    const health = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2).toString() }),
      requestSerialize: ({ service }: { service: string }) => Buffer.from(service),
      responseDeserialize: (bytes: Buffer) => bytes[1] ?? 0,
      responseSerialize: (state: number) => Buffer.from([8, state]),
    } as const
    const check = (
      { request: { service } }: { request: { service: string } },
      done: (error: unknown, state?: number) => void,
    ): void => {
      const state = states.get(service)
      if (state === undefined) done({ code: status.NOT_FOUND, details: `no ${service}` })
      else done(null, state)
    }
    server.addService({ check: health } as never, { check } as never)
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound)
        else reject(error)
      })
    })
    expect(await found(grpcCheck(), port)).toMatchObject({ ok: true, code: 'L7OK', message: 'SERVING' })
    expect(await found(grpcCheck({ service: 'sick.Service' }), port)).toMatchObject({
      code: 'L7STS',
      message: 'NOT_SERVING',
    })
    expect(await found(grpcCheck({ service: 'other' }), port)).toMatchObject({
      code: 'L7STS',
      status: 5,
      message: 'gRPC status 5: no other',
    })
  })

  withPrograms(
    ['openssl'],
    'OpenSSL’s server, over HTTP and TLS, with a certificate of the client’s',
    async () => {
      const where = folder()
      const file = join(where, 'both.pem')
      writeFileSync(file, testCertificate.cert + testCertificate.key)
      // An identity of the client's own, that the server trusts.
      const client = join(where, 'client.pem')
      const key = join(where, 'client.key')
      const subject = ['-subj', '/CN=lb', '-days', '1', '-nodes', '-newkey', 'rsa:2048']
      execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', client], {
        stdio: 'ignore',
      })
      const pem = execFileSync('cat', [client, key], { encoding: 'utf8' })
      const port = await freePort()
      const args = ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', file, '-key', file, '-www', '-quiet']
      const server = startProgram('openssl', [
        ...args,
        '-Verify',
        '1',
        '-verify_return_error',
        '-CAfile',
        client,
        '-alpn',
        'http/1.1',
      ])
      afterwards(() => server.stop())
      await listens(server, port)
      const trusting = { ca: testCertificate.cert, servername: 'localhost' }
      const identified = { ...trusting, cert: pem }
      const page = httpCheck({ method: 'GET', expect: { body: 's_server' }, connect: { alpn: ['http/1.1'] } })
      expect(await found(page, port, identified)).toMatchObject({ ok: true, code: 'L7OK', status: 200 })
      expect(await found(tcpCheck(), port, { ca: pem, cert: pem })).toMatchObject({ code: 'L6RSP' })
      // With TLS 1.3 a server refuses a client after the handshake; before that, within it.
      expect(await found(page, port, trusting)).toMatchObject({ ok: false, code: 'L7RSP' })
      expect(await found(page, port, { ...trusting, maxVersion: 'TLSv1.2' })).toMatchObject({ code: 'L6RSP' })
    },
  )

  withPrograms(['dnsmasq'], 'dnsmasq, over UDP and TCP', async () => {
    const port = await startDnsmasq('--address=/evener.test/192.0.2.7')
    for (const transport of ['udp', 'tcp'] as const) {
      expect(await found(dnsCheck({ name: 'www.evener.test', transport }), port)).toMatchObject({
        code: 'L7OK',
        message: 'NOERROR, answers: 1',
      })
      // It has nobody to ask for the root.
      expect(await found(dnsCheck({ transport }), port)).toMatchObject({ code: 'L7STS', status: 5 })
      expect(await found(dnsCheck({ rcodes: ['REFUSED'], transport }), port)).toMatchObject({ code: 'L7OK' })
    }
  })

  test('a WebSocket', async () => {
    const host = createServer((_, response) => response.writeHead(426).end())
    const server = new WebSocketServer({ server: host, path: '/chat' })
    host.listen(0, '127.0.0.1')
    await once(host, 'listening')
    afterwards(() => {
      for (const client of server.clients) client.terminate()
      host.closeAllConnections()
      host.close()
    })
    server.on('connection', client => {
      client.send('welcome')
      client.send(Buffer.alloc(5000))
    })
    const { port } = host.address() as AddressInfo
    expect(await found(websocketCheck({ path: '/chat' }), port)).toMatchObject({ ok: true, code: 'L7OK' })
    expect(await found(websocketCheck({ path: '/other' }), port)).toMatchObject({
      code: 'L7STS',
      status: 400,
    })
    server.once('connection', client => client.close(1013))
    expect(await found(websocketCheck({ path: '/chat' }), port)).toMatchObject({
      code: 'L7STS',
      status: 1013,
    })
  })

  test('a script that asks what it likes', async () => {
    const script = join(folder(), 'check.sh')
    writeFileSync(
      script,
      '#!/bin/sh\n[ "$4" = 7 ] && echo "port $4 of $HAPROXY_SERVER_NAME is fine" && exit 0\nexit 4\n',
    )
    chmodSync(script, 0o755)
    const check = externalCheck({ command: script })
    expect(await found(check, 7)).toMatchObject({
      ok: true,
      code: 'PROCOK',
      message: 'ended well: port 7 of peer is fine',
    })
    expect(await found(check, 8)).toMatchObject({ ok: false, code: 'PROCERR', status: 4 })
  })
})
