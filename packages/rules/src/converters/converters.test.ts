import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { expression } from '../expression/expression.ts'
import type { Names } from '../expression/names.ts'
import { str } from '../fetches/constants.ts'
import { patternList } from '../patterns/pattern-list.ts'
import { pipe } from '../pipe.ts'
import type { Sample } from '../sample.ts'
import type { BackendView } from '../scope.ts'
import { requestScope, tables } from '../test-support.ts'
import { b64dec, base64, ub64dec, ub64enc } from './encodings.ts'
import { crc32 } from './hashes.ts'
import { field } from './parts.ts'
import { regsub } from './regsub.ts'
import { urlDec, urlEnc } from './url-encoding.ts'

const names: Names = {
  list: name =>
    ({
      hosts: patternList({ name, entries: { 'a.example': 'one', 'b.example': '2' } }),
      nets: patternList({ name, entries: { '10.0.0.0/8': '192.0.2.7', '::1': 'x' } }),
      paths: patternList({ name, entries: { '^/u/([0-9]+)': 'user \\1' } }),
    })[name],
  table: name => (name === undefined || name === 'st' ? tables : undefined),
  backend: name => (name === 'app' ? ({ usableServers: 3 } as BackendView) : undefined),
  frontend: name => (name === 'www' ? ({ name } as never) : undefined),
  server: (backend, name) =>
    backend === 'app' && name === 's1' ? ({ up: true, queueNow: 5 } as never) : undefined,
  condition: name => (name === 'yes' ? { text: name, needs: 'connection', test: () => true } : undefined),
}

/** What an expression is of a request, whose variables hold a few things. */
function read(text: string): Sample | undefined {
  const scope = requestScope('/')
  scope.variables.set('txn.num', 7)
  scope.variables.set('txn.text', 'Abc')
  scope.variables.set('txn.key', 'a2V5')
  return expression(text, 'request', names).read(scope)
}

describe('a converter', () => {
  it.each<[string, Sample | undefined]>([
    ['str(abc),length', 3],
    ['str(abc),bytes(1)', 'bc'],
    ['str(abc),bytes(9)', ''],
    ['str(abcdefghij),bytes(txn.num,2)', 'hi'],
    ['str(abc),bytes(txn.none)', undefined],
    ['str(abc),bytes(0,txn.text)', ''],
    ['str(a),bytes(0,txn.none)', undefined],
    ['str(xxaxx),ltrim(x)', 'axx'],
    ['str(xxaxx),rtrim(x)', 'xxa'],
    ['str(xx),rtrim(x)', ''],
    ['str("a\\r\\nb"),cut_crlf', 'a'],
    ['str(ab),cut_crlf', 'ab'],
    ['str(abc),reverse', 'cba'],
    ['str(www.example.com.),reverse_dom', 'com.example.www'],
    ['str(.a),reverse_dom', undefined],
    ['str(a..b),reverse_dom', undefined],
    ['str(),reverse_dom', undefined],
    ['str(a b),has_ctl', false],
    ['str("a\\tb"),has_ctl', false],
    ['str("a\\tb"),has_ctl(any)', true],
    ['str("a\\nb"),has_ctl(http)', true],
    ['str("a\\tb"),has_ctl(0x200)', true],
    ['bin(7f),has_ctl', true],
    ['bin(7f),has_ctl(http)', false],
    ['bin(7f),has_ctl(4294967296)', true],
    ['str(a=b&c=d&a=r),param(a)', 'b'],
    ['str(a&b=c),param(a)', ''],
    ['str(a=&b&c=a),param(b)', ''],
    ['str(a=1;b=2;c=4),param(b,;)', '2'],
    ['str(a=1;b=2),param(b,0x3b)', '2'],
    ['str(ab=1&b=2),param(b)', '2'],
    ['str(ab=1),param(a)', undefined],
    ['str(),param(a)', undefined],
    ['str(WWW.Example.com:8080),host_only', 'www.example.com'],
    ['str([::1]:80),host_only', '[::1]'],
    ['str([::1]),host_only', '[::1]'],
    ['str(a),host_only', 'a'],
    ['str(a:8080),port_only', 8080],
    ['str(a:80x),port_only', 80],
    ['str([::1]:443),port_only', 443],
    ['str([::1]),port_only', 0],
    ['str(a),port_only', 0],
    ['str(a),concat(-,txn.num,+)', 'a-7+'],
    ['str(a),concat(b)', 'ab'],
    ['str(a),concat(,txn.none)', 'a'],
    ['str(),add_item(-,txn.num)', '7'],
    ['str(a),add_item(-,txn.num)', 'a-7'],
    ['str(a),add_item(-,,b)', 'a-b'],
    ['str(a),add_item(-,txn.none)', 'a'],
    ['int(1),iif(yes,no)', 'yes'],
    ['int(0),iif(yes,no)', 'no'],
    ['str(Abc),strcmp(txn.text)', 0],
    ['str(Abb),strcmp(txn.text)', -1],
    ['str(Abd),strcmp(txn.text)', 1],
    ['str(a),strcmp(txn.none)', undefined],
    ['str(Abc),secure_memcmp(txn.text)', true],
    ['str(Abd),secure_memcmp(txn.text)', false],
    ['str(a),secure_memcmp(txn.text)', false],
    ['str(a),secure_memcmp(txn.none)', undefined],
    ['bin(0102),base2', '0000000100000010'],
    ['bin(0102030405),be2dec(:,2)', '258:772:5'],
    ['bin(0102030405),be2dec(:,2,1)', '258:772'],
    ['bin(0102030405),le2dec(:,2)', '513:1027:5'],
    ['bin(010203),be2hex', '010203'],
    ['bin(010203),be2hex(:,2)', '0102:03'],
    ['bin(010203),be2hex(:,2,1)', '0102'],
    ['int(258),htonl,hex', '00000102'],
    ['str(1f),hex2i', 31],
    ['str(),hex2i', 0],
    ['str(xyz),hex2i', undefined],
    ['str(ffffffffffffffff),hex2i', -1],
    ['str(a%2Fb+c?d+e),url_dec', 'a/b+c?d e'],
    ['str(a+b),url_dec(1)', 'a b'],
    ['str(%4),url_dec', undefined],
    ['str("a b/\u00e9"),url_enc', 'a%20b%2F%E9'],
    ['str("\\"\\\\/\\t"),json', '\\"\\\\\\/\\t'],
    ['bin(01c3a9),json', '\\u0001\\u00c3\\u00a9'],
    ['bin(c3a9),json(utf8)', '\\u00e9'],
    ['bin(c3),json(utf8)', undefined],
    ['bin(41c342),json(utf8s)', 'AB'],
    ['str(1577836800),utime(%Y-%m-%d %G-W%V)', '2020-01-01 2020-W01'],
    ['str(1609459199),utime(%G %V %g)', '2020 53 20'],
    ['str(1483228800),utime(%G %V %U %W)', '2016 52 01 00'],
    ['str(1735603200),utime(%G %V)', '2025 01'],
    ['int(1700000000),utime(%I %p %P %l %k %e %j %u %w %h%n%t%%)', '10 PM pm 10 22 14 318 2 2 Nov\n\t%'],
    [
      'int(1700000000),utime(%C %D %F %R %r %T %x %X %y %Z %z %c)',
      '20 11/14/23 2023-11-14 22:13 10:13:20 PM 22:13:20 11/14/23 22:13:20 23 GMT +0000 Tue Nov 14 22:13:20 2023',
    ],
    [
      'int(1700000000),utime(%A %a %B %b %d %H %M %S %s %m %q,5)',
      'Tuesday Tue November Nov 14 22 13 25 1700000005 11 %q',
    ],
    ['int(1700000000123),ms_utime(%S.%3N)', '20.123'],
    ['int(1700000000123456),us_utime(%S.%6N %N)', '20.123456 123456000'],
    ['int(1700000000123),ms_utime(%s,1000)', '1700000001'],
    ['int(99999999999999),utime(%Y)', undefined],
    ['int(784111777),http_date', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['int(784111777123),http_date(0,ms)', 'Sun, 06 Nov 1994 08:49:37.123 GMT'],
    ['int(99999999999999),http_date', undefined],
    ['str("Sun, 06 Nov 1994 08:49:37 GMT"),date', 784111777],
    ['str("Sunday, 06-Nov-94 08:49:37 GMT"),date', 784111777],
    ['str("Sunday, 06-Nov-30 08:49:37 GMT"),date', 1920185377],
    ['str("Sun Nov  6 08:49:37 1994"),date', 784111777],
    ['str("Sun, 06 Nox 1994 08:49:37 GMT"),date', undefined],
    ['str("Sun, 06 anF 1994 08:49:37 GMT"),date', undefined],
    ['str(tomorrow),date', undefined],
    ['str(10.1.2.3),ipmask(8)', '10.0.0.0'],
    ['str(10.1.2.3),ipmask(255.255.0.0)', '10.1.0.0'],
    ['str(10.1.2.3),ipmask(0)', '0.0.0.0'],
    ['str(2001:db8:1:2::3),ipmask(24,48)', '2001:db8:1::'],
    ['str(2001:db8:1:2::3),ipmask(24,ffff::)', '2001::'],
    ['str(2001:db8::1),ipmask(24)', undefined],
    ['str(::ffff:10.1.2.3),ipmask(8)', '10.0.0.0'],
    ['str(2002:a01:203::1),ipmask(8)', '10.0.0.0'],
    ['str(abc),crc32', 891568578],
    ['str(abc),crc32c', 910901175],
    ['str(abc),djb2', 193485963],
    ['str(abc),sdbm', 807794786],
    ['str(abc),xxh32', 0x32d153ff],
    ['str(abc),xxh64', '4952883123889572249'],
    ['str(abc),xxh64(1),length', 20],
    ['str(Nobody inspects the spammish repetition),xxh64', '-302119147016844303'],
    ['str(Nobody inspects the spammish repetition),xxh32', 0xe2293b2f],
    ['str(abc),sha1,hex', 'A9993E364706816ABA3E25717850C26C9CD0D89D'],
    ['str(),sha2(224),hex', 'D14A028C2A3A2BC9476102BB288234C415A2B01F828EA62AC5B3E42F'],
    ['str(abc),digest(md5),hex', '900150983CD24FB0D6963F7D28E17F72'],
    ['str(abc),hmac(sha256,a2V5),hex', '9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB'],
    ['str(abc),hmac(sha256,txn.key),bytes(0,1),hex', '9C'],
    ['str(abc),hmac(sha256,txn.none)', undefined],
    ['int(5),not', false],
    ['int(0),not', true],
    ['int(-3),odd', true],
    ['int(-3),even', false],
    ['int(3),cpl', -4],
    ['int(12),and(10)', 8],
    ['int(12),or(3)', 15],
    ['int(12),xor(txn.num)', 11],
    ['int(4294967297),and(4294967296)', 4294967296],
    ['int(4294967296),or(1)', 4294967297],
    ['int(4294967296),xor(4294967296)', 0],
    ['int(7),add(txn.num)', 14],
    ['int(7),add(txn.none)', undefined],
    ['int(10),x509_v_err_str', 'X509_V_ERR_CERT_HAS_EXPIRED'],
    ['int(0),x509_v_err_str', 'X509_V_OK'],
    ['int(9999),x509_v_err_str', '9999'],
    ['str("fr;q=0.5,es"),language(es;fr)', 'es'],
    ['str(fr-ca),language(fr)', 'fr'],
    ['str(de),language(es;fr,en)', 'en'],
    ['str(;),language(es;fr)', undefined],
    ['str(a.example),map(hosts)', 'one'],
    ['str(b.example),map_str_int(hosts)', 2],
    ['str(a.example),map_str_int(hosts,9)', undefined],
    ['str(c.example),map_str_int(hosts,9)', 9],
    ['str(c.example),map(hosts,none)', 'none'],
    ['str(c.example),map(hosts)', undefined],
    ['str(x.a.example),map_end_key(hosts)', 'a.example'],
    ['ipv4(10.9.9.9),map_ip_ip(nets)', '192.0.2.7'],
    ['ipv6(::2),map_ip_ip(nets,1.2.3.4)', '1.2.3.4'],
    ['str(/u/42/x),map_regm(paths)', 'user 42'],
    ['str(/u/42/x),map_reg(paths)', 'user \\1'],
    ['str(/u/42/x),map_regm_key(paths)', '^/u/([0-9]+)'],
    ['str(a-b-c),regsub(-,+)', 'a+b-c'],
    ['str(a-b-c),regsub(-,+,g)', 'a+b+c'],
    ["str(John Doe),regsub('(JOHN) (doe)','\\2 \\1',i)", 'Doe John'],
    ['str(k),in_table(st)', true],
    ['str(x),in_table(st)', false],
    ['int(1),bool,in_table', false],
    ['str(k),table_conn_cnt(st)', 4],
    ['str(k),table_kbytes_in(st)', 3],
    ['str(k),table_sess_cnt(st)', undefined],
    ['str(k),table_gpc(1,st)', 11],
    ['str(k),table_gpc0(st)', 10],
    ['str(k),table_gpt0', 30],
    ['str(k),table_gpc1_rate(st)', 21],
    ['str(k),table_trackers(st)', 2],
    ['str(k),table_idle(st)', 77],
    ['str(x),table_idle(st,5)', 5],
    ['str(k),table_server_id(st)', 's1'],
    ['str(app),nbsrv', 3],
    ['str(none),nbsrv', undefined],
    ['str(www),fe_exists', true],
    ['str(api),fe_exists', false],
    ['str(app/s1),srv_is_up', true],
    ['str(app/s1),srv_queue', 5],
    ['str(s1),srv_queue', undefined],
    ['str(a),when(acl,yes)', 'a'],
    ['str(a),when(acl,!yes)', undefined],
    ['acl(yes)', true],
    ['acl(yes,!yes)', false],
    ['str(a),set-var(txn.z),unset-var(txn.text),length', 1],
    ['str(a),debug', 'a'],
    ['int(5),set-var(txn.z),add(1)', 6],
  ])('%s is %j', (text, value) => {
    expect(read(text)).toBe(value)
  })

  it.each([
    ['str(a),bytes(-1)', 'bytes offset is -1'],
    ['str(a),bytes(x)', 'argument 1 of bytes is "x"'],
    ['str(a),has_ctl(x)', 'argument 1 of has_ctl is "x"'],
    ['str(a),has_ctl(0x3ffffffff)', 'has_ctl mask is 17179869183'],
    ['str(a),param(a,bc)', 'param delimiter is "bc"'],
    ['str(a),strcmp(a)', 'strcmp variable is "a"'],
    ['str(a),be2dec(:,9)', 'be2dec chunk_size is 9'],
    ['str(a),be2hex(:,0)', 'be2hex chunk_size is 0'],
    ['str(a),digest(none)', 'digest algorithm is "none"'],
    ['str(a),hmac(sha256,!)', 'hmac key is "…"'],
    ['str(a),sha2(5)', 'sha2 bits is 5'],
    ['str(a),ipmask(33)', 'ipmask mask4 is "33"'],
    ['str(a),ipmask(x)', 'ipmask mask4 is "x"'],
    ['str(a),ipmask(8,129)', 'ipmask mask6 is "129"'],
    ['str(a),json(utf7)', 'argument 1 of json is "utf7"'],
    ['str(a),json_query(a)', 'json_query path is "a"'],
    ['str(a),json_query($.a.)', 'json_query path is "$.a."'],
    ['str(a),json_query($.a,float)', 'argument 2 of json_query is "float"'],
    ['int(1),http_date(0,h)', 'argument 2 of http_date is "h"'],
    ['str(a),regsub((,b)', 'regsub pattern is "("'],
    ['str(a),regsub(a,b,x)', 'regsub flags is "x"'],
    ['str(a),map(nothing)', 'file is "nothing"; allowed is a file that can be read'],
    ['str(a),map_str_int(hosts,x)', 'default is "x"'],
    ['str(a),map_str_ip(hosts,x)', 'default is "x"'],
    ['str(a),in_table(other)', 'argument 1 of in_table is "other"'],
    ['str(a),when(error)', 'argument 1 of when is "error"'],
    ['str(a),when(acl,no)', 'argument 2 of when is "no"'],
    ['str(a),jwt_verify(HS1,k)', 'jwt_verify alg is "HS1"'],
    ['bool(true),ipmask(8)', 'a converter that takes bool'],
    ['int(x)', 'argument 1 of int is "x"'],
    ['bool(yes)', 'argument 1 of bool is "yes"'],
    ['bin(1)', 'bin is "1"'],
    ['ipv4(1.2.3)', 'ipv4 is "1.2.3"'],
    ['ipv6(1.2.3.4)', 'ipv6 is "1.2.3.4"'],
    ['meth(a b)', 'meth is "a b"'],
    ['var(a)', 'var is "a"'],
    ['uuid(5)', 'uuid version is 5'],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})

test('fields are what a split by their delimiter gives', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':'), maxLength: 12 })
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: -5, max: 5 }).filter(index => index !== 0),
      (text, index) => {
        const parts = text.split(/[/:]/)
        expect(pipe(str(text), field(index, '/:')).read({})).toBe(parts.at(index > 0 ? index - 1 : index))
      },
    ),
  )
})

test('what is encoded is decoded to the same bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map(list => Buffer.from(list).toString('latin1'))
  fc.assert(
    fc.property(bytes, text => {
      expect(pipe(str(text), base64(), b64dec()).read({})).toBe(text)
      expect(pipe(str(text), ub64enc(), ub64dec()).read({})).toBe(text)
      expect(pipe(str(text), urlEnc(), urlDec()).read({})).toBe(text)
      expect(pipe(str(text), crc32()).read({})).toBe(zlibCrc32(Buffer.from(text, 'latin1')))
    }),
  )
})

test('regsub takes linear time for a pattern that would keep a backtracking engine for hours', () => {
  const started = performance.now()
  expect(pipe(str('a'.repeat(20_000)), regsub('(a+)+$', 'b', 'g')).read({})).toBe('b')
  expect(pipe(str(`${'a'.repeat(20_000)}!`), regsub('(a+)+$', 'b')).read({})).toBe(`${'a'.repeat(20_000)}!`)
  expect(performance.now() - started).toBeLessThan(5000)
})

test('variables and captures are set by what passes', () => {
  const scope = requestScope('/')
  expect(expression('str(x),set-var(txn.v),capture-req(1),capture-res(2)', 'request').read(scope)).toBe('x')
  expect(scope.variables.get('txn.v')).toBe('x')
  expect(scope.carrier.told).toEqual([
    ['capture', 'request', 1, 'x'],
    ['capture', 'response', 2, 'x'],
  ])
})
