/** HAProxy's fetches by name: how each is made of its arguments. */
import { dst, dstPort, src, srcPort } from '../fetches/connection.ts'
import * as req from '../fetches/req.ts'
import {
  base,
  base32,
  base32Src,
  baseq,
  method,
  path,
  pathq,
  query,
  url,
  url32,
  url32Src,
} from '../fetches/request-line.ts'
import * as res from '../fetches/res.ts'
import type { Sample } from '../sample.ts'
import type { Value } from '../value.ts'
import type { Arguments } from './arguments.ts'

/** Makes a value of what is in the parentheses. */
type Maker = (given: Arguments) => Value<Sample, never>

const connection: Readonly<Record<string, Maker>> = {
  src: () => src(),
  src_port: () => srcPort(),
  dst: () => dst(),
  dst_port: () => dstPort(),
}

const requestLine: Readonly<Record<string, Maker>> = {
  method: () => method(),
  path: () => path(),
  pathq: () => pathq(),
  query: given => query(given.maybeOneOf(['with_qm'])),
  url: () => url(),
  base: () => base(),
  baseq: () => baseq(),
  base32: () => base32(),
  'base32+src': () => base32Src(),
  url32: () => url32(),
  'url32+src': () => url32Src(),
}

/** The same words for both sides. */
const fieldsOf = (side: typeof req | typeof res): Readonly<Record<string, Maker>> => ({
  hdr: given => side.hdr(given.text(), given.maybeInteger()),
  hdr_cnt: given => side.hdrCnt(given.maybeText()),
  hdr_ip: given => side.hdrIp(given.maybeText(), given.maybeInteger()),
  hdr_val: given => side.hdrVal(given.text(), given.maybeInteger()),
  fhdr: given => side.fhdr(given.text(), given.maybeInteger()),
  fhdr_cnt: given => side.fhdrCnt(given.maybeText()),
  hdr_names: given => side.hdrNames(given.maybeText()),
  hdrs: () => side.hdrs(),
  hdrs_bin: () => side.hdrsBin(),
  cook: given => side.cook(given.maybeText()),
  cook_cnt: given => side.cookCnt(given.maybeText()),
  cook_val: given => side.cookVal(given.maybeText()),
  cook_names: given => side.cookNames(given.maybeText()),
  ver: () => side.ver(),
})

const ofRequest = fieldsOf(req)
const ofResponse = fieldsOf(res)

/** `hdr` and `cookie` are of the side whose rules ask. */
const bySide =
  (word: string): Maker =>
  given =>
    ((given.at === 'response' ? ofResponse : ofRequest)[word] as Maker)(given)

/** Older names. */
const aliases: Readonly<Record<string, Maker | undefined>> = {
  hdr: bySide('hdr'),
  cookie: bySide('cook'),
  hdr_cnt: ofRequest.hdr_cnt,
  hdr_ip: ofRequest.hdr_ip,
  hdr_val: ofRequest.hdr_val,
  cook: ofRequest.cook,
  cook_cnt: ofRequest.cook_cnt,
  cook_val: ofRequest.cook_val,
  req_ver: ofRequest.ver,
  shdr: ofResponse.hdr,
  shdr_cnt: ofResponse.hdr_cnt,
  shdr_ip: ofResponse.hdr_ip,
  shdr_val: ofResponse.hdr_val,
  scook: ofResponse.cook,
  scook_cnt: ofResponse.cook_cnt,
  scook_val: ofResponse.cook_val,
  resp_ver: ofResponse.ver,
}

const named = (prefix: string, words: Readonly<Record<string, Maker | undefined>>): [string, Maker][] =>
  Object.entries(words).map(([word, maker]) => [prefix + word, maker as Maker])

export const fetches: ReadonlyMap<string, Maker> = new Map([
  ...named('', connection),
  ...named('', requestLine),
  ...named('req.', ofRequest),
  ...named('res.', ofResponse),
  ...named('', aliases),
])
