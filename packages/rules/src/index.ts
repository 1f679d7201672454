export { Rule, type RuleAnswer, type Verdict } from './action.ts'
export { all, any, type Condition, not } from './condition.ts'
export { RuleError } from './errors.ts'
export type { Head } from './head.ts'
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
export type { Converter, Value } from './value.ts'
