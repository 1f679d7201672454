/**
 * Lines of rules, as HAProxy's configuration has them, and the requests that each of them is asked with. A group is a backend
 * of its own on both sides.
 */

export interface RuleGroup {
  /** Behind `http-request`, `http-response`, `http-after-response` or `acl`. */
  readonly lines: readonly string[]
  readonly asks: readonly Ask[]
  /** The answer's body and the fields of a page are each side's own. */
  readonly page?: boolean
}

export interface Ask {
  readonly method?: string
  readonly target: string
  /** Names and values in turn. */
  readonly headers?: readonly string[]
}

const to = (...targets: string[]): Ask[] => targets.map(target => ({ target }))

/** Requests that differ in all that conditions look at. */
const plain: readonly Ask[] = [
  { target: '/' },
  { target: '/api' },
  { target: '/api/v1/users?id=5&name=x', headers: ['X-Api', 'one', 'Cookie', 'a=1; session=abc'] },
  { target: '/API/v2', headers: ['X-Api', 'ONE, two', 'X-Api', 'three'] },
  { target: '/static/img/logo.png', headers: ['User-Agent', 'curl/8.0', 'Accept', 'image/png, */*'] },
  { target: '/static/img/logo.PNG?v=1', method: 'HEAD' },
  { target: '/a/b/../c/./d//e', headers: ['X-Number', '42'] },
  { target: '/form', method: 'POST', headers: ['Content-Length', '0', 'X-Number', '-7'] },
  { target: '/?q=a/b', headers: ['X-Address', '10.1.2.3', 'X-Empty', ''] },
  { target: '/x.api/png', headers: ['X-Address', '2001:db8::1', 'X-Api', ' padded '] },
]

const criteria = [
  'path /api',
  'path / /api /form',
  'path -i /api',
  'path_beg /api',
  'path_beg -i /api /static',
  'path_beg /static/img/ /api/',
  'path_end .png',
  'path_end -i .png .gif',
  'path_sub img api',
  'path_sub -i API',
  'path_dir img',
  'path_dir -i IMG/logo.png',
  'path_dir png',
  'path_dir /api/',
  'path_dom png',
  'path_dom -i LOGO v1',
  'path_len 1',
  'path_len 4:8',
  'path_len gt 8',
  'path_reg ^/api(/|$)',
  'path_reg -i \\.(png|gif|jpe?g)$',
  'path_reg ^/[a-z]+/v[0-9]+/',
  'path_reg -- (a+)+$',
  'path -m found',
  'query -m found',
  'query -m sub =',
  'query id=5&name=x',
  'method GET',
  'method POST HEAD',
  'req.hdr(x-api) one',
  'req.hdr(x-api) -i one',
  'req.hdr(x-api) two three',
  'req.hdr(x-api,1) ONE one',
  'req.hdr(x-api,-1) three',
  'req.hdr(x-api) -m found',
  'req.hdr(x-none) -m found',
  'req.hdr(x-empty) -m found',
  'req.hdr_cnt(x-api) 2:9',
  'req.hdr_cnt(x-api) eq 0',
  'req.hdr_cnt(x-api) ge 3',
  'req.fhdr(x-api) -m sub two',
  'req.hdr_val(x-number) 42',
  'req.hdr_val(x-number) lt 0',
  'req.hdr_val(x-number) ge 43 le 5',
  'req.hdr_val(x-number) 0:42',
  'req.hdr_ip(x-address) 10.0.0.0/8',
  'req.hdr_ip(x-address) 2001:db8::/32 192.0.2.1',
  'req.hdr_ip(x-address) ::ffff:10.1.0.0/112',
  'req.hdr(accept) -m sub png',
  'req.hdr(user-agent) -m beg curl',
  'req.hdr(user-agent) -m len 8',
  'req.hdr(x-api) -m bin 6f6e65',
  'req.cook(session) abc',
  'req.cook(session) -m found',
  'req.cook(a) 1',
  'req.cook_cnt(a) ge 1',
  'hdr(host) -m dom -i LOCALHOST',
  'hdr_beg(host) local',
  'hdr_dom(host) localhost',
  'req.ver 1.1',
  'src 127.0.0.0/8',
  'src 10.0.0.0/8',
  'src 127.1/8',
  'path,lower -m beg /api',
  'path,lower,field(2,/) api',
  'path,field(-1,/) -m end png',
  'path,word(1,/) -m str static',
  'req.hdr(x-api),upper ONE THREE',
  'url_beg /api',
  'url_reg ^/[?]',
  'base_beg localhost/api',
  'base_dom api',
]

const combined = [
  'METH_GET { path_beg /api }',
  'METH_POST || { path_beg /api }',
  '!METH_GET',
  '!{ path_beg /api } !{ path_end .png }',
  '{ path_beg /api } METH_POST or { path_end .png } METH_GET',
  'HTTP_1.1 !HTTP_1.0',
  'HTTP_URL_SLASH',
  'HTTP_URL_ABS',
  'HTTP_CONTENT',
  'LOCALHOST',
]

const conditions: RuleGroup[] = [...criteria.map(text => `{ ${text} }`), ...combined].map(text => ({
  lines: [`http-request set-header X-Match yes if ${text}`],
  asks: plain,
}))

const named: RuleGroup[] = [
  {
    lines: [
      'acl api path_beg /api',
      'acl api hdr(x-api) one',
      'acl image path_end -i .png',
      'http-request set-header X-Match api if api',
      'http-request add-header X-Match image if image !api',
      'http-request add-header X-Match neither unless api or image',
    ],
    asks: plain,
  },
]

const some: readonly Ask[] = [
  { target: '/' },
  {
    target: '/foo/bar?a=1&b=2',
    headers: ['X-A', '1', 'X-A', '2', 'X-B', 'b1, b2 ,b3', 'Cookie', 'foo=bar; x=y'],
  },
  {
    target: '/bar/baz/',
    headers: ['x-a', 'lower', 'X-C', 'a"b', 'X-Forwarded-Test', '192.168.10.1, 192.168.13.24, 10.0.0.37'],
  },
  { target: '/foo', headers: ['X-B', '', 'X-Long', 'l'.repeat(300)] },
  { target: '/p%41th/%7e?x=%20y' },
]

const rewrites: readonly (readonly string[])[] = [
  ['http-request set-header X-A new'],
  ['http-request set-header X-A "with space"'],
  ['http-request set-header X-A with\\ space'],
  ['http-request set-header X-A %[path]'],
  ['http-request set-header X-A a%[path]b%[query]c'],
  ['http-request set-header X-A 100%%'],
  ['http-request set-header X-A %[req.hdr(x-b)]'],
  ['http-request set-header X-A %[req.hdr(x-none)]'],
  ['http-request set-header X-A %[req.hdr(x-b,1)]:%[src]'],
  ['http-request set-header X-A %[path,upper]'],
  ['http-request set-header Host other.example'],
  ['http-request add-header X-A more'],
  ['http-request add-header X-A %[req.hdr(x-a)]'],
  ['http-request add-header X-New 1', 'http-request add-header X-New 2'],
  ['http-request set-header X-New 1', 'http-request set-header X-Copy %[req.hdr(x-new)]'],
  ['http-request del-header X-A'],
  ['http-request del-header x-a', 'http-request add-header X-A back'],
  ['http-request del-header X- -m beg'],
  ['http-request del-header -b -m end'],
  ['http-request del-header a -m sub'],
  ['http-request del-header ^x-[ab]$ -m reg'],
  ['http-request replace-header X-A (.*) <\\1>'],
  ['http-request replace-header X-A ^1$ one'],
  ['http-request replace-header X-A [0-9] n%[path]'],
  ['http-request replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=1.2.3.4;\\2'],
  ['http-request replace-header X-B (b)(1) \\2\\1\\0'],
  ['http-request replace-header X-C (.)(x)?(.) [\\1\\2\\3]'],
  ['http-request replace-value X-Forwarded-Test ^192\\.168\\.(.*)$ 172.16.\\1'],
  ['http-request replace-value X-B b([0-9]) c\\1'],
  ['http-request replace-value X-B ^b2$ two'],
  ['http-request set-path /new'],
  ['http-request set-path /pre%[path]'],
  ['http-request set-pathq /new?x=y'],
  ['http-request set-pathq /pre%[pathq]'],
  ['http-request set-query x=y'],
  ['http-request set-query %[query]&more=1'],
  ['http-request set-uri /u?v'],
  ['http-request set-method PUT'],
  ['http-request set-method PURGE if { path_beg /foo }'],
  ['http-request replace-path (.*) /foo\\1'],
  ['http-request replace-path /foo/(.*) /\\1'],
  ['http-request replace-path ^/([a-z]+)/([a-z]+)/?$ /\\2/\\1'],
  ['http-request replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2'],
  ['http-request replace-pathq (.*)a=1(.*) \\1a=2\\2'],
  ['http-request replace-uri ([^/:]*://[^/]*)?(.*) \\1/foo\\2'],
  [
    'http-request set-path /one',
    'http-request set-header X-Path %[path]',
    'http-request set-path /two%[path]',
  ],
  ['http-request allow if { path_beg /foo }', 'http-request set-header X-After 1'],
  ['http-request set-var(txn.a) path', 'http-request set-header X-Var %[var(txn.a)]'],
  ['http-request set-var-fmt(txn.a) <%[path]>', 'http-request set-header X-Var %[var(txn.a)]'],
  ['http-request set-var(txn.a) path', 'http-response set-header X-Var %[var(txn.a)]'],
  ['http-response set-header X-Res new'],
  ['http-response add-header X-Res new'],
  ['http-response del-header X-Res'],
  ['http-response del-header x- -m beg'],
  ['http-response replace-header Set-Cookie (C=[^;]*);(.*) \\1;seen;\\2'],
  ['http-response replace-value Cache-Control ^public$ private'],
  ['http-response replace-header X-Res (.*) [\\1]'],
  ['http-response set-status 201'],
  ['http-response set-status 503 reason "Slow Down"'],
  ['http-response set-header X-Copy %[res.hdr(x-res)]'],
  ['http-response set-header X-Match 1 if { res.hdr(x-res) b }'],
  ['http-response set-header X-Match 1 if { res.hdr_cnt(x-res) ge 3 }'],
  ['http-after-response set-header X-After 1'],
  ['http-after-response del-header Server', 'http-response set-header X-First 1'],
  ['http-after-response replace-value Cache-Control ^public$ private'],
  ['http-after-response set-status 206'],
]

const normalizers: RuleGroup[] = [
  'path-merge-slashes',
  'path-strip-dot',
  'path-strip-dotdot',
  'path-strip-dotdot full',
  'percent-decode-unreserved',
  'percent-to-uppercase',
  'query-sort-by-name',
].map(words => ({
  lines: [`http-request normalize-uri ${words}`],
  asks: to(
    '/',
    '/a/./b/../c//d?x=1//&b=%6f',
    '/../a/../../b',
    '/a/..',
    '/a/../..',
    '/.',
    '/a/.',
    '/./a',
    '/%61dmin%2f%2E%7e?%41=%zz',
    '/%%36%36',
    '//?c=3&a=1&b=2&a=0&aa=1',
    '/foo//../?=x&&b',
    '/.well-known/..a/b..',
  ),
}))

const directions: readonly Ask[] = [
  { target: '/' },
  { target: '/dir' },
  { target: '/dir/?a=b' },
  { target: '/x?a=b&c=d', headers: ['X-To', 'http://elsewhere.example/y'] },
  { target: '/x?', method: 'POST', headers: ['Content-Length', '0'] },
]

const redirects: RuleGroup[] = [
  'location http://other.example/',
  'location http://other.example/ code 301',
  'location /%[path,field(2,/)]/new code 303',
  'location %[req.hdr(x-to)] code 307',
  'location %[req.hdr(x-to)] ignore-empty',
  'location / set-cookie SEEN=1',
  'location / set-cookie SEEN',
  'location / clear-cookie USERID=',
  'location / code 308 clear-cookie X',
  'prefix http://other.example',
  'prefix http://other.example code 301 drop-query',
  'prefix http://other.example drop-query append-slash',
  'prefix / drop-query append-slash set-cookie A=b if { path /dir }',
  'prefix /mobile if !{ path_beg /mobile }',
  'prefix https://%[req.hdr(host)] code 307',
  'scheme https',
  'scheme https code 301',
  'scheme https drop-query',
  'scheme https drop-query append-slash',
  'scheme https unless { path /dir }',
].map(words => ({ lines: [`http-request redirect ${words}`], asks: directions }))

const responses: RuleGroup[] = [
  {
    lines: ['http-response redirect location http://other.example/%[res.hdr(x-res)] code 301'],
    asks: directions,
  },
  { lines: ['http-request return'], asks: directions },
  { lines: ['http-request return status 204'], asks: directions },
  {
    lines: ['http-request return status 200 content-type text/plain string "hello world"'],
    asks: directions,
  },
  {
    lines: ['http-request return status 404 content-type text/plain lf-string "no %[path] here"'],
    asks: directions,
  },
  {
    lines: [
      'http-request return status 418 content-type "text/plain; charset=utf-8" string x hdr X-A "a b" hdr X-B %[path]',
    ],
    asks: directions,
  },
  { lines: ['http-request return status 200 hdr X-A 1 if { path /dir }'], asks: directions },
  { lines: ['http-response return status 203 content-type text/plain string replaced'], asks: directions },
  { lines: ['http-request deny'], asks: directions, page: true },
  { lines: ['http-request deny deny_status 429 if { path /dir }'], asks: directions, page: true },
  {
    lines: ['http-request deny status 404 content-type text/plain string "not for you" hdr X-Why rules'],
    asks: directions,
  },
  { lines: ['http-response deny if { res.hdr(x-res) a }'], asks: directions, page: true },
  { lines: ['http-response deny status 500'], asks: directions, page: true },
  {
    lines: ['http-request deny if { path /dir }', 'http-after-response set-header X-After 1'],
    asks: directions,
    page: true,
  },
  {
    lines: [
      'http-request return status 200 content-type text/plain string x',
      'http-after-response set-header X-After 1',
      'http-response set-header X-Not 1',
    ],
    asks: directions,
  },
  {
    lines: ['http-request normalize-uri percent-to-uppercase strict'],
    asks: to('/%6f', '/%zz', '/%'),
    page: true,
  },
]

export const ruleGroups: readonly RuleGroup[] = [
  ...conditions,
  ...named,
  ...rewrites.map(lines => ({ lines, asks: some })),
  ...normalizers,
  ...redirects,
  ...responses,
]
