import { expect, test } from 'vitest'
import type { LogRecord } from './log-scope.ts'
import { compileTemplate } from './template.ts'
import { logScope, requestScope, testExpression } from './test-support.ts'
import { variables } from './variables.ts'

const line = (format: string, changes: Partial<LogRecord> = {}) =>
  compileTemplate('format', format, 'log', testExpression).read(logScope(changes))

/** What each variable says of the request of `test-support.ts`. */
const said: Readonly<Record<string, string>> = {
  B: '2750', CC: '-', CS: '-', H: 'lb1', HM: 'GET', HP: '/index.html', HPO: '/index.html', HQ: '', HU: '/index.html',
  HV: 'HTTP/1.1', ID: 'abc', ST: '200', T: '06/Feb/2009:11:04:06 +0000', TR: '10', Ta: '120', Tc: '30', Td: '11',
  Th: '1', Ti: '2', Tq: '13', Tr: '69', Ts: '1233918246', Tt: '123', Tu: '121', Tw: '0', U: '130', ac: '5', b: 'static',
  bc: '3', bi: '192.168.0.1', bp: '40000', bq: '9', ci: '10.0.1.2', cp: '33317', f: 'www', fc: '4',
  fi: '2001:db8::1:80', fp: '8080', ft: 'www', hr: '', hrl: '', hs: '', hsl: '', lc: '3', ms: '655', pid: '1234',
  r: 'GET /index.html HTTP/1.1', rc: '0', rt: '7', s: 'srv1', sc: '2', si: '192.168.0.7', sp: '80', sq: '8', sslc: '-',
  sslv: '-', trg: '06/Feb/2009:11:04:06 +0000', ts: '--', tsc: '----',
} // biome-ignore format: a table

test('every variable says what HAProxy says', () => {
  for (const [name, text] of Object.entries(said)) expect([name, line(`%${name}`)]).toEqual([name, text])
  const local = ['t', 'tr', 'Tl', 'trl']
  expect([...variables.keys()].sort()).toEqual([...Object.keys(said), ...local].sort())
})

test('dates in the time of the place have its offset', () => {
  const zone = process.env.TZ
  try {
    process.env.TZ = 'Asia/Kathmandu'
    expect(line('%Tl %trl %t')).toBe(
      '06/Feb/2009:16:49:06 +0545 06/Feb/2009:16:49:06 +0545 06/Feb/2009:16:49:06.655',
    )
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('times of what it never came to are -1, and do not count', () => {
  const never = { idleMs: -1, handshakeMs: 0, requestMs: -1, queueMs: -1, connectMs: -1, responseMs: -1 }
  expect(line('%Tq %TR %Tw %Tc %Tr %Td %Ta %Tt %Tu %trg', { ...never, activeMs: 5000 })).toBe(
    '-1 -1 -1 -1 -1 -1 5000 5000 5000 06/Feb/2009:11:04:06 +0000',
  )
  expect(line('%trg', { idleMs: 400 })).toBe('06/Feb/2009:11:04:07 +0000')
  expect(line('%Td', { mode: 'tcp', responseMs: -1 })).toBe('90')
  expect(line('%Td', { mode: 'tcp', connectMs: -1 })).toBe('-1')
})

test('what is logged before its end has a plus in front', () => {
  expect(line('%Ta %Tt %Tu %B %U', { partial: true })).toBe('+120 +123 +121 +2750 130')
})

test('a redispatch is a plus in front of the retries', () => {
  expect(line('%rc', { retries: 3, redispatched: true })).toBe('+3')
})

test('the target is taken apart whatever its form', () => {
  const parts = (requestLine: string) => line('%HM|%HU|%HP|%HPO|%HQ|%HV', { requestLine })
  expect(parts('GET /a/b?c=d?e HTTP/1.0')).toBe('GET|/a/b?c=d?e|/a/b|/a/b|?c=d?e|HTTP/1.0')
  expect(parts('GET https://a.example/b?c HTTP/2.0')).toBe(
    'GET|https://a.example/b?c|https://a.example/b|/b|?c|HTTP/2.0',
  )
  expect(parts('GET http://a.example HTTP/1.1')).toBe('GET|http://a.example|http://a.example|||HTTP/1.1')
  expect(parts('OPTIONS * HTTP/1.1')).toBe('OPTIONS|*|*|||HTTP/1.1')
  expect(parts('CONNECT a:443 HTTP/1.1')).toBe('CONNECT|a:443|a:443|||HTTP/1.1')
  expect(parts('GET /')).toBe('GET|/|/|/||HTTP/0.9')
  expect(parts('GET')).toBe('<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>')
})

test('of TLS there is the version and the cipher, and the frontend has a tilde', () => {
  const scope = logScope({ secure: true })
  const tls = {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    serverName: undefined,
    alpn: undefined,
    resumed: false,
    clientCertificate: undefined,
  }
  const secure = { ...scope, connection: { ...scope.connection, tls } }
  const read = compileTemplate('format', '%ft %{+Q}ft %sslv/%sslc', 'log', testExpression).read
  expect(read(secure)).toBe('www~ "www~" TLSv1.3/TLS_AES_128_GCM_SHA256')
})

test('what is known when the head has come can stand in headers and unique ids', () => {
  const read = (format: string, scope = requestScope()) =>
    compileTemplate('value', format, 'request', testExpression).read(scope)
  expect(read('%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid')).toBe(
    ' 0A000102:8225_20010DB8000000000000000000010080:1F90_498C1926_0007:04D2',
  )
  expect(read('%HM %HU %HV %r %f %ft %b %ID')).toBe(
    'GET /shop?id=7 HTTP/1.1 GET /shop?id=7 HTTP/1.1 www www static abc',
  )
  const bare = requestScope()
  const unix = {
    ...bare,
    connection: { ...bare.connection, peerAddress: '', localAddress: '', acceptedAt: undefined },
  }
  expect(read('%ci %{+X}fi %Ts', unix)).toBe('unix unix 0')
  const nothing = {
    ...unix,
    request: undefined,
    uniqueId: undefined,
    requestNumber: undefined,
    backend: undefined,
    around: { now: () => 0 },
  }
  expect(read('%rt %ID%b%f%H%pid%ft', nothing as never)).toBe('0 0')
})

test('a response has a status and a server', () => {
  const scope = { ...requestScope(), response: { status: 404 }, server: { name: 'srv1' } }
  const read = compileTemplate('value', '%ST %s', 'response', testExpression).read
  expect(read(scope as never)).toBe('404 srv1')
  expect(read({ ...scope, server: undefined, response: undefined } as never)).toBe('0 <NOSRV>')
})

test('addresses and ports that are not known are dashes', () => {
  const unknown = {
    sourceAddress: undefined,
    sourcePort: undefined,
    serverAddress: undefined,
    serverPort: undefined,
  }
  expect(line('%bi:%bp %si:%sp %{+X}bi:%{+X}bp', unknown)).toBe('-:- -:- -:-')
})
