export { Rule, type RuleAnswer, type Verdict } from './action.ts'
export { all, any, type Condition, not } from './condition.ts'
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
export { pipe } from './pipe.ts'
export type { Sample, SampleType, SampleTypes } from './sample.ts'
export type {
  BackendView,
  ConnectionScope,
  ConnectionView,
  ContentScope,
  FrontendView,
  RequestScope,
  RequestView,
  ResponseScope,
  ResponseView,
  ServerView,
  Surroundings,
  TlsView,
  TrackedView,
  Variables,
} from './scope.ts'
export type { Stage } from './stage.ts'
export type { AnyType, Converter, Value } from './value.ts'
