export { type AnswerOptions, answer } from './behaviours/answer.ts'
export { type AnswerEarlyOptions, answerEarly } from './behaviours/answer-early.ts'
export {
  type CloseAfterOptions,
  closeAfter,
  type StaleOnReuseOptions,
  staleOnReuse,
} from './behaviours/close-after.ts'
export { echo } from './behaviours/echo.ts'
export type { PartialFraming } from './behaviours/partial.ts'
export { type RawOptions, type RawPart, raw } from './behaviours/raw.ts'
export { type ResetOptions, type ResetPlace, reset } from './behaviours/reset.ts'
export { type SlowReadOptions, slowRead } from './behaviours/slow-read.ts'
export { type StallOptions, type StallPlace, stall } from './behaviours/stall.ts'
export { tcpEcho } from './behaviours/tcp-echo.ts'
export { truncate } from './behaviours/truncate.ts'
export { type UpgradeOptions, upgrade } from './behaviours/upgrade.ts'
export { CountingClock } from './counting-clock.ts'
export { TestingError, type TestingErrorCode } from './errors.ts'
export { type ExpectEventuallyOptions, expectEventually } from './expect-eventually.ts'
export type { Behaviour, Continuation } from './fake-server/behaviour.ts'
export type { FakeConnection } from './fake-server/connection.ts'
export {
  type FakeServer,
  type FakeServerOptions,
  fakeServer,
  type Truthy,
} from './fake-server/fake-server.ts'
export type { FakeRequest } from './fake-server/request.ts'
export { type LeakWatch, leaks, type ResourceSnapshot, resourceDiff, resourceSnapshot } from './leaks.ts'
export {
  type RawClient,
  type RawClientOptions,
  type ReadResponseOptions,
  rawClient,
} from './raw-client/raw-client.ts'
export { get, type RequestOptions, request } from './raw-client/request.ts'
export type { InformationalResponse, RawResponse, ResponseHead } from './raw-client/response.ts'
export { type ScriptedRandomOptions, scriptedRandom } from './scripted-random.ts'
export { type Random, seededRandom } from './seeded-random.ts'
export {
  type Arrival,
  type Arrivals,
  type ArrivalWorld,
  constant,
  poisson,
  type Rate,
  type TraceEntry,
  trace,
} from './simulate/arrivals.ts'
export type {
  BalancerWorld,
  SimulatedBalancer,
  SimulatedMember,
  SimulatedReport,
  SimulatedRequest,
} from './simulate/balancer.ts'
export type { Change } from './simulate/changes.ts'
export { compareSvg, compareText, type NamedResults } from './simulate/comparison.ts'
export type { KeyFigures } from './simulate/key-tracker.ts'
export type { Latency } from './simulate/latency.ts'
export type { KeyOptions } from './simulate/population.ts'
export { type ServerFigures, SimulationResult } from './simulate/result.ts'
export type { SimulatedServer } from './simulate/server-options.ts'
export { exponential, fixed, measured, pareto, type ServiceTime } from './simulate/service-times.ts'
export { simulate } from './simulate/simulate.ts'
export type { SimulateOptions } from './simulate/simulate-options.ts'
export type { Timeline } from './simulate/timeline.ts'
export { testCertificate } from './test-certificate.ts'
export { type Clock, type Timer, VirtualClock } from './virtual-clock.ts'
export type { Framing } from './wire/body-reader.ts'
export type { HeaderList, HeaderPair } from './wire/head.ts'
export { followsPattern, patternBytes, patternPiece } from './wire/pattern.ts'
