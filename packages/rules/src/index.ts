export { type Place, Rule, type RuleAnswer, type Verdict, type Wait } from './action.ts'
export { setDst, setDstPort, setSrc, setSrcPort } from './actions/addresses.ts'
export type { AnswerOptions } from './actions/answer.ts'
export { deny, respond, type TarpitOptions, tarpit } from './actions/answers.ts'
export { type AuthOptions, auth } from './actions/auth.ts'
export {
  type CaptureOptions,
  capture,
  earlyHint,
  setLogLevel,
  setTimeouts,
  useBackend,
  useServer,
} from './actions/carried.ts'
export { type CorsOptions, cors } from './actions/cors.ts'
export { accept, allow, reject, silentDrop } from './actions/ends.ts'
export {
  addHeader,
  delHeader,
  type NameMatch,
  replaceHeader,
  replaceValue,
  setHeader,
} from './actions/headers.ts'
export { addAcl, delAcl, delMap, setMap } from './actions/lists.ts'
export { type NormalizeOptions, type Normalizer, normalizeUri } from './actions/normalize-uri.ts'
export type { Numeric } from './actions/number.ts'
export { type RedirectOptions, redirect } from './actions/redirect.ts'
export { type SecurityHeaderOptions, securityHeaders } from './actions/security-headers.ts'
export { setStatus } from './actions/status.ts'
export {
  denyByRate,
  type GuardedRequest,
  scAddGpc,
  scIncGpc,
  scSetGpt,
  type TooMany,
  trackSc,
} from './actions/tables.ts'
export {
  replacePath,
  replacePathq,
  replaceUri,
  setMethod,
  setPath,
  setPathq,
  setQuery,
  setUri,
} from './actions/target.ts'
export { UserList, type UserListOptions, userList } from './actions/users.ts'
export { type SetVarCondition, setVar, unsetVar } from './actions/variables.ts'
export { pause, type WaitForBodyOptions, waitForBody } from './actions/waits.ts'
export { all, any, type Comparison, type Condition, not } from './condition.ts'
export { type AclContext, acl, condition } from './conditions/acl.ts'
export type { MatchOptions, Patterns } from './conditions/compare.ts'
export * as match from './conditions/match.ts'
export { secureMemcmp, strcmp } from './converters/compare.ts'
export {
  type DateUnit,
  httpDate,
  ltime,
  msLtime,
  msUtime,
  parseDate,
  usLtime,
  usUtime,
  utime,
} from './converters/dates.ts'
export { digest, hmac, sha1, sha2 } from './converters/digests.ts'
export {
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
} from './converters/encodings.ts'
export { crc32, crc32c, djb2, sdbm, wt6, xxh32, xxh64 } from './converters/hashes.ts'
export { hostOnly, portOnly } from './converters/host.ts'
export { ipmask } from './converters/ipmask.ts'
export { addItem, concat, iif } from './converters/joining.ts'
export { type JsonInput, json, jsonQuery } from './converters/json.ts'
export { jwtHeaderQuery, jwtPayloadQuery, jwtVerify } from './converters/jwt.ts'
export { language } from './converters/language.ts'
export { lower, upper } from './converters/letters.ts'
export * as math from './converters/math.ts'
export { feExists, type NamedThings, nbsrvOf, srvIsUpOf, srvQueueOf } from './converters/named.ts'
export type { Operand } from './converters/operand.ts'
export { field, word } from './converters/parts.ts'
export { regsub } from './converters/regsub.ts'
export {
  inTable,
  tableIdle,
  tableIndexed,
  tableNumber,
  tableServerId,
  tableTrackers,
} from './converters/tables.ts'
export {
  bytes,
  cutCrlf,
  hasCtl,
  length,
  ltrim,
  param,
  reverse,
  reverseDom,
  rtrim,
} from './converters/text.ts'
export { urlDec, urlEnc } from './converters/url-encoding.ts'
export { captureInto, clearVariable, debug, toVariable, when } from './converters/variables.ts'
export { x509VErrStr } from './converters/verify-codes.ts'
export { RuleError } from './errors.ts'
export { expression, expressionAt, type ScopeAt } from './expression/expression.ts'
export type { Names } from './expression/names.ts'
export {
  httpAuth,
  httpAuthBearer,
  httpAuthGroup,
  httpAuthPass,
  httpAuthType,
  httpAuthUser,
  type Users,
} from './fetches/auth.ts'
export { avgQueue, nbsrv, queue } from './fetches/backends.ts'
export * as bc from './fetches/bc.ts'
export * as be from './fetches/be.ts'
export * as captured from './fetches/captured.ts'
export {
  sslCDer,
  sslCIDn,
  sslCNotafter,
  sslCNotbefore,
  sslCSDn,
  sslCSerial,
  sslCSha1,
  sslCUsed,
  sslCVerify,
} from './fetches/client-certificate.ts'
export { dst, dstIsLocal, dstPort, src, srcIsLocal, srcPort } from './fetches/connection.ts'
export { alwaysFalse, alwaysTrue, bin, bool, holds, int, ipv4, ipv6, meth, str } from './fetches/constants.ts'
export { waitEnd } from './fetches/content.ts'
export * as fc from './fetches/fc.ts'
export * as fe from './fetches/fe.ts'
export { type ParameterCase, urlParam, urlpVal } from './fetches/parameters.ts'
export {
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
} from './fetches/process.ts'
export * as req from './fetches/req.ts'
export {
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
} from './fetches/request-line.ts'
export * as res from './fetches/res.ts'
export { status } from './fetches/response-line.ts'
export * as sc from './fetches/sc.ts'
export * as srv from './fetches/srv.ts'
export { tableUsed } from './fetches/table.ts'
export {
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
} from './fetches/tls.ts'
export type { Head } from './head.ts'
export { EditedHead, type FieldEdits, type Fields, PairFields } from './heads/edited-head.ts'
export type { Field } from './heads/field-text.ts'
export { clf, httplog, httpslog, tcplog } from './log-format/formats.ts'
export {
  type JsonField,
  jsonFormat,
  type LogFields,
  type LogFormat,
  logFormat,
} from './log-format/log-format.ts'
export type { LogRecord, LogScope } from './log-format/log-scope.ts'
export { type TemplateScope, template, uniqueIdFormat } from './log-format/template.ts'
export type { PatternEntry } from './patterns/entry.ts'
export { type MapOptions, map } from './patterns/map.ts'
export type { MatchMethod } from './patterns/methods.ts'
export {
  PatternList,
  type PatternListOptions,
  type PatternView,
  patternFile,
  patternList,
} from './patterns/pattern-list.ts'
export { pipe } from './pipe.ts'
export { type Paused, RuleList, type Ruleset, type RulesetOptions, ruleset } from './rule-list.ts'
export { type RuleContext, type RuleScopes, rule } from './rule-text/rule.ts'
export type { Sample, SampleType, SampleTypes } from './sample.ts'
export type {
  BackendView,
  CapturesView,
  Carrier,
  CertificateView,
  ConnectionScope,
  ConnectionView,
  ContentScope,
  ContentView,
  FrontendView,
  LogLevel,
  ProxyHeaderView,
  RequestCarrier,
  RequestScope,
  RequestView,
  ResponseScope,
  ResponseView,
  ServerConnectionView,
  ServerView,
  SocketView,
  Surroundings,
  TimeoutName,
  TlsView,
  TrackedView,
  Variables,
} from './scope.ts'
export { isKnownAt, type Stage } from './stage.ts'
export type { IndexedNumber, TableNumber, TableView } from './tables.ts'
export type { Text } from './text.ts'
export type { AnyType, Converter, Value } from './value.ts'
