/** HAProxy's fetches by name: how each is made of its arguments. */

import { all, type Condition } from '../condition.ts'
import {
  httpAuth,
  httpAuthBearer,
  httpAuthGroup,
  httpAuthPass,
  httpAuthType,
  httpAuthUser,
} from '../fetches/auth.ts'
import { avgQueue, nbsrv, queue } from '../fetches/backends.ts'
import * as bc from '../fetches/bc.ts'
import * as be from '../fetches/be.ts'
import * as captured from '../fetches/captured.ts'
import {
  sslCDer,
  sslCIDn,
  sslCNotafter,
  sslCNotbefore,
  sslCSDn,
  sslCSerial,
  sslCSha1,
  sslCUsed,
  sslCVerify,
} from '../fetches/client-certificate.ts'
import { dst, dstIsLocal, dstPort, src, srcIsLocal, srcPort } from '../fetches/connection.ts'
import {
  alwaysFalse,
  alwaysTrue,
  bin,
  bool,
  holds,
  int,
  ipv4,
  ipv6,
  meth,
  str,
} from '../fetches/constants.ts'
import { waitEnd } from '../fetches/content.ts'
import * as fc from '../fetches/fc.ts'
import * as fe from '../fetches/fe.ts'
import { urlParam, urlpVal } from '../fetches/parameters.ts'
import {
  acceptDate,
  date,
  dateUs,
  env,
  hostname,
  pid,
  rand,
  requestDate,
  uniqueId,
  uptime,
  uuid,
  variable,
} from '../fetches/process.ts'
import * as req from '../fetches/req.ts'
import {
  base,
  base32,
  base32Src,
  baseq,
  httpFirstReq,
  method,
  path,
  pathq,
  query,
  url,
  url32,
  url32Src,
  urlIp,
  urlPort,
} from '../fetches/request-line.ts'
import * as res from '../fetches/res.ts'
import { status } from '../fetches/response-line.ts'
import * as srv from '../fetches/srv.ts'
import {
  sslBc,
  sslBcAlpn,
  sslBcCipher,
  sslBcIsResumed,
  sslBcProtocol,
  sslBcSni,
  sslFc,
  sslFcAlpn,
  sslFcCipher,
  sslFcHasCrt,
  sslFcHasSni,
  sslFcIsResumed,
  sslFcProtocol,
  sslFcSni,
} from '../fetches/tls.ts'
import { readInteger } from '../integer.ts'
import type { Sample } from '../sample.ts'
import type { Value } from '../value.ts'
import type { Arguments } from './arguments.ts'
import { tableFetches } from './table-fetches.ts'

/** Makes a value of what is in the parentheses. */
type Maker = (given: Arguments) => Value<Sample, never>
type Makers = Readonly<Record<string, Maker>>

const internal: Makers = {
  acl: given => {
    const conditions: Condition[] = []
    do conditions.push(given.condition())
    while (!given.isAtEnd)
    return holds(all(...conditions))
  },
  always_false: () => alwaysFalse(),
  always_true: () => alwaysTrue(),
  accept_date: given => acceptDate(given.maybeOneOf(['s', 'ms', 'us'])),
  avg_queue: given => avgQueue(given.maybeBackend()),
  be_conn: given => be.conn(given.maybeBackend()),
  be_conn_free: given => be.connFree(given.maybeBackend()),
  be_name: () => be.name(),
  be_sess_rate: given => be.sessRate(given.maybeBackend()),
  bin: given => bin(given.text()),
  bool: given => bool(truth(given)),
  date: given => date(given.maybeInteger(), given.maybeOneOf(['s', 'ms', 'us'])),
  date_us: () => dateUs(),
  env: given => env(given.text()),
  fe_conn: given => fe.conn(given.maybeFrontend()),
  fe_name: () => fe.name(),
  fe_req_rate: given => fe.reqRate(given.maybeFrontend()),
  fe_sess_rate: given => fe.sessRate(given.maybeFrontend()),
  hostname: () => hostname(),
  int: given => int(given.integer()),
  ipv4: given => ipv4(given.text()),
  ipv6: given => ipv6(given.text()),
  meth: given => meth(given.text()),
  nbsrv: given => nbsrv(given.maybeBackend()),
  pid: () => pid(),
  queue: given => queue(given.maybeBackend()),
  rand: given => rand(given.maybeInteger()),
  srv_conn: given => srv.conn(given.server()),
  srv_conn_free: given => srv.connFree(given.server()),
  srv_is_up: given => srv.isUp(given.server()),
  srv_name: () => srv.name(),
  srv_queue: given => srv.queue(given.server()),
  srv_sess_rate: given => srv.sessRate(given.server()),
  srv_weight: given => srv.weight(given.server()),
  str: given => str(given.text()),
  'unique-id': () => uniqueId(),
  uptime: () => uptime(),
  uuid: given => uuid((given.maybeInteger() ?? 4) as 4 | 7),
  var: given => variable(given.text(), defaultOf(given)),
  wait_end: () => waitEnd(),
}

const connection: Makers = {
  bc_dst: () => bc.dst(),
  bc_dst_port: () => bc.dstPort(),
  bc_http_major: () => bc.httpMajor(),
  bc_reused: () => bc.reused(),
  bc_src: () => bc.src(),
  bc_src_port: () => bc.srcPort(),
  dst: () => dst(),
  dst_is_local: () => dstIsLocal(),
  dst_port: () => dstPort(),
  fc_dst: () => fc.dst(),
  fc_dst_is_local: () => fc.dstIsLocal(),
  fc_dst_port: () => fc.dstPort(),
  fc_http_major: () => fc.httpMajor(),
  fc_pp_authority: () => fc.ppAuthority(),
  fc_pp_unique_id: () => fc.ppUniqueId(),
  fc_rcvd_proxy: () => fc.rcvdProxy(),
  fc_src: () => fc.src(),
  fc_src_is_local: () => fc.srcIsLocal(),
  fc_src_port: () => fc.srcPort(),
  src: () => src(),
  src_is_local: () => srcIsLocal(),
  src_port: () => srcPort(),
  ssl_bc: () => sslBc(),
  ssl_bc_alpn: () => sslBcAlpn(),
  ssl_bc_cipher: () => sslBcCipher(),
  ssl_bc_is_resumed: () => sslBcIsResumed(),
  ssl_bc_protocol: () => sslBcProtocol(),
  ssl_bc_sni: () => sslBcSni(),
  ssl_c_der: () => sslCDer(),
  ssl_c_i_dn: given => sslCIDn(given.maybeText(), given.maybeInteger()),
  ssl_c_notafter: () => sslCNotafter(),
  ssl_c_notbefore: () => sslCNotbefore(),
  ssl_c_s_dn: given => sslCSDn(given.maybeText(), given.maybeInteger()),
  ssl_c_serial: () => sslCSerial(),
  ssl_c_sha1: () => sslCSha1(),
  ssl_c_used: () => sslCUsed(),
  ssl_c_verify: () => sslCVerify(),
  ssl_fc: () => sslFc(),
  ssl_fc_alpn: () => sslFcAlpn(),
  ssl_fc_cipher: () => sslFcCipher(),
  ssl_fc_has_crt: () => sslFcHasCrt(),
  ssl_fc_has_sni: () => sslFcHasSni(),
  ssl_fc_is_resumed: () => sslFcIsResumed(),
  ssl_fc_protocol: () => sslFcProtocol(),
  ssl_fc_sni: () => sslFcSni(),
}

const http: Makers = {
  base: () => base(),
  base32: () => base32(),
  'base32+src': () => base32Src(),
  baseq: () => baseq(),
  'capture.req.hdr': given => captured.reqHdr(given.integer()),
  'capture.req.method': () => method(),
  'capture.req.uri': () => captured.reqUri(),
  'capture.req.ver': () => captured.reqVer(),
  'capture.res.hdr': given => captured.resHdr(given.integer()),
  http_auth: given => httpAuth(given.users()),
  http_auth_bearer: given => httpAuthBearer(given.maybeText()),
  http_auth_group: given => httpAuthGroup(given.users()),
  http_auth_pass: () => httpAuthPass(),
  http_auth_type: () => httpAuthType(),
  http_auth_user: () => httpAuthUser(),
  http_first_req: () => httpFirstReq(),
  method: () => method(),
  path: () => path(),
  pathq: () => pathq(),
  query: given => query(given.maybeOneOf(['with_qm'])),
  request_date: given => requestDate(given.maybeOneOf(['s', 'ms', 'us'])),
  status: () => status(),
  url: () => url(),
  url32: () => url32(),
  'url32+src': () => url32Src(),
  url_ip: () => urlIp(),
  url_param: given => urlParam(given.maybeText(), given.maybeText(), given.maybeOneOf(['i'])),
  url_port: () => urlPort(),
  urlp_val: given => urlpVal(given.maybeText(), given.maybeText(), given.maybeOneOf(['i'])),
}

/** Of requests alone, and of layer 4. */
const requestOnly: Makers = {
  body: () => req.body(),
  body_len: () => req.bodyLen(),
  body_param: given => req.bodyParam(given.maybeText(), given.maybeOneOf(['i'])),
  body_size: () => req.bodySize(),
  len: () => req.len(),
  payload: given => req.payload(given.integer(), given.integer()),
  payload_lv: given => req.payloadLv(given.integer(), given.integer(), dataOffset(given)),
  proto_http: () => req.protoHttp(),
  rdp_cookie: given => req.rdpCookie(given.maybeText()),
  rdp_cookie_cnt: given => req.rdpCookieCnt(given.maybeText()),
  ssl_alpn: () => req.sslAlpn(),
  ssl_ec_ext: () => req.sslEcExt(),
  ssl_hello_type: () => req.sslHelloType(),
  ssl_sni: () => req.sslSni(),
  ssl_st_ext: () => req.sslStExt(),
  ssl_ver: () => req.sslVer(),
}

/** The same words for both sides. */
const fieldsOf = (side: typeof req | typeof res): Makers => ({
  cook: given => side.cook(given.maybeText()),
  cook_cnt: given => side.cookCnt(given.maybeText()),
  cook_names: given => side.cookNames(given.maybeText()),
  cook_val: given => side.cookVal(given.maybeText()),
  fhdr: given => side.fhdr(given.text(), given.maybeInteger()),
  fhdr_cnt: given => side.fhdrCnt(given.maybeText()),
  hdr: given => side.hdr(given.text(), given.maybeInteger()),
  hdr_cnt: given => side.hdrCnt(given.maybeText()),
  hdr_ip: given => side.hdrIp(given.maybeText(), given.maybeInteger()),
  hdr_names: given => side.hdrNames(given.maybeText()),
  hdr_val: given => side.hdrVal(given.text(), given.maybeInteger()),
  hdrs: () => side.hdrs(),
  hdrs_bin: () => side.hdrsBin(),
  ver: () => side.ver(),
})

const ofRequest: Makers = { ...fieldsOf(req), ...requestOnly }
const ofResponse = fieldsOf(res)

/** `hdr` and `cookie` are of the side whose rules ask. */
const bySide =
  (word: string): Maker =>
  given =>
    ((given.at === 'response' ? ofResponse : ofRequest)[word] as Maker)(given)

const ofSide = (makers: Makers, names: Readonly<Record<string, string>>): [string, Maker][] =>
  Object.entries(names).map(([name, word]) => [name, makers[word] as Maker])

/** Older names, and shorter ones. */
const aliases: [string, Maker][] = [
  ['cookie', bySide('cook')],
  ['hdr', bySide('hdr')],
  ['urlp', http.url_param as Maker],
  ...ofSide(ofRequest, {
    cook: 'cook',
    cook_cnt: 'cook_cnt',
    cook_val: 'cook_val',
    hdr_cnt: 'hdr_cnt',
    hdr_ip: 'hdr_ip',
    hdr_val: 'hdr_val',
    payload: 'payload',
    payload_lv: 'payload_lv',
    rdp_cookie: 'rdp_cookie',
    rdp_cookie_cnt: 'rdp_cookie_cnt',
    req_len: 'len',
    req_proto_http: 'proto_http',
    req_ssl_hello_type: 'ssl_hello_type',
    req_ssl_sni: 'ssl_sni',
    req_ssl_ver: 'ssl_ver',
    req_ver: 'ver',
  }),
  ...ofSide(ofResponse, {
    'set-cookie': 'cook',
    resp_ver: 'ver',
    scook: 'cook',
    scook_cnt: 'cook_cnt',
    scook_val: 'cook_val',
    shdr: 'hdr',
    shdr_cnt: 'hdr_cnt',
    shdr_ip: 'hdr_ip',
    shdr_val: 'hdr_val',
  }),
]

const named = (prefix: string, makers: Makers): [string, Maker][] =>
  Object.entries(makers).map(([word, maker]) => [prefix + word, maker])

export const fetches: ReadonlyMap<string, Maker> = new Map([
  ...[internal, connection, http].flatMap(makers => named('', makers)),
  ...named('req.', ofRequest),
  ...named('res.', ofResponse),
  ...tableFetches,
  ...aliases,
])

function truth(given: Arguments): boolean {
  const text = given.text().toLowerCase()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : given.refuse(text, 'true, false, 1 or 0')
}

/** A default that looks like a number is one. */
function defaultOf(given: Arguments): Sample | undefined {
  const text = given.maybeText()
  return text !== undefined && /^-?\d+$/.test(text) ? readInteger(text) : text
}

/** With a sign, it is counted from behind the length. */
function dataOffset(given: Arguments): number | `+${number}` | `-${number}` | undefined {
  const text = given.maybeText()
  if (text === undefined || text === '') return undefined
  if (!/^[-+]?\d+$/.test(text)) given.refuse(text, 'an offset')
  return /^\d/.test(text) ? Number(text) : (text as `+${number}`)
}
