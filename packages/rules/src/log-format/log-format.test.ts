import { expect, test } from 'vitest'
import { clearNames, compileJson, compileLine, haproxyNames, jsonFormat, logFormat } from './log-format.ts'
import type { LogScope } from './log-scope.ts'
import { logScope, sampleValue, testExpression } from './test-support.ts'

const line = (format: string, changes = {}) =>
  compileLine('format', format, testExpression).line(logScope(changes))

test("HAProxy's formats are known by their names", () => {
  const start = '10.0.1.2:33317 ['
  expect(line('httplog')).toContain(start)
  expect(line('httplog').slice(line('httplog').indexOf(']'))).toBe(
    '] www static/srv1 10/0/30/69/120 200 2750 - - ---- 5/4/3/2/0 8/9 "GET /index.html HTTP/1.1"',
  )
  expect(line('tcplog', { mode: 'tcp' }).slice(start.length + 25)).toBe(
    ' www static/srv1 0/30/123 2750 -- 5/4/3/2/0 8/9',
  )
  expect(line('clf')).toBe(
    '10.0.1.2 - - [06/Feb/2009:11:04:06 +0000] "GET /index.html HTTP/1.1" 200 2750 "" "" 33317 655 "www" "static" ' +
      '"srv1" 10 0 30 69 120 ---- 5 4 3 2 0 8 9 "" "" ',
  )
  expect(line('httpslog')).toMatch(/ 0\/0{16}\/0\/0\/- -\/-\/-$/)
  // By our own expressions, as HAProxy 2.6 has it behind TLS without a session to resume, and without a name.
  const tls = { resumed: false, version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
  const scope = logScope({ secure: true })
  const secured = { ...scope, connection: { ...scope.connection, tls } } as unknown as LogScope
  expect(logFormat('httpslog').line(secured)).toMatch(
    / 0\/0{16}\/0\/0\/0 -\/TLSv1\.3\/TLS_AES_256_GCM_SHA384$/,
  )
  expect(() => compileLine('log.format', '', testExpression)).toThrow('log.format is ""')
})

test('JSON has clear names, or those of HAProxy, and numbers as numbers', () => {
  const clear = compileJson('format', clearNames, testExpression)
  expect(clear.fields?.(logScope({ requestCaptures: ['a', undefined] }))).toMatchObject({
    client: '10.0.1.2',
    method: 'GET',
    status: 200,
    requestMs: 10,
    termination: '----',
    requestCookie: null,
    requestHeaders: 'a|',
  })
  const short = JSON.parse(compileJson('format', haproxyNames, testExpression).line(logScope()))
  expect(short).toMatchObject({ ci: '10.0.1.2', HM: 'GET', ST: 200, TR: 10, tsc: '----', CC: null })
})

test('fields of JSON are templates, expressions and values', () => {
  const format = compileJson(
    'format',
    { all: '%ci:%cp', path: '%[path]', ok: '%[secure]', none: '%[empty]', status: sampleValue('status') },
    testExpression,
  )
  expect(JSON.parse(format.line(logScope()))).toEqual({
    all: '10.0.1.2:33317',
    path: '/shop?id=7',
    ok: true,
    none: null,
    status: 200,
  })
  expect(format.text).toBe(
    '{"all":"%ci:%cp","path":"%[path]","ok":"%[secure]","none":"%[empty]","status":"status"}',
  )
  expect(() => compileJson('format', { a: '%nope' }, testExpression)).toThrow('format.a is "%nope"')
  expect(() => compileJson('format', null as never, testExpression)).toThrow('format is null')
})

test('a line of JSON is the object that a logger gets, and may be empty', () => {
  const format = compileJson('format', { ...clearNames, ok: '%[secure]' }, testExpression)
  expect(JSON.parse(format.line(logScope()))).toEqual(format.fields?.(logScope()))
  expect(compileJson('format', {}, testExpression).line(logScope())).toBe('{}')
})

test('JSON is one line of ASCII whatever clients send', () => {
  const format = compileJson(
    'format',
    { utf8: '%[text(\xc3\xa9)]', latin: '%[text(\xe9)]', cookie: '%CC' },
    testExpression,
  )
  const text = format.line(logScope({ requestCookie: 'a"b\n\x7f' }))
  expect(text).toBe('{"utf8":"\\u00e9","latin":"\\u00e9","cookie":"a\\"b\\n\\u007f"}')
})

test('a log-format and JSON have expressions of HAProxy, of requests and responses', () => {
  expect(logFormat('%[src] %[method]').line(logScope())).toBe('10.0.1.2 GET')
  expect(jsonFormat({ from: '%[src]' }).fields?.(logScope())).toEqual({ from: '10.0.1.2' })
  expect(Object.keys(jsonFormat().fields?.(logScope()) ?? {})).toContain('queueMs')
  expect(Object.keys(jsonFormat('haproxy').fields?.(logScope()) ?? {})).toContain('Tw')
})
