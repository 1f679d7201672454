import { expect, test } from 'vitest'
import type { ConnectionScope, RequestScope } from '../scope.ts'
import type { Value } from '../value.ts'
import { compileTemplate, template, uniqueIdFormat } from './template.ts'
import { logScope, requestScope, testExpression } from './test-support.ts'

const line = (format: string, changes = {}) =>
  compileTemplate('format', format, 'log', testExpression).read(logScope(changes))
const header = (format: string) =>
  compileTemplate('value', format, 'request', testExpression).read(requestScope())

test('a template is text, variables and expressions, and a percent sign is written twice', () => {
  expect(header('for=%[src];port=%cp 100%%')).toBe('for=10.0.1.2;port=33317 100%')
})

test('spaces are merged in a line and nowhere else', () => {
  expect(line('  a   %cp    b ')).toBe('a 33317 b ')
  expect(header('  a   %cp    b ')).toBe('  a   33317    b ')
})

test('what is empty is a dash in a line, two quotes where it is quoted, and nothing in a header', () => {
  expect(line('%CC %{+Q}CC %[empty] %{+Q}[empty] %HQ.')).toBe('- "" - "" .')
  expect(header('%[empty]')).toBe('')
})

test('captures that are not configured leave no second space behind', () => {
  expect(line('a %hr %hs b')).toBe('a b')
  expect(line('%hr a %hs%hr b%hs c')).toBe('a b c')
  expect(line('a%hr b')).toBe('a b')
  const captured = { requestCaptures: ['shop.example', undefined], responseCaptures: ['1'] }
  expect(line('a %hr %hs b', captured)).toBe('a {shop.example|} {1} b')
  expect(line('%hrl %{+Q}hrl', captured)).toBe('shop.example - "shop.example" ""')
  expect(line('%{+Q}hr', captured)).toBe('"{shop.example|}"')
})

test('flags hold for a variable, or from %o on for all that follow', () => {
  expect(line('%{+Q}f %f %{+Q}o %f %{-Q}f %f')).toBe('"www" www "www" www "www"')
  expect(line('%{+X}o %ci %cp %Ts %pid %rt %ms %lc')).toBe('0A000102 8225 498C1926 04D2 0007 28F 0003')
  expect(line('%{+Q,+X}cp %{+M}cp')).toBe('8225 33317')
})

test('what looks like a template and is none is refused where it is made, with the place', () => {
  const refused = (format: string) => () => compileTemplate('format', format, 'log', testExpression)
  expect(refused('a %')).toThrow('format is "a %"; allowed is a variable')
  expect(refused('% a')).toThrow('at character 1')
  expect(refused('%{+Q')).toThrow('a } after %{')
  expect(refused('%{Q}ci')).toThrow('flags of +Q')
  expect(refused('%[src')).toThrow('a ] after %[')
  expect(refused('%nope')).toThrow('format is "%nope"; allowed is a variable')
  expect(refused(7 as unknown as string)).toThrow('format is 7; allowed is a text')
})

test('what is known only later is refused, by the type and where no type is written', () => {
  expect(() => compileTemplate('value', '%Ta', 'request', testExpression)).toThrow(
    'value is "%Ta"; allowed is what is known at the stage request: this is known at the stage log',
  )
  expect(() => compileTemplate('value', '%[status]', 'request', testExpression)).toThrow(
    'at the stage response',
  )
  // @ts-expect-error a template of a request cannot be read of a connection
  const wrong: Value<string, ConnectionScope> = compileTemplate('value', '%HM', 'request', testExpression)
  const right: Value<string, RequestScope> = compileTemplate('value', '%ci', 'connection', testExpression)
  expect([wrong.needs, right.needs]).toEqual(['request', 'connection'])
})

test('expressions are those of HAProxy, brackets and quotes in their arguments included', () => {
  const scope = requestScope({ head: { all: () => ['shop]"'], last: () => 'shop]"' } })
  const read = (text: string) => template(text, 'request').read(scope)
  expect(read('a-%[src,lower]-%[req.hdr(host),field(1,"]")]-%[method,upper]')).toBe('a-10.0.1.2-shop-GET')
  expect(() => template('%[src,nope]', 'request')).toThrow('the name of a converter')
  expect(() => template('%[src', 'request')).toThrow('a ] after %[')
  expect(() => template('%[res.hdr(x)]', 'request')).toThrow('what is known at the stage request')
  expect(uniqueIdFormat('%{+X}o %ci:%cp   %rt', 'request').read(scope)).toBe('0A000102:8225 0007')
})

test('where there was no request or no response, what asks for them has no value', () => {
  const scope = { ...logScope({ requestLine: undefined }), request: undefined, response: undefined }
  const read = (format: string) => compileTemplate('format', format, 'log', testExpression).read(scope)
  expect(read('%[path] %[status] %[payload] %[src]')).toBe('- - - 10.0.1.2')
  expect(read('%r %HM %HU %HP %HPO %HQ %HV')).toBe(Array(7).fill('<BADREQ>').join(' '))
})
