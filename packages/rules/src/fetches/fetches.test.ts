import { describe, expect, it, test } from 'vitest'
import { expression } from '../expression/expression.ts'
import type { Names } from '../expression/names.ts'
import type { Sample } from '../sample.ts'
import type {
  BackendView,
  CertificateView,
  FrontendView,
  ResponseScope,
  ServerView,
  TlsView,
  TrackedView,
} from '../scope.ts'
import { connectionScope, requestScope, responseScope, tables } from '../test-support.ts'

const certificate: CertificateView = {
  verified: false,
  error: 'CERT_HAS_EXPIRED',
  subject: 'CN=a\\, b\\C3\\A9,OU=one,OU=two,O=Example',
  issuer: 'CN=CA',
  serialNumber: '0A0B',
  der: Buffer.from('der'),
  notBefore: Date.UTC(2026, 0, 2, 3, 4, 5),
  notAfter: Date.UTC(2027, 0, 2, 3, 4, 5),
}
const tls: TlsView = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: 'www.example',
  alpn: 'h2',
  resumed: true,
  clientCertificate: certificate,
}
const server: ServerView = {
  name: 's1',
  up: true,
  weight: 5,
  requestsNow: 2,
  queueNow: 3,
  sessionRate: 4,
  freeConnections: 8,
}
const backend: BackendView = {
  name: 'app',
  requestsNow: 1,
  queueNow: 5,
  sessionRate: 6,
  usableServers: 2,
  freeConnections: 7,
  server: () => server,
}
const frontend: FrontendView = { name: 'www', connectionsNow: 9, sessionRate: 10, requestRate: 11 }
const counts: Record<string, number> = { conn_cnt: 3, bytes_in_cnt: 5000, gpc: 40, gpc_rate: 50, gpt: 60 }
const tracked: TrackedView = {
  key: '192.0.2.1',
  trackers: 2,
  get: (type, index = 0) => (type in counts ? (counts[type] as number) + index : undefined),
  increment: index => 100 + index,
  clear: index => 200 + index,
  tag: () => undefined,
}

const names: Names = {
  backend: name => (name === 'app' ? backend : undefined),
  frontend: name => (name === 'www' ? frontend : undefined),
  server: (of, name) => (of !== 'none' && name === 's1' ? server : undefined),
  table: () => tables,
  users: name =>
    name === 'staff' ? { allows: (user, password) => user === 'joe' && password === 's:ecret' } : undefined,
}

const scope: ResponseScope = {
  ...requestScope('/p?q', ['Authorization', `Basic ${Buffer.from('joe:s:ecret').toString('base64')}`], {
    isFirst: true,
    arrivedAt: 1_700_000_000_999,
    bodySize: 10,
    body: Buffer.from('a=1'),
  }),
  ...{ response: responseScope(503, ['Set-Cookie', 'a=1']).response, server, backend, uniqueId: 'id-1' },
  connection: {
    ...connectionScope().connection,
    peerAddress: '127.0.0.9',
    acceptedAt: 1_700_000_000_001,
    tls,
    socket: { peerAddress: '198.51.100.7', peerPort: 70, localAddress: '::1', localPort: 81 },
    proxyHeader: { authority: 'front.example', uniqueId: 'u-1' },
    httpMajor: 2,
  },
  serverConnection: {
    peerAddress: '10.0.0.1',
    peerPort: 8080,
    localAddress: '10.0.0.2',
    localPort: 5000,
    tls: { ...tls, clientCertificate: undefined },
    reused: false,
    httpMajor: 1,
  },
  tracked: [tracked, undefined],
  around: { now: () => 1_700_000_000_123, random: () => 0.5, frontend },
  captures: { request: ['r0'], response: [undefined, 's1'] },
}

const read = (text: string, of: ResponseScope = scope) => expression(text, 'response', names).read(of)

describe('a fetch', () => {
  it.each<[string, Sample | undefined]>([
    ['always_true', true],
    ['always_false', false],
    ['meth(GET)', 'GET'],
    ['date', 1_700_000_000],
    ['date(-10)', 1_699_999_990],
    ['date(5,ms)', 1_700_000_000_128],
    ['date(0,us)', 1_700_000_000_123_000],
    ['date_us', 123_000],
    ['accept_date', 1_700_000_000],
    ['accept_date(ms)', 1_700_000_000_001],
    ['request_date(ms)', 1_700_000_000_999],
    ['rand', 2 ** 31],
    ['rand(10)', 5],
    ['uuid', '80000000-0000-4800-a800-800000000000'],
    ['uuid(7)', '018bcfe5-687b-7800-a800-800000000000'],
    ['unique-id', 'id-1'],
    ['var(txn.none,d)', 'd'],
    ['var(txn.none,5)', 5],
    ['env(NO_SUCH_VARIABLE)', undefined],
    ['be_conn', 1],
    ['be_conn(app)', 1],
    ['be_conn_free', 7],
    ['be_sess_rate', 6],
    ['be_name', 'app'],
    ['nbsrv', 2],
    ['nbsrv(app)', 2],
    ['queue', 5],
    ['avg_queue', 3],
    ['fe_conn', 9],
    ['fe_conn(www)', 9],
    ['fe_req_rate', 11],
    ['fe_sess_rate', 10],
    ['fe_name', 'www'],
    ['srv_conn(app/s1)', 2],
    ['srv_conn(s1)', 2],
    ['srv_conn_free(app/s1)', 8],
    ['srv_is_up(app/s1)', true],
    ['srv_queue(app/s1)', 3],
    ['srv_sess_rate(app/s1)', 4],
    ['srv_weight(app/s1)', 5],
    ['srv_name', 's1'],
    ['src', '127.0.0.9'],
    ['src_port', 4711],
    ['src_is_local', true],
    ['dst', '198.51.100.2'],
    ['dst_port', 80],
    ['dst_is_local', false],
    ['fc_src', '198.51.100.7'],
    ['fc_src_port', 70],
    ['fc_src_is_local', false],
    ['fc_dst', '::1'],
    ['fc_dst_port', 81],
    ['fc_dst_is_local', true],
    ['fc_http_major', 2],
    ['fc_rcvd_proxy', true],
    ['fc_pp_authority', 'front.example'],
    ['fc_pp_unique_id', 'u-1'],
    ['bc_src', '10.0.0.2'],
    ['bc_src_port', 5000],
    ['bc_dst', '10.0.0.1'],
    ['bc_dst_port', 8080],
    ['bc_http_major', 1],
    ['bc_reused', false],
    ['ssl_fc', true],
    ['ssl_fc_alpn', 'h2'],
    ['ssl_fc_cipher', 'TLS_AES_128_GCM_SHA256'],
    ['ssl_fc_has_crt', true],
    ['ssl_fc_has_sni', true],
    ['ssl_fc_is_resumed', true],
    ['ssl_fc_protocol', 'TLSv1.3'],
    ['ssl_fc_sni', 'www.example'],
    ['ssl_bc', true],
    ['ssl_bc_alpn', 'h2'],
    ['ssl_bc_cipher', 'TLS_AES_128_GCM_SHA256'],
    ['ssl_bc_is_resumed', true],
    ['ssl_bc_protocol', 'TLSv1.3'],
    ['ssl_bc_sni', 'www.example'],
    ['ssl_c_used', true],
    ['ssl_c_verify', 10],
    ['ssl_c_verify,x509_v_err_str', 'X509_V_ERR_CERT_HAS_EXPIRED'],
    ['ssl_c_der', 'der'],
    ['ssl_c_sha1,hex', '42F5CE65EF9FDC7C8B3C4C1D6EDE87D5C9B7C6F2'],
    ['ssl_c_serial,hex', '0A0B'],
    ['ssl_c_s_dn', 'CN=a\\, b\\C3\\A9,OU=one,OU=two,O=Example'],
    ['ssl_c_s_dn(CN)', 'a, b\u00c3\u00a9'],
    ['ssl_c_s_dn(ou)', 'two'],
    ['ssl_c_s_dn(OU,2)', 'one'],
    ['ssl_c_s_dn(OU,-1)', 'one'],
    ['ssl_c_s_dn(OU,3)', undefined],
    ['ssl_c_i_dn', 'CN=CA'],
    ['ssl_c_notbefore', '260102030405Z'],
    ['ssl_c_notafter', '270102030405Z'],
    ['sc_conn_cnt(0)', 3],
    ['sc0_conn_cnt', 3],
    ['sc_kbytes_in(0)', 4],
    ['sc_sess_cnt(0)', undefined],
    ['sc_conn_cnt(1)', undefined],
    ['sc1_conn_cnt', undefined],
    ['sc_get_gpc(2,0)', 42],
    ['sc_get_gpc0(0)', 40],
    ['sc0_get_gpc1', 41],
    ['sc_gpc_rate(1,0)', 51],
    ['sc0_gpc0_rate', 50],
    ['sc_get_gpt(1,0)', 61],
    ['sc_inc_gpc(3,0)', 103],
    ['sc0_inc_gpc1', 101],
    ['sc_clr_gpc(3,0)', 203],
    ['sc0_clr_gpc0', 200],
    ['sc_key(0)', '192.0.2.1'],
    ['sc1_key', undefined],
    ['sc_tracked(0)', true],
    ['sc1_tracked', false],
    ['sc_trackers(0)', 2],
    ['src_conn_cnt', 0],
    ['src_get_gpc0', 0],
    ['src_get_gpc(1)', 0],
    ['table_cnt', 1],
    ['capture.req.hdr(0)', 'r0'],
    ['capture.req.hdr(1)', undefined],
    ['capture.res.hdr(1)', 's1'],
    ['capture.req.uri', '/p?q'],
    ['capture.req.ver', 'HTTP/1.1'],
    ['capture.req.method', 'GET'],
    ['http_first_req', true],
    ['http_auth(staff)', true],
    ['http_auth_group(staff)', 'joe'],
    ['http_auth_type', 'Basic'],
    ['status', 503],
    ['set-cookie(a)', '1'],
    ['req.body_size', 10],
    ['req.body_len', 3],
    ['req.body_param(A,i)', '1'],
    ['query(with_qm)', '?q'],
    ['base32+src,hex,length', 16],
    ['url32+src,hex,length', 16],
  ])('%s is %j', (text, value) => {
    if (text === 'ssl_c_sha1,hex') expect(read(text)).toMatch(/^[0-9A-F]{40}$/)
    else expect(read(text)).toBe(value)
  })

  const bare: ResponseScope = {
    ...responseScope(200),
    connection: { ...connectionScope().connection, peerAddress: '', localAddress: '' },
  }

  it.each([
    ...[
      'src',
      'dst',
      'src_is_local',
      'dst_is_local',
      'fc_src',
      'fc_src_is_local',
      'bc_src',
      'bc_reused',
      'base32+src',
    ],
    ...[
      'ssl_fc_sni',
      'ssl_bc_sni',
      'ssl_c_used',
      'ssl_c_der',
      'be_conn',
      'be_name',
      'fe_conn',
      'fe_name',
      'srv_name',
    ],
    ...[
      'sc_conn_cnt(0)',
      'sc_key(0)',
      'unique-id',
      'capture.req.hdr(0)',
      'capture.res.hdr(0)',
      'http_auth(staff)',
    ],
    ...[
      'http_auth_group(staff)',
      'http_auth_type',
      'http_auth_user',
      'http_auth_pass',
      'http_auth_bearer',
      'accept_date',
    ],
    ...[
      'request_date',
      'req.body',
      'req.body_len',
      'req.body_size',
      'req.body_param(a)',
      'http_first_req',
      'fc_http_major',
    ],
    ...['fc_pp_authority', 'fc_pp_unique_id', 'url_ip', 'url_port', 'urlp(a)', 'nbsrv', 'bc_dst_port'],
  ])('%s is nothing where there is none', text => {
    expect(read(text, bare)).toBeUndefined()
    expect(expression(text, 'response', names).testing(() => true)(bare)).toBe(false)
  })

  it('of the process is what the process is', () => {
    expect(read('pid')).toBe(process.pid)
    expect(read('hostname')).toMatch(/./)
    expect(read('uptime')).toBeGreaterThanOrEqual(0)
    process.env.EVENER_TEST_FETCH = 'value'
    expect(read('env(EVENER_TEST_FETCH)')).toBe('value')
    delete process.env.EVENER_TEST_FETCH
  })

  it.each([
    ['be_conn(none)', 'argument 1 of be_conn is "none"'],
    ['fe_conn(none)', 'argument 1 of fe_conn is "none"'],
    ['srv_conn(none/s1)', 'argument 1 of srv_conn is "none/s1"'],
    ['http_auth(none)', 'argument 1 of http_auth is "none"'],
    ['sc_conn_cnt(12)', 'sc tracker is 12'],
    ['ssl_c_s_dn(a b)', 'ssl_c_s_dn entry is "a b"'],
    ['ssl_c_s_dn(CN,0)', 'ssl_c_s_dn occurrence is 0'],
    ['req.cook( a)', 'req.cook name is " a"'],
    ['req.hdr(a\u002cb,x)', 'argument 2 of req.hdr is "b"'],
    ['urlp(a,bc)', 'url_param delimiter is "bc"'],
    ['urlp(a,?,x)', 'argument 3 of url_param is "x"'],
    ['env()', 'env is ""'],
    ['date(0,h)', 'argument 2 of date is "h"'],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(
      message.replace('req.hdr is "b"', 'req.hdr is "b"').replace('of url_param', 'of urlp'),
    )
  })
})

test('no server left, twice as many as wait are on average waiting', () => {
  const gone = { ...scope, backend: { ...backend, usableServers: 0 } }
  expect(read('avg_queue', gone)).toBe(10)
})
