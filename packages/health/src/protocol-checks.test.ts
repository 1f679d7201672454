/** The ready-made checks against servers that follow a script; the real servers are in tests/. */
import { describe, expect, it } from 'vitest'
import type { Checker, CheckResult } from './contract.ts'
import { ldapCheck } from './ldap-check.ts'
import { mysqlCheck } from './mysql-check.ts'
import { pgsqlCheck } from './pgsql-check.ts'
import { redisCheck } from './redis-check.ts'
import { smtpCheck } from './smtp-check.ts'
import { hex, patience, talkingServer } from './test-support.ts'

type Talk = readonly [greeting: string | Uint8Array, ...replies: (string | Uint8Array | undefined)[]]

/** What the check finds; a server that has no reply left hangs up. */
async function found(
  checker: Checker,
  [greeting, ...replies]: Talk,
): Promise<CheckResult & { heard: string }> {
  const talking = await talkingServer(greeting, [...replies, undefined])
  const result = await checker.check(talking.target(), patience())
  return { ...result, heard: talking.heard[0] ?? '' }
}

describe('a check of Redis', () => {
  it.each<[Talk, Partial<CheckResult>]>([
    [['', '+PONG\r\n'], { code: 'L7OK', message: 'PONG' }],
    [
      ['', '-NOAUTH Authentication required.\r\n'],
      { code: 'L7STS', message: 'NOAUTH Authentication required.' },
    ],
    [['', '-LOADING dataset\r\n'], { code: 'L7STS', message: 'LOADING dataset' }],
    [['', '+PONG'], { code: 'L7RSP' }],
    [['', '+PONGS\r\n'], { code: 'L7RSP' }],
    [['', '$4\r\nPONG\r\n'], { code: 'L7RSP' }],
    [['', undefined], { code: 'L7RSP' }],
  ])('%j', async (talk, result) => {
    expect(await found(redisCheck(), talk)).toMatchObject({ ...result, heard: 'PING\r\n' })
  })
  it('logs in where it is given a password', async () => {
    const talk: Talk = ['', '+OK\r\n', '+PONG\r\n']
    expect(await found(redisCheck({ password: 'pa ss' }), talk)).toMatchObject({
      code: 'L7OK',
      heard: '*2\r\n$4\r\nAUTH\r\n$5\r\npa ss\r\nPING\r\n',
    })
    expect(await found(redisCheck({ password: 'é', username: 'bob' }), talk)).toMatchObject({
      heard: '*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$2\r\n\u00c3\u00a9\r\nPING\r\n',
    })
    expect(await found(redisCheck({ password: 'x' }), ['', '-WRONGPASS no\r\n'])).toMatchObject({
      code: 'L7STS',
    })
  })
})

describe('a check of SMTP', () => {
  const hello = 'HELO localhost\r\nQUIT\r\n'
  it.each<[Talk, Partial<CheckResult> & { heard?: string }]>([
    [
      ['220 mail.test\r\n', '250 hello\r\n', '221 bye\r\n'],
      { code: 'L7OK', status: 221, message: 'bye', heard: hello },
    ],
    [['220-a\r\n220 b\r\n', '250-SIZE\r\n250 HELP\r\n', '221 x\r\n'], { code: 'L7OK', heard: hello }],
    [['220\r\n', '250\r\n', '221\r\n'], { code: 'L7OK' }],
    [['220 a\n', '250 b\n', '221 c\n'], { code: 'L7OK' }],
    [['554 no service\r\n'], { code: 'L7STS', status: 554, message: 'no service', heard: '' }],
    [['220 a\r\n', '421 too busy\r\n'], { code: 'L7STS', status: 421, message: 'too busy' }],
    [['220 a\r\n', '250 b\r\n', '500 what?\r\n'], { code: 'L7STS', status: 500 }],
    [['+OK POP3 ready\r\n'], { code: 'L7RSP', heard: '' }],
    [['2\r\n'], { code: 'L7RSP' }],
    [['220 a\r\n', undefined], { code: 'L7RSP' }],
    [['220-a\r\nrubbish\r\n'], { code: 'L7RSP', heard: '' }],
    [['SSH-2.0-OpenSSH_9'], { code: 'L7RSP', heard: '' }],
  ])('%j', async (talk, result) => {
    expect(await found(smtpCheck(), talk)).toMatchObject(result)
  })
  it('says what it is told to say', async () => {
    const talk: Talk = ['220 a\r\n', '250 b\r\n', '221 c\r\n']
    expect(await found(smtpCheck({ hello: 'EHLO', domain: 'lb.test' }), talk)).toMatchObject({
      code: 'L7OK',
      heard: 'EHLO lb.test\r\nQUIT\r\n',
    })
  })
})

describe('a check of MySQL', () => {
  const packet = (number: number, payload: Uint8Array): Buffer => {
    const head = Buffer.alloc(4)
    head.writeUIntLE(payload.length, 0, 3)
    head[3] = number
    return Buffer.concat([head, payload])
  }
  const handshake = packet(0, Buffer.from('\u000a8.0.36-test\0more', 'latin1'))
  const refused = packet(0, Buffer.concat([hex('ff 6a04'), Buffer.from('Host is not allowed')]))
  const accepted = packet(2, hex('00 00 00 02 00 00 00'))
  it.each<[Talk, Partial<CheckResult>]>([
    [[handshake], { code: 'L7OK', message: '8.0.36-test' }],
    [[packet(0, Buffer.from('\u00093.23\0', 'latin1'))], { code: 'L7OK', message: '3.23' }],
    [[refused], { code: 'L7STS', status: 1130, message: 'Host is not allowed' }],
    [[packet(0, hex('ff 01'))], { code: 'L7RSP' }],
    [[packet(0, hex(''))], { code: 'L7RSP' }],
    [[packet(0, hex('0a 38'))], { code: 'L7RSP' }],
    [[handshake.subarray(0, 9)], { code: 'L7RSP' }],
    [['220 mail.test\r\n'], { code: 'L7RSP' }],
  ])('%j', async (talk, result) => {
    const talking = await talkingServer(talk[0])
    talking.server.on('connection', socket => socket.end())
    expect(await mysqlCheck().check(talking.target(), patience())).toMatchObject(result)
    expect(talking.heard).toEqual([''])
  })
  it.each([
    ['pre-41', '0d000001 0080 000001 6576656e6572 00 00'],
    ['post-41', `28000001 00820000 00800001 21 ${'00'.repeat(23)} 6576656e6572 00 00`],
    [
      'post-80',
      `3e000001 00820800 00800001 21 ${'00'.repeat(23)} 6576656e6572 00 00 6d7973716c5f6e61746976655f70617373776f726400`,
    ],
  ] as const)('logs in as clients %s do', async (version, login) => {
    const result = await found(mysqlCheck({ user: 'evener', version }), [handshake, accepted])
    expect(result).toMatchObject({ code: 'L7OK', message: '8.0.36-test' })
    expect(Buffer.from(result.heard, 'latin1').toString('hex')).toBe(
      hex(`${login} 01000000 01`).toString('hex'),
    )
  })
  it('that is not let in says so', async () => {
    const denied = packet(2, Buffer.concat([hex('ff 1504'), Buffer.from("Access denied for user 'x'")]))
    expect(await found(mysqlCheck({ user: 'x' }), [handshake, denied])).toMatchObject({
      code: 'L7STS',
      status: 1045,
      message: "Access denied for user 'x'",
    })
  })
})

describe('a check of PostgreSQL', () => {
  const error = Buffer.concat([
    hex('45 0000003a'),
    Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0'),
  ])
  it.each<[Talk, Partial<CheckResult>]>([
    [['', hex('52 00000008 00000000')], { code: 'L7OK', message: 'PostgreSQL server is ok' }],
    [['', hex('52 0000000c 00000005 01020304')], { code: 'L7OK' }],
    [['', hex('52 00000017 0000000a 00')], { code: 'L7OK' }],
    [['', hex('52 00000008 00000063')], { code: 'L7STS', status: 99 }],
    [['', hex('52 7fffffff 00000000')], { code: 'L7RSP' }],
    [['', error], { code: 'L7RSP', message: 'the database system is starting up' }],
    [['', hex('45 000000ff 00000000')], { code: 'L7RSP', message: 'an error without a message' }],
    [['', hex('52 0000')], { code: 'L7RSP' }],
    [['', 'HTTP/1.1 400 Bad Request\r\n\r\n'], { code: 'L7RSP' }],
  ])('%j', async (talk, result) => {
    expect(await found(pgsqlCheck({ user: 'lb' }), talk)).toMatchObject({
      ...result,
      heard: hex('00000011 00030000 7573657200 6c6200 00').toString('latin1'),
    })
  })
})

describe('a check of LDAP', () => {
  it.each<[string, string, Partial<CheckResult>]>([
    ['success', '30 0c 020101 61 07 0a0100 0400 0400', { code: 'L7OK', message: 'Success' }],
    ['lengths of four bytes', '30 84 00000010 020101 61 84 00000007 0a0100 0400 0400', { code: 'L7OK' }],
    [
      'a refusal',
      '30 0c 020101 61 07 0a0131 0400 0400',
      { code: 'L7STS', status: 49, message: 'result code 49' },
    ],
    [
      'a refusal with words',
      '30 10 020101 61 0b 0a0130 0400 0404 626f6f21',
      { code: 'L7STS', status: 48, message: 'result code 48: boo!' },
    ],
    ['a refusal that is cut', '30 09 020101 61 04 0a0130 04', { code: 'L7STS', message: 'result code 48' }],
    ['another message', '30 0c 020102 61 07 0a0100 0400 0400', { code: 'L7RSP' }],
    ['a short message', '30 02 0201', { code: 'L7RSP' }],
    ['a result that is none', '30 0c 020101 61 07 020100 0400 0400', { code: 'L7RSP' }],
    ['a result that is longer than its message', '30 07 020101 61 7f 0a01', { code: 'L7RSP' }],
    ['no length', '30 80', { code: 'L7RSP' }],
    ['a length of nine bytes', '30 89', { code: 'L7RSP' }],
    ['half a length', '30 82 01', { code: 'L7RSP' }],
    ['half a message', '30 0c 020101', { code: 'L7RSP' }],
    ['only the first byte', '30', { code: 'L7RSP' }],
    ['something else', '48', { code: 'L7RSP' }],
  ])('%s', async (_, said, result) => {
    expect(await found(ldapCheck(), ['', hex(said)])).toMatchObject({
      ...result,
      heard: hex('300c020101600702010304008000').toString('latin1'),
    })
  })
})

describe('ready-made checks', () => {
  it('go where they are told', async () => {
    const talking = await talkingServer('', ['+PONG\r\n'])
    const { host, port } = talking.target()
    const elsewhere = { id: 'app', host: '127.0.0.1', port: 1, tls: {} }
    expect(await redisCheck({ connect: { host, port } }).check(elsewhere, patience())).toMatchObject({
      code: 'L7OK',
    })
  })
  it.each<[string, () => Checker]>([
    ['options.password', () => redisCheck({ password: '' })],
    ['options.username', () => redisCheck({ username: 'bob' })],
    ['options.username', () => redisCheck({ username: 7 as never, password: 'x' })],
    ['options.db', () => redisCheck({ db: 1 } as never)],
    ['options.connect.port', () => redisCheck({ connect: { port: 0 } })],
    ['options.hello', () => smtpCheck({ hello: 'QUIT' as never })],
    ['options.domain', () => smtpCheck({ domain: 'a\r\nb' })],
    ['options.domain', () => smtpCheck({ domain: 'a'.repeat(300) })],
    ['options.version', () => mysqlCheck({ version: 'post-41' })],
    ['options.version', () => mysqlCheck({ user: 'x', version: '8' as never })],
    ['options.user', () => mysqlCheck({ user: 'x\0' })],
    ['options.user', () => pgsqlCheck({} as never)],
    ['options.user', () => ldapCheck({ user: 'x' } as never)],
    ['options.timeoutMs', () => ldapCheck({ timeoutMs: 0 })],
  ])('refuse %s that makes no sense', (field, make) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringContaining(`${field} is `),
      }),
    )
  })
  it('never show a password in an error', () => {
    expect(() => redisCheck({ password: ['hunter2'] as never })).toThrow(/^(?!.*hunter2)/)
  })
})
