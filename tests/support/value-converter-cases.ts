/** What HAProxy and this library are both asked for: converters of odd texts, and constants. */
import { get, listed } from './value-messages.ts'
import type { ValueGroup } from './value-oracle.ts'

/** Texts that converters are given: in a field, where no control character may be. */
const texts = [
  ...[
    '',
    'a',
    'Abc',
    'a,b',
    '/f1/f2/f3',
    '//f1///f2',
    'a:b:c',
    '  x  ',
    'aaa',
    '0',
    '1',
    '-1',
    '+7',
    '42',
    '12abc',
    'abc',
  ],
  ...[
    '9007199254740991',
    '-9007199254740991',
    '4294967296',
    'ff',
    'FFFFFFFF',
    'zz',
    'fffffffff',
    'dXNlcg==',
    'dXNlcg',
  ],
  ...[
    'dXN-_g',
    'dXNl',
    'x===',
    '%41%42',
    '%4',
    'a+b?c+d',
    'a%20b+c',
    '1.2.3.4',
    '10.11.12.13:80',
    '::1',
    '2001:db8::1',
  ],
  ...[
    '2001:0DB8:1:2:3:4:5:6',
    '::ffff:9.8.7.6',
    'true',
    'www.Example.com',
    '\xe9\xff',
    '"q"',
    'back\\slash',
    'a&b=c&d=',
  ],
  ...[
    'The quick brown fox jumps over the lazy dog',
    'x'.repeat(300),
    '=',
    'f1_f2_f3__f5',
    '1700000000',
    '0x10',
    '-0',
  ],
]

const textual: ValueGroup = {
  variables: [
    ['txn.num', 'int(7)'],
    ['txn.txt', 'str(Abc)'],
    ['txn.key', 'str(a2V5)'],
  ],
  expressions: listed(`
    length  upper  lower  bytes(1)  bytes(1,2)  bytes(0,1)  bytes(99)  ltrim(a)  rtrim(bc)  ltrim(ab/)
    field(1,/)  field(2,/)  field(-1,/)  field(-2,:)  field(2,/:)  field(2,/,2)  field(2,/,0)
    field(-2,/,0)  field(-1,/,2)  word(1,/)  word(2,/)  word(-1,/)  word(-2,_)  word(2,_,0)  word(3,_,2)
    word(-2,_,3)  word(-3,_,0)  word(1,/:_)  concat(x)  concat(x,txn.txt,y)  concat(,txn.none,z)
    concat(-,txn.num)  add_item(-,txn.txt)  add_item(-,,suffix)  add_item(-,txn.none)
    strcmp(txn.txt),bool  secure_memcmp(txn.txt)  bool,iif(yes,no)  cut_crlf  json  json(utf8s)
    json(utf8)  url_dec  url_dec(1)  url_enc  url_enc(query)  base64  b64dec  ub64enc  ub64dec  hex
    hex2i  be2dec(:,1)  be2dec(.,2)  be2dec(-,2,1)  be2dec(:,8)  be2hex  be2hex(:,2)  be2hex(--,3,1)
    be2hex(,2,1)  set-var(txn.a),length  regsub(a,-)  regsub(a,-,g)  regsub([A-Z],x,ig)  regsub(x*,-,g)
    regsub(^.,+,g)  regsub('(.)(.)','\\2\\1',g)  regsub(c?$,,)  debug
  `).map(text => `req.fhdr(x),${text}`),
  requests: texts.map(text => get('/', `X: ${text}`)),
}

const numeric: ValueGroup = {
  variables: [['txn.num', 'int(7)']],
  expressions: listed(`
    add(1)  add(-1)  add(txn.num)  add(9223372036854775807)  sub(1)  sub(txn.none)  mul(3)  mul(-1)
    mul(0)  div(3)  div(-2)  div(0)  mod(3)  mod(-2)  mod(0)  neg  and(12)  and(-1)  or(5)  or(-8)
    xor(255)  xor(-1)  cpl  bool  not  odd  even  htonl,hex  and(4294967295)  xor(4294967296)
    add(0),hex  add(0),bytes(4),hex  add(0),http_date(0)  add(0),utime(%Y-%m-%dT%H:%M:%S)
    add(0),ltime(%Y%m%d%H%M%S)  add(0),utime(%a %A %b %B %C %d %D %e %F %g %G %h %H %I %j %k %l)
    add(0),utime(%m %M %n%p %P %r %R %s %S %t%T)  add(0),utime(%u %U %V %w %W %x %X %y %Y %z %Z %% %c)
    add(0),ltime(%z %Z)  add(0),utime(%s,60)  add(0),http_date(5)  add(0),ipmask(24)
    add(0),ipmask(255.255.0.0)  ipmask(8)  ipmask(24,48)  ipmask(24,ffff::)  ipmask(0,0)
    add(0),http_date(0,ms)  add(0),http_date(7,us)
  `).map(text => `req.fhdr(x),${text}`),
  requests: [
    ...texts,
    ...[
      '951782400',
      '1234567890',
      '1704067199',
      '1735689600',
      '1609459199',
      '1483228800',
      '68169600',
      '4102444800',
    ],
  ].map(text => get('/', `X: ${text}`)),
}

const hashed: ValueGroup = {
  variables: [['txn.key', 'str(a2V5)']],
  expressions: listed(`
    crc32  crc32(1)  crc32c  crc32c(1)  djb2  djb2(1)  sdbm  sdbm(1)  wt6  wt6(1)  xxh32  xxh32(5)
    xxh64  xxh64(7)  sha1,hex  sha2,hex  sha2(224),hex  sha2(384),hex  sha2(512),base64  digest(md5),hex
    digest(sha256),hex  hmac(sha256,a2V5),hex  hmac(sha1,txn.key),hex  hmac(md5,txn.none),hex
    sha1,bytes(0,4),hex
  `).map(text => `req.fhdr(x),${text}`),
  requests: texts.map(text => get('/', `X: ${text}`)),
}

const constants: ValueGroup = {
  variables: [
    ['txn.b', 'bool(true)'],
    ['txn.n', 'int(-5)'],
    ['txn.s', 'str(17)'],
    ['txn.a', 'ipv4(1.2.3.4)'],
  ],
  expressions: listed(`
    always_true  always_false  bool(true)  bool(FALSE)  bool(1)  int(0)  int(-12)  str()  str(a b)
    str("a,b)")  str('a\\b')  str("x\\"y")  str(a\\ b)  str(\\t)  bin(4142)  ipv4(1.2.3.4)  ipv6(::1)
    ipv6(2001:DB8:0:0::1)  meth(GET)  var(txn.b)  var(txn.n)  var(txn.s)  var(txn.a)  var(txn.none)
    var(txn.none,x)  var(txn.s),add(1)  var(txn.b),add(1)  var(txn.n),length  int(16909060),ipmask(32)
    bool(true),hex  int(5),hex  ipv4(1.2.3.4),hex  ipv6(::1),hex  ipv4(1.2.3.4),add(1)  bin(00),length
    ipv6(::102:304),ipmask(32,128)  ipv6(2002:102:304::),ipmask(32)  ipv6(fe80::1),ipmask(32)
    bool(true),lower  int(3),lower  str(1.2.3.4xyz),ipmask(32)  always_true,iif(a,b)
    always_false,iif(a,b)  int(2),iif(a,b)  bin(410042),upper  bin(410042),hex  src  dst  fc_http_major
    src_is_local  dst_is_local  fc_rcvd_proxy  ssl_fc  ssl_fc_sni  ssl_c_used
  
  `),
  requests: [get('/')],
}

export const converterGroups: Readonly<Record<string, ValueGroup>> = { textual, numeric, hashed, constants }
