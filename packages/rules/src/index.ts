export { type Place, Rule, type RuleAnswer, type Verdict, type Wait } from './action.ts'
export { setDst, setDstPort, setSrc, setSrcPort } from './actions/addresses.ts'
export type { AnswerOptions } from './actions/answer.ts'
export { deny, respond, type TarpitOptions, tarpit } from './actions/answers.ts'
export {
  type CaptureOptions,
  capture,
  earlyHint,
  setLogLevel,
  setTimeouts,
  useBackend,
  useServer,
} from './actions/carried.ts'
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
export { type SetVarCondition, setVar, unsetVar } from './actions/variables.ts'
export { pause, type WaitForBodyOptions, waitForBody } from './actions/waits.ts'
export { all, any, type Condition, not } from './condition.ts'
export { type AclContext, acl, condition } from './conditions/acl.ts'
export type { MatchOptions, Patterns } from './conditions/compare.ts'
export * as match from './conditions/match.ts'
export { lower, upper } from './converters/letters.ts'
export { field, word } from './converters/parts.ts'
export { RuleError } from './errors.ts'
export { expression, expressionAt, type ScopeAt } from './expression/expression.ts'
export type { Names } from './expression/names.ts'
export { dst, dstPort, src, srcPort } from './fetches/connection.ts'
export * as req from './fetches/req.ts'
export {
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
} from './fetches/request-line.ts'
export * as res from './fetches/res.ts'
export type { Head } from './head.ts'
export { EditedHead, type FieldEdits, type Fields, PairFields } from './heads/edited-head.ts'
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
export { type RuleContext, rule, type ScopeOf } from './rule-text/rule.ts'
export type { Sample, SampleType, SampleTypes } from './sample.ts'
export type {
  BackendView,
  Carrier,
  ConnectionScope,
  ConnectionView,
  ContentScope,
  ContentView,
  FrontendView,
  LogLevel,
  RequestCarrier,
  RequestScope,
  RequestView,
  ResponseScope,
  ResponseView,
  ServerView,
  Surroundings,
  TimeoutName,
  TlsView,
  TrackedView,
  Variables,
} from './scope.ts'
export type { Stage } from './stage.ts'
export type { Text } from './text.ts'
export type { AnyType, Converter, Value } from './value.ts'
