/** What HAProxy and this library are both asked for: fetches of odd requests and responses. */
import { get, listed, message } from './value-messages.ts'
import type { ValueGroup } from './value-oracle.ts'

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
        ? message(`GET ${target} HTTP/1.1`, `Host: ${/\/\/([^/]*)/.exec(target)?.[1]}`)
        : get(target),
    )
    .concat(
      message('OPTIONS * HTTP/1.1', 'Host: a'),
      message('POST /p HTTP/1.0', 'Content-Length: 0'),
      message('FOO /p HTTP/1.1', 'Host: WWW.Example.COM:8080'),
      message('GET /p HTTP/1.0'),
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
  ].map(body => message('POST /p HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`) + body),
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
].map(headers => message('HTTP/1.1 203 Fine', 'Content-Length: 0', ...headers))

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

export const fetchGroups: Readonly<Record<string, ValueGroup>> = {
  targets,
  heads,
  cookies,
  auth,
  bodies,
  responses,
}
