import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressHex, captureText, plainText, requestText } from './escaping.ts'
import type { LogRecord } from './log-scope.ts'
import { compileTemplate } from './template.ts'
import { logScope, requestScope, sampleValue } from './test-support.ts'

const plain = { quote: false, hex: false, backslash: false }
const quoted = { ...plain, quote: true }
const escaped = { ...plain, backslash: true }
/** Every byte that there is. */
const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))
const encodedIn = (text: string, sign = '#') => text.match(new RegExp(`${sign}[0-9A-F]{2}`, 'g')) ?? []

test('a request is logged with # and two digits for what is not printable, and for " and #', () => {
  expect(requestText('GET /a"b#c\r\n\x7f\xe9 HTTP/1.1', plain)).toBe('GET /a#22b#23c#0D#0A#7F#E9 HTTP/1.1')
  expect(encodedIn(requestText(bytes, plain))).toHaveLength(32 + 129 + 2)
  expect(requestText('a\\]"', escaped)).toBe('a\\\\\\]#22')
})

test('captured headers also with {, | and } too', () => {
  expect(captureText('a{b|c}"d', plain)).toBe('a#7Bb#7Cc#7D#22d')
  expect(encodedIn(captureText(bytes, plain))).toHaveLength(32 + 129 + 5)
})

test('other texts keep what is printable; control characters never get into a line, nor quotes into quotes', () => {
  expect(plainText('a"b\n\xe9', 'line', plain)).toBe('a"b#0A\xe9')
  expect(plainText('a"b\n', 'line', quoted)).toBe('"a#22b#0A"')
  expect(plainText('a"]\\b', 'line', { ...quoted, backslash: true })).toBe('"a\\"\\]\\\\b"')
})

test('in headers what no field may hold is percent-encoded', () => {
  expect(plainText('a\r\nX-Evil: 1\t\xe9\0', 'header', plain)).toBe('a%0D%0AX-Evil: 1\t\xe9%00')
  expect(plainText('', 'header', plain)).toBe('')
})

test('addresses in hexadecimal have their bytes, most significant first', () => {
  expect(addressHex('127.0.0.1')).toBe('7F000001')
  expect(addressHex('2001:db8::1:80')).toBe('20010DB8000000000000000000010080')
  expect(addressHex('::')).toBe('0'.repeat(32))
  expect(addressHex('::ffff:1.2.3.4')).toBe('00000000000000000000FFFF01020304')
  expect(addressHex('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008')
  expect(addressHex('unix')).toBe('')
})

/** Whatever the expression, it gives this. */
const hostileAt = (said: string) => (text: string, start: number) => ({
  value: sampleValue(`text(${said})`),
  end: text.indexOf(']', start),
})

const hostile = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) })

test('whatever a client sends, a line is one line, and its last quoted field ends where it ends', () => {
  const format =
    '%r %HM %HU %HP %HPO %HQ %HV %CC %CS %hr %hs %hrl %hsl %ID %[text] %{+Q}CC %{+E}CS %{+Q,+E}hr %{+Q}r'
  fc.assert(
    fc.property(hostile, hostile, (one, other) => {
      const changes: Partial<LogRecord> = {
        requestLine: `${one} ${other} HTTP/1.1`,
        requestCookie: one,
        responseCookie: other,
        requestCaptures: [one, other],
        responseCaptures: [other],
        uniqueId: one,
      }
      const expression = hostileAt(other)
      const line = compileTemplate('format', format, 'log', expression).read(logScope(changes)) as string
      expect(line).toMatch(/^[ -~\x80-\xff]*$/)
      expect(line).toMatch(/ "[^"]*"$/)
    }),
  )
})

test('whatever an expression gives, a header stays one field', () => {
  fc.assert(
    fc.property(hostile, said => {
      const expression = hostileAt(said)
      const value = compileTemplate('value', 'a %[text] b', 'request', expression).read(requestScope())
      expect(value).toMatch(/^[\t -~\x80-\xff]*$/)
    }),
  )
})
