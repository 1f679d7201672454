/** HAProxy's converters by name: how each is made of its arguments. */

import { secureMemcmp, strcmp } from '../converters/compare.ts'
import { httpDate, ltime, msLtime, msUtime, parseDate, usLtime, usUtime, utime } from '../converters/dates.ts'
import { digest, hmac, sha1, sha2 } from '../converters/digests.ts'
import {
  b64dec,
  base2,
  base64,
  be2dec,
  be2hex,
  hex,
  hex2i,
  htonl,
  le2dec,
  ub64dec,
  ub64enc,
} from '../converters/encodings.ts'
import { crc32, crc32c, djb2, sdbm, wt6, xxh32, xxh64 } from '../converters/hashes.ts'
import { hostOnly, portOnly } from '../converters/host.ts'
import { ipmask } from '../converters/ipmask.ts'
import { addItem, concat, iif } from '../converters/joining.ts'
import { json, jsonQuery } from '../converters/json.ts'
import { jwtHeaderQuery, jwtPayloadQuery, jwtVerify } from '../converters/jwt.ts'
import { language } from '../converters/language.ts'
import { lower, upper } from '../converters/letters.ts'
import * as math from '../converters/math.ts'
import { feExists, nbsrvOf, srvIsUpOf, srvQueueOf } from '../converters/named.ts'
import { field, word } from '../converters/parts.ts'
import { regsub } from '../converters/regsub.ts'
import {
  inTable,
  tableIdle,
  tableIndexed,
  tableNumber,
  tableServerId,
  tableTrackers,
} from '../converters/tables.ts'
import {
  bytes,
  cutCrlf,
  hasCtl,
  length,
  ltrim,
  param,
  reverse,
  reverseDom,
  rtrim,
} from '../converters/text.ts'
import { urlDec, urlEnc } from '../converters/url-encoding.ts'
import { captureInto, clearVariable, debug, toVariable, when } from '../converters/variables.ts'
import { x509VErrStr } from '../converters/verify-codes.ts'
import { type MapOptions, map } from '../patterns/map.ts'
import type { Sample } from '../sample.ts'
import { type TableNumber, tableNumbers } from '../tables.ts'
import type { Converter } from '../value.ts'
import { isVariableName } from '../variables.ts'
import type { Arguments } from './arguments.ts'
import { listOf } from './names.ts'

/** Makes a converter of what is in the parentheses. */
type Maker = (given: Arguments) => Converter<never, Sample, never>
type Makers = Readonly<Record<string, Maker>>

const texts: Makers = {
  add_item: given => addItem(given.text(), given.maybeText(), given.maybeText()),
  bytes: given => bytes(given.operand(), given.maybeOperand()),
  concat: given => concat(given.maybeText(), given.maybeText(), given.maybeText()),
  cut_crlf: () => cutCrlf(),
  field: given => field(given.integer(), given.text(), given.maybeInteger()),
  has_ctl: given => hasCtl(controlMask(given)),
  host_only: () => hostOnly(),
  iif: given => iif(given.text(), given.text()),
  language: given => language(given.text().split(';'), given.maybeText()),
  length: () => length(),
  lower: () => lower(),
  ltrim: given => ltrim(given.text()),
  param: given => param(given.text(), delimiter(given.maybeText())),
  port_only: () => portOnly(),
  regsub: given => regsub(given.text(), given.text(), given.maybeText()),
  reverse: () => reverse(),
  reverse_dom: () => reverseDom(),
  rtrim: given => rtrim(given.text()),
  secure_memcmp: given => secureMemcmp(given.text()),
  strcmp: given => strcmp(given.text()),
  upper: () => upper(),
  when: given => {
    given.oneOf(['acl'])
    return when(given.condition())
  },
  word: given => word(given.integer(), given.text(), given.maybeInteger()),
}

const encodings: Makers = {
  b64dec: () => b64dec(),
  base2: () => base2(),
  base64: () => base64(),
  be2dec: given => be2dec(given.text(), given.integer(), given.flag()),
  be2hex: given => be2hex(given.maybeText(), given.maybeInteger(), given.flag()),
  hex: () => hex(),
  hex2i: () => hex2i(),
  htonl: () => htonl(),
  json: given => json(given.maybeOneOf(['ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'])),
  json_query: given => jsonQuery(given.text(), given.maybeOneOf(['int'])),
  jwt_header_query: given => jwtHeaderQuery(given.maybeText(), given.maybeOneOf(['int'])),
  jwt_payload_query: given => jwtPayloadQuery(given.maybeText(), given.maybeOneOf(['int'])),
  jwt_verify: given => jwtVerify(given.text(), keyOf(given)),
  jwt_verify_cert: given => jwtVerify(given.text(), keyOf(given)),
  le2dec: given => le2dec(given.text(), given.integer(), given.flag()),
  ub64dec: () => ub64dec(),
  ub64enc: () => ub64enc(),
  url_dec: given => urlDec(given.flag()),
  url_enc: given => urlEnc(given.maybeOneOf(['query'])),
  x509_v_err_str: () => x509VErrStr(),
}

const hashes: Makers = {
  crc32: given => crc32(given.flag()),
  crc32c: given => crc32c(given.flag()),
  digest: given => digest(given.text()),
  djb2: given => djb2(given.flag()),
  hmac: given => hmac(given.text(), given.text()),
  sdbm: given => sdbm(given.flag()),
  sha1: () => sha1(),
  sha2: given => sha2((given.maybeInteger() || 256) as 256),
  wt6: given => wt6(given.flag()),
  xxh32: given => xxh32(given.maybeInteger()),
  xxh64: given => xxh64(given.maybeInteger()),
}

const numbers: Makers = {
  add: given => math.add(given.operand()),
  and: given => math.and(given.operand()),
  bool: () => math.bool(),
  cpl: () => math.cpl(),
  date: () => parseDate(),
  div: given => math.div(given.operand()),
  even: () => math.even(),
  http_date: given => httpDate(given.maybeInteger(), given.maybeOneOf(['s', 'ms', 'us'])),
  ipmask: given => ipmask(given.text(), given.maybeText()),
  ltime: given => ltime(given.text(), given.maybeInteger()),
  mod: given => math.mod(given.operand()),
  ms_ltime: given => msLtime(given.text(), given.maybeInteger()),
  ms_utime: given => msUtime(given.text(), given.maybeInteger()),
  mul: given => math.mul(given.operand()),
  neg: () => math.neg(),
  not: () => math.not(),
  odd: () => math.odd(),
  or: given => math.or(given.operand()),
  sub: given => math.sub(given.operand()),
  us_ltime: given => usLtime(given.text(), given.maybeInteger()),
  us_utime: given => usUtime(given.text(), given.maybeInteger()),
  utime: given => utime(given.text(), given.maybeInteger()),
  xor: given => math.xor(given.operand()),
}

const lookUps: Makers = {
  'capture-req': given => captureInto('request', given.integer()),
  'capture-res': given => captureInto('response', given.integer()),
  debug: given => {
    const prefix = given.maybeText() ?? 'buf0'
    given.maybeText()
    return debug(value => given.names.debug?.(prefix, value), `debug(${prefix})`)
  },
  fe_exists: given => feExists(given.names),
  in_table: given => inTable(given.table()),
  nbsrv: given => nbsrvOf(given.names),
  'set-var': given => toVariable(given.text()),
  srv_is_up: given => srvIsUpOf(given.names),
  srv_queue: given => srvQueueOf(given.names),
  table_gpc: given => tableIndex(given, 'gpc'),
  table_gpc0: given => tableIndexed(given.table(), 'gpc', 0),
  table_gpc0_rate: given => tableIndexed(given.table(), 'gpc_rate', 0),
  table_gpc1: given => tableIndexed(given.table(), 'gpc', 1),
  table_gpc1_rate: given => tableIndexed(given.table(), 'gpc_rate', 1),
  table_gpc_rate: given => tableIndex(given, 'gpc_rate'),
  table_gpt: given => tableIndex(given, 'gpt'),
  table_gpt0: given => tableIndexed(given.table(), 'gpt', 0),
  table_idle: given => tableIdle(given.table(), given.maybeInteger()),
  table_server_id: given => tableServerId(given.table()),
  table_trackers: given => tableTrackers(given.table()),
  'unset-var': given => clearVariable(given.text()),
}

const tables: [string, Maker][] = (Object.keys(tableNumbers) as TableNumber[]).map(name => [
  `table_${name}`,
  given => tableNumber(given.table(), name),
])

const methods = ['str', 'beg', 'end', 'sub', 'dir', 'dom', 'reg', 'regm', 'int', 'ip'] as const

/** HAProxy's words for what a map gives, and those here. */
const outputs = { '': 'str', _str: 'str', _int: 'int', _ip: 'addr', _key: 'key' } as const

/** `map`, `map_beg`, `map_ip_int`, … */
const maps: [string, Maker][] = methods.flatMap(method =>
  Object.entries(outputs).map(([output, gives]): [string, Maker] => [
    `map_${method}${output}`,
    given => mapOf(given, { match: method, gives }),
  ]),
)

export const converters: ReadonlyMap<string, Maker> = new Map([
  ...[texts, encodings, hashes, numbers, lookUps].flatMap(makers => Object.entries(makers)),
  ...tables,
  ...maps,
  ['map', given => mapOf(given, {})],
])

/** A name, a number in decimal or, with `0x`, in hexadecimal. */
function controlMask(given: Arguments): number | 'any' | 'http' | undefined {
  const text = given.maybeText()
  if (text === undefined || text === '') return undefined
  if (text === 'any' || text === 'http') return text
  return /^(?:0x[0-9a-fA-F]{1,9}|\d{1,10})$/.test(text)
    ? Number(text)
    : given.refuse(text, 'any, http or a number')
}

/** A character, or its number as `0x26`. */
function delimiter(text: string | undefined): string | undefined {
  return text !== undefined && /^0x[0-9a-fA-F]{2}$/.test(text) ? String.fromCharCode(Number(text)) : text
}

/** What is known as a public key by this name is one; all else is a secret. */
function keyOf(given: Arguments): Parameters<typeof jwtVerify>[1] {
  const text = given.text()
  return isVariableName(text) ? text : (given.names.publicKey?.(text) ?? text)
}

/** The number first, and then the table. */
function tableIndex(given: Arguments, name: 'gpc' | 'gpc_rate' | 'gpt'): Converter<Sample, number> {
  const index = given.integer()
  return tableIndexed(given.table(), name, index)
}

function mapOf(given: Arguments, options: MapOptions): Converter<never, Sample> {
  const file = given.text()
  return map(listOf(given.names, file, true), { ...options, default: given.maybeText() })
}
