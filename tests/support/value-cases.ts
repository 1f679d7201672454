/** What HAProxy and this library are both asked for: fetches of odd requests, and converters of odd texts. */
import type { ValueGroup } from './value-oracle.ts'

/** Expressions, with two blanks or a new line between. */
const listed = (text: string): string[] => text.trim().split(/ {2,}|\n */)

const request = (line: string, ...headers: string[]): string => `${[line, ...headers].join('\r\n')}\r\n\r\n`
const get = (target: string, ...headers: string[]): string =>
  request(`GET ${target} HTTP/1.1`, 'Host: www.example.com', ...headers)

const targets: ValueGroup = {
  expressions: listed(`
    method  path  pathq  query  url  base  baseq  base32  url32  req.ver  url_ip  url_port
    base32+src,hex  url32+src,hex  capture.req.uri  capture.req.method  capture.req.ver  http_first_req
    url_param()  url_param(a)  urlp(b)  urlp(A)  urlp(x,;)  urlp(a,/)  urlp_val(a)  urlp_val(n)
    urlp(a),url_dec  query,url_dec(1)  path,url_dec  path,url_enc  path,lower  path,upper
    path,field(2,/)  path,word(1,/)  path,word(-1,/)  query,length
  `),
  requests: [
    ...['/', '/a', '/A/b/C', '/a?', '/a?b', '/a?a=1&b=2', '/a?b=2;a=1', '/?a=&b', '/?a=1&a=2', '/?aa=1&a=2'],
    ...[
      '/?a',
      '/?=1',
      '/?a=%41%2f',
      '/%41%2fb',
      '/%4',
      '/%zz',
      '/a+b?a=c+d',
      '/a?a=1?b=2',
      '//a//b//',
      '/?n=-12x',
    ],
    ...[
      '/?n=+12',
      '/?n=99999999999',
      '/?a=12abc',
      '/a;x=1/b',
      '/a;x=1;y=2?a=1',
      '/?&&a=1',
      '/?b=1&A=3',
      '/a/a=9/c',
    ],
    ...[
      'http://1.2.3.4/a?b',
      'http://1.2.3.4:8080/',
      'http://www.example.com/x?a=1',
      'http://www.example.com:81/',
    ],
    ...['/~a_b-c.d', '/%7e%7E', '/a?a=%', '/a?b=1&c=%00&a=x'],
  ]
    .map(target =>
      target.startsWith('http')
        ? request(`GET ${target} HTTP/1.1`, `Host: ${/\/\/([^/]*)/.exec(target)?.[1]}`)
        : get(target),
    )
    .concat(
      request('OPTIONS * HTTP/1.1', 'Host: a'),
      request('POST /p HTTP/1.0', 'Content-Length: 0'),
      request('FOO /p HTTP/1.1', 'Host: WWW.Example.COM:8080'),
      request('GET /p HTTP/1.0'),
    ),
}

const heads: ValueGroup = {
  expressions: listed(`
    req.hdr(x)  req.hdr(X,1)  req.hdr(x,2)  req.hdr(x,3)  req.hdr(x,-1)  req.hdr(x,-2)  req.hdr(x,-3)
    req.hdr(x,0)  req.hdr(x,9)  req.hdr(x,-9)  hdr(x)  req.fhdr(x)  req.fhdr(x,1)  req.fhdr(x,2)
    req.fhdr(x,-1)  req.fhdr(x,-2)  req.hdr_cnt(x)  req.fhdr_cnt(x)  req.hdr_cnt  req.fhdr_cnt
    req.hdr_val(x)  req.hdr_val(x,1)  req.hdr_ip(x)  req.hdr_ip(x,1)  req.hdr_ip(x,-2)  req.hdr_names
    req.hdr_names(-)  req.hdrs  req.hdr(x),length  req.hdr(x),lower  req.hdr(absent)
    req.hdr_cnt(absent)  req.hdr(host)  req.hdr(x),add(1)  req.hdr(x),bool  req.hdr(x),ipmask(24,64)
    req.fhdr(x),json  req.fhdr(x),language(es;fr;en)  req.fhdr(x),language(es;fr;en-us,zz)
    req.hdrs_bin,hex
  `),
  requests: [
    [],
    ['X:'],
    ['X: a'],
    ['X: a, b ,c'],
    ['X: a,', 'x: ,b'],
    ['X: ,,'],
    ['X:   a  ,  b\t'],
    ['X: "a, b", c'],
    ['X: "a\\", b", c'],
    ['X: "a, b'],
    ['X: a, "b'],
    ['X: 1', 'X: 2', 'X: 3'],
    ['X: 12abc', 'X: -7'],
    ['X: +5'],
    ['X: 4294967297'],
    ['X: 1.2.3.4'],
    ['X: 1.2.3.4, 5.6.7.8'],
    ['X: 1.2.3.4:80'],
    ['X: 1.2.3.4:80000'],
    ['X: 1.2.3.4x'],
    ['X: 01.02.03.04'],
    ['X: 1.2.3'],
    ['X: ::1'],
    ['X: [::1]'],
    ['X: [::1]:80'],
    ['X: 2001:DB8::a:b'],
    ['X: ::ffff:1.2.3.4'],
    ['X: 2002:0102:0304::1'],
    ['X: unknown'],
    ['X: \xe9\xff\x80'],
    ['X: a\tb'],
    ['x-Long-Name: v', 'X: z'],
    ['X: fr;q=0.5, es;q=0.8, en;q=0'],
    ['X: en-us,fr;q=0.9'],
    ['X: de, fr ; q = 0.1 , es;q=0.05'],
    ['X: es;q=1.5,fr'],
    ['X: Sun, 06 Nov 1994 08:49:37 GMT'],
    ['X: Sunday, 06-Nov-94 08:49:37 GMT'],
    ['X: Sun Nov  6 08:49:37 1994'],
    ['X: yesterday'],
    ['X: a/b"c\\d'],
    ['X: 1,2,3,4,5,6,7,8,9,10,11,12'],
  ].map(headers => get('/', ...headers)),
}

const cookies: ValueGroup = {
  expressions: listed(`
    req.cook  req.cook(a)  req.cook(b)  req.cook(A)  req.cook(aa)  req.cook_cnt  req.cook_cnt(a)
    req.cook_val(a)  req.cook_val  cook(a)  req.cook($a)  req.cook(c)  req.cook_cnt(b)
  `),
  requests: [
    [],
    ['Cookie:'],
    ['Cookie: a=1'],
    ['Cookie: a=1; b=2'],
    ['Cookie: a=1;b=2;a=3'],
    ['Cookie: a=1', 'Cookie: a=2; b=3'],
    ['Cookie: a = 1 ; b= 2'],
    ['Cookie: a="1; b=2"; c=3'],
    ['Cookie: a="1\\"; b=2"; c=3'],
    ['Cookie: a="1; b=2'],
    ['Cookie: a'],
    ['Cookie: a; b=2'],
    ['Cookie: a='],
    ['Cookie: a= '],
    ['Cookie: a=; b=1'],
    ['Cookie: b=1; a='],
    ['Cookie: =1; a=2'],
    ['Cookie: ;;a=2;;'],
    ['Cookie: a=1,b=2'],
    ['Cookie: a=1 , b=2,c'],
    ['Cookie: $a=1; b=2'],
    ['Cookie: $Version=1; a=2; $Path=/'],
    ['Cookie: aa=1; a=2'],
    ['Cookie: a=b=c'],
    ['Cookie: a==;b=x y'],
    ['Cookie: a=12x;b=-3'],
    ['Cookie: a=\xe9; b=\xff'],
    ['Cookie: a=1;\tb=2'],
    ['cookie: A=1; a=2; A=3'],
    ['Cookie: ab=1; b'],
    ['Cookie: b"x=1, a=2'],
  ].map(headers => get('/', ...headers)),
}

const auth: ValueGroup = {
  expressions: listed(`
    http_auth_type  http_auth_user  http_auth_pass  http_auth_bearer  http_auth_bearer(x-token)
  `),
  requests: [
    ...[
      'Basic dXNlcjpwYXNz',
      'basic  dXNlcjpwYXNzOndvcmQ=',
      'Basic dXNlcg==',
      'Basic !',
      'Basic',
      'Basic Og==',
    ],
    ...[
      'Bearer abc.def',
      'BEARER   x y',
      'Bearer',
      'Digest a="b"',
      '',
      'Basic dXNlcjo=',
      'Basic dXNlcjpwYXNz, x',
    ],
  ]
    .map(value => get('/', `Authorization: ${value}`, 'X-Token: Bearer t'))
    .concat(get('/'), get('/', 'X-Token: bearer  u'), get('/', 'X-Token: u')),
}

const bodies: ValueGroup = {
  body: true,
  expressions: listed(`
    req.body  req.body_len  req.body_size  req.body_param(a)  req.body_param  req.body_param(b)
    req.body,length  req.body,hex  req.body,base64  req.body,sha1,hex  req.body,json_query('$.a')
    req.body,json_query('$.b.c')  req.body,json_query('$.l[1]')  req.body,json_query('$.l[1]','int')
    req.body,json_query('$.a','int')  req.body,json_query('$.x\\.y')
  `),
  requests: [
    ...['a=1&b=2', 'b=2&a=%41', 'a', '', 'a=\x01\xff', 'aa=1&a=2', 'a=1;b=3', '\xff\xfe\x01'],
    ...[
      '{"a":"x"}',
      '{"a":1}',
      '{"a":1.5}',
      '{"a":true}',
      '{"a":false}',
      '{"a":null}',
      '{"a":{}}',
      '{"a":[1, "x"]}',
    ],
    ...[
      '{"b":{"c":"d"}}',
      '{"b":{"a":1,"c":-12}}',
      '{"l":[1,2,3]}',
      '{"l":["a","b"]}',
      '{"l":[]}',
      '{"x.y":"z"}',
    ],
    ...[
      '{"a":"\\"\\\\\\/\\b\\n"}',
      '{"a":"\\u0041"}',
      '{"a":1234567}',
      '{"a":0.00001}',
      '{"a":1e3}',
      '{"a":-0.5}',
    ],
    ...[
      '{ "b" : { "x" : [ 1 , { "c" : 9 } ] , "c" : "deep" } , "a" : "y" }',
      '{"a":"x"',
      'no json',
      '{"a":12345678}',
    ],
    ...['{"a":0.1}', '{"a":123456.7}', '{"a":100000}', '{"a":1000000}', '{"a":"\xc3\xa9"}'],
  ].map(body => request('POST /p HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`) + body),
}

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

const answers: readonly string[] = [
  [],
  ['X: a, b', 'x: c'],
  ['Set-Cookie: a=1; Path=/; HttpOnly'],
  ['Set-Cookie: a=1', 'Set-Cookie: b=2; a=3', 'Set-Cookie: a=4'],
  ['Set-Cookie: a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Path=/x'],
  ['Set-Cookie: a="x;y"; b=2'],
  ['Set-Cookie: a'],
  ['Set-Cookie: a='],
  ['Set-Cookie: a=; Path=/'],
  ['Set-Cookie: $a=1; b=2'],
  ['Set-Cookie: a = 5x ; b'],
  ['X: 12abc', 'X: 1.2.3.4', 'Set-Cookie: c=1, a=2'],
].map(headers => request('HTTP/1.1 203 Fine', 'Content-Length: 0', ...headers))

const responses: ValueGroup = {
  expressions: listed(`
    status  res.ver  res.hdr(x)  res.hdr(x,1)  res.hdr(x,-2)  res.fhdr(x)  res.fhdr(x,1)  res.hdr_cnt(x)  res.fhdr_cnt(x)
    res.hdr_val(x)  res.hdr_ip(x)  res.hdr_names  res.hdrs  res.cook  res.cook(a)  res.cook(b)  res.cook(Path)
    res.cook_cnt  res.cook_cnt(a)  res.cook_val(a)  hdr(x)  shdr(x)  scook(a)  shdr_cnt(x)  scook_cnt(a)  resp_ver
    res.hdr_names(+)  cookie(a)  status,add(1)
  `),
  requests: answers.map((_, number) => get(`/${number}`)),
  responses: answers,
}

export const groups: Readonly<Record<string, ValueGroup>> = {
  targets,
  heads,
  cookies,
  auth,
  bodies,
  textual,
  numeric,
  hashed,
  constants,
  responses,
}

/** Where the two differ, and why. */
export interface Difference {
  readonly text: RegExp
  readonly ours: RegExp
  readonly theirs: RegExp
  /** Of the requests alone that match. */
  readonly request?: RegExp
  readonly why: string
}

const none = /^\(nothing\)$/

export const differences: readonly Difference[] = [
  {
    text: /^(?:(?:req|res)\.(?:hdr|cook)|urlp)_val/,
    ours: /^\d+$/,
    theirs: /^-?\d+$/,
    why: 'characters below the digits count as negative digits in 2.6, and end the number in later ones',
  },
  {
    text: /,word\(/,
    ours: none,
    theirs: /^$/,
    why: 'a word that is not there is an empty text in 2.6, and nothing in later ones and in the manual',
  },
  {
    text: /ipmask\(/,
    ours: /^\d+\.\d+\.\d+\.\d+$/,
    theirs: /:|^\(nothing\)$/,
    why: 'an IPv6 address that stands for an IPv4 one is not seen as such in 2.6, and is in later ones',
  },
  {
    text: /hdr_ip/,
    ours: /^::1$/,
    theirs: none,
    why: 'brackets around an IPv6 address are of later versions',
  },
  { text: /json_query/, ours: /^\[/, theirs: none, why: 'arrays are of later versions' },
  {
    text: /json_query/,
    ours: /^"\\\//,
    theirs: none,
    why: 'an escaped slash, which JSON has, is none to HAProxy',
  },
  {
    text: /http_auth_bearer\(/,
    ours: none,
    theirs: /^$/,
    why: 'a field that is not there, or says something else, has no token: an empty one would be taken for one',
  },
  {
    text: /b64dec$/,
    ours: none,
    theirs: /^$|\xff/,
    why: 'padding where there may be none is decoded to rubbish in 2.6, and refused in later ones',
  },
  {
    text: /,(?:hex2i|mul\(3\))$/,
    ours: /^-?(?:80684520911381442|27021597764222972)/,
    theirs: /^-?(?:80684520911381438|27021597764222973)/,
    why: 'beyond 2^53 numbers are rounded',
  },
  {
    text: /,(?:add|sub)\(/,
    ours: /^-|7$/,
    theirs: /^922337203685477580[67]$/,
    why: 'two negative numbers make the largest one in 2.6, and their sum in later ones',
  },
  {
    text: /,(?:http_date|[lu]time)\(/,
    request: /^X: (?:-|9007199254740991$)/m,
    ours: /./,
    theirs: /./,
    why: 'a time before 1970 is one far in the future to HAProxy; and there is no year beyond 275760 here',
  },
]
